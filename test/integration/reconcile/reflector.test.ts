import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RestClient, Change } from '../../../src/reconcile/index.ts';
import { Store } from '../../../src/reconcile/store/store.ts';
import { Reflector } from '../../../src/reconcile/watch/reflector.ts';
import { targets, type RunningServer } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { eventually } from '../../support/eventually.ts';
import { Proxy } from '../../support/reconcile/proxy.ts';
import { RecordingLog } from '../../support/reconcile/recording-log.ts';
import { clientOf, removeAll, serveTestKinds } from '../../support/reconcile/servers.ts';
import { newWidget, widgetType, type Widget } from '../../support/reconcile/widget.ts';

const ref = (name: string) => ({ namespace: 'default', name });

describe.each(targets)('Reflector with the $name API server and an unreliable network', ({ start }) => {
  let server: RunningServer;
  let direct: RestClient;
  let proxy: Proxy;
  let client: RestClient;
  let store: Store<Widget>;
  let log: RecordingLog;
  let reflector: Reflector<Widget>;
  let changes: string[];

  beforeAll(async () => {
    server = await start();
    direct = await clientOf(server);
    await serveTestKinds(direct);
  });
  beforeEach(async () => {
    proxy = await Proxy.of(server.url);
    client = await clientOf(server, { url: proxy.url, timeoutMs: 1_000, backoff: { baseMs: 10, maxMs: 50 } });
    store = new Store<Widget>();
    log = new RecordingLog();
    changes = [];
    store.subscribe(({ type, object }: Change<Widget>) => changes.push(`${type} ${object.metadata.name}`));
    reflector = new Reflector(client, widgetType, store, {
      pageSize: 3,
      idleTimeoutMs: 600,
      backoff: { baseMs: 10, maxMs: 100 },
      log,
    });
  });
  afterEach(async () => {
    reflector.stop();
    client.close();
    await proxy.close();
    await removeAll(direct);
  });
  afterAll(async () => {
    direct.close();
    await server.stop();
  });

  const create = (name: string): Promise<Widget> => direct.create<Widget>(widgetType, newWidget(name));

  /** Resolves when the store has the same objects and versions as the server. */
  async function synced(): Promise<void> {
    await eventually(async () => {
      const { items } = await direct.list<Widget>(widgetType);
      const there = items.map(({ metadata }) => `${metadata.uid}@${metadata.resourceVersion}`).sort();
      const here = [...store.values()]
        .map(({ metadata }) => `${metadata.uid}@${metadata.resourceVersion}`)
        .sort();
      expect(here).toEqual(there);
      return true;
    });
  }

  it('receives all changes when connections break', async () => {
    for (let i = 0; i < 5; i++) await create(`old${i}`);
    await reflector.start();
    for (let i = 0; i < 20; i++) {
      await create(`w${i}`);
      if (i % 3 === 0) proxy.cut();
      if (i % 4 === 0) await direct.delete(widgetType, ref(`w${i}`));
      if (i % 5 === 0) await direct.patchMerge(widgetType, ref('old1'), { spec: { size: i + 1 } });
    }
    await synced();
    expect(changes.filter((change) => change === 'deleted old1')).toEqual([]);
  });

  it('detects a connection without traffic, and receives the missed changes', async () => {
    await create('a');
    await reflector.start();
    await synced();
    proxy.stall();
    await create('b');
    await direct.delete(widgetType, ref('a'));
    await eventually(() => reflector.state === 'Waiting');
    proxy.resume();
    await synced();
    expect(changes).toEqual(['added a', 'added b', 'deleted a']);
  });

  it('starts when the server becomes reachable, and keeps its objects during an outage', async () => {
    await create('a');
    proxy.refuse();
    let isListed = false;
    void reflector.start().then(() => (isListed = true));
    await eventually(() => reflector.failures >= 3);
    expect(isListed).toBe(false);
    proxy.resume();
    await synced();
    proxy.refuse();
    await eventually(() => reflector.failures >= 3);
    expect(changes).toEqual(['added a']);
    proxy.resume();
    await create('b');
    await synced();
  });

  it('lists again after the history was compacted, and deletes only the objects that do not exist', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create(name);
    await reflector.start();
    await synced();
    const before = store.get('default/b')!.metadata.uid;
    proxy.refuse();
    await eventually(() => reflector.failures >= 1);
    await direct.delete(widgetType, ref('a'));
    await direct.delete(widgetType, ref('b'));
    await create('b');
    await create('f');
    await direct.patchMerge(widgetType, ref('c'), { spec: { size: 9 } });
    await server.compact?.();
    changes.length = 0;
    proxy.resume();
    await synced();
    expect(store.get('default/b')!.metadata.uid).not.toBe(before);
    expect(changes.sort()).toEqual(['added b', 'added f', 'deleted a', 'deleted b', 'updated c']);
  });
});
