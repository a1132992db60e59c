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

describe.each(targets)('following a kind of the $name API server through a bad network', ({ start }) => {
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

  /** Resolves when the store is what the server has, object by object. */
  async function equal(): Promise<void> {
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

  it('misses nothing when connections break in the middle', async () => {
    for (let i = 0; i < 5; i++) await create(`old${i}`);
    await reflector.start();
    for (let i = 0; i < 20; i++) {
      await create(`w${i}`);
      if (i % 3 === 0) proxy.cut();
      if (i % 4 === 0) await direct.delete(widgetType, ref(`w${i}`));
      if (i % 5 === 0) await direct.patchMerge(widgetType, ref('old1'), { spec: { size: i + 1 } });
    }
    await equal();
    expect(changes.filter((change) => change === 'deleted old1')).toEqual([]);
  });

  it('notices a connection that went dark, and catches up', async () => {
    await create('a');
    await reflector.start();
    await equal();
    proxy.goDark();
    await create('b');
    await direct.delete(widgetType, ref('a'));
    await eventually(() => reflector.state === 'Waiting');
    proxy.goOn();
    await equal();
    expect(changes).toEqual(['added a', 'added b', 'deleted a']);
  });

  it('keeps what it has while the server is away, and starts when it comes', async () => {
    await create('a');
    proxy.refuse();
    let isListed = false;
    void reflector.start().then(() => (isListed = true));
    await eventually(() => reflector.failures >= 3);
    expect(isListed).toBe(false);
    proxy.goOn();
    await equal();
    proxy.refuse();
    await eventually(() => reflector.failures >= 3);
    expect(changes).toEqual(['added a']);
    proxy.goOn();
    await create('b');
    await equal();
  });

  it('finds out what happened in a history that is gone, and deletes only what is', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create(name);
    await reflector.start();
    await equal();
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
    proxy.goOn();
    await equal();
    expect(store.get('default/b')!.metadata.uid).not.toBe(before);
    expect(changes.sort()).toEqual(['added b', 'added f', 'deleted a', 'deleted b', 'updated c']);
  });
});
