import { describe, expect, it } from '@jest/globals';
import {
  BoundClient,
  namespaceType,
  type KubeClient,
  type WatchEvent,
} from '../../../../src/reconcile/index.ts';
import { FakeCluster } from '../../../support/reconcile/fake-cluster.ts';
import { settle } from '../../../support/reconcile/fake-clock.ts';
import { newWidget, widgetType, type Widget } from '../../../support/reconcile/widget.ts';

const ref = (name: string) => ({ namespace: 'default', name });

/** An address that first leads to the first cluster, and a client of the address. */
async function setUp() {
  const clusters = { first: new FakeCluster(), second: new FakeCluster() };
  // The second cluster has more namespaces, so that its UIDs are different.
  await clusters.second.create(namespaceType, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'a' },
  });
  for (const cluster of Object.values(clusters)) {
    const metadata = { name: 'kube-system' };
    await cluster.create(namespaceType, { apiVersion: 'v1', kind: 'Namespace', metadata });
  }
  await clusters.first.create(widgetType, newWidget('only-in-first'));
  const address = { leadsTo: clusters.first };
  const current = new Proxy({} as KubeClient, {
    get: (_, member: keyof KubeClient) => {
      const cluster: KubeClient = address.leadsTo;
      return cluster[member].bind(cluster);
    },
  });
  const others: string[] = [];
  const client = new BoundClient(current, ({ code }) => others.push(code));
  return { ...clusters, address, client, others };
}

describe('BoundClient', () => {
  it('passes answers of the cluster that answered first', async () => {
    const { client, others } = await setUp();
    expect((await client.list(widgetType)).items).toHaveLength(1);
    await expect(client.get(widgetType, ref('only-in-first'))).resolves.toBeDefined();
    await expect(client.get(widgetType, ref('absent'))).rejects.toMatchObject({ code: 404 });
    expect(others).toEqual([]);
  });

  it.each<[string, (client: BoundClient) => Promise<unknown>]>([
    ['a list', (client) => client.list(widgetType)],
    ['an object', (client) => client.get(namespaceType, { name: 'a' })],
    ['that an object does not exist', (client) => client.get(widgetType, ref('only-in-first'))],
  ])('does not believe %s from another cluster', async (_, ask) => {
    const { client, address, second, others } = await setUp();
    await client.identify();
    address.leadsTo = second;
    await expect(ask(client)).rejects.toMatchObject({ code: 'OTHER_CLUSTER' });
    expect(others).toEqual(['OTHER_CLUSTER']);
  });

  it('does not believe a list if the identity cannot be read', async () => {
    const { client, first } = await setUp();
    await client.identify();
    first.failing = (call) => (call.startsWith('get namespaces') ? new Error('no answer') : undefined);
    await expect(client.list(widgetType)).rejects.toThrow('no answer');
  });

  it('reads the identity after the answer, once for answers that arrive together', async () => {
    const { client, first } = await setUp();
    await client.identify();
    first.calls.length = 0;
    await Promise.all(Array.from({ length: 20 }, () => client.list(widgetType)));
    const reads = first.calls.filter((call) => call === 'get namespaces kube-system');
    expect(reads.length).toBeLessThanOrEqual(2);
    expect(first.calls.at(-1)).toBe('get namespaces kube-system');
  });

  it('reads the identity on a connection of its own', async () => {
    const options: unknown[] = [];
    const { first } = await setUp();
    const client = new BoundClient(
      new Proxy(first, {
        get: (target, member: keyof KubeClient) =>
          member === 'get'
            ? (type: typeof namespaceType, object: { name: string }, given: unknown) => {
                options.push(given);
                return target.get(type, object);
              }
            : target[member].bind(target),
      }),
      () => undefined,
    );
    await client.list(widgetType);
    expect(options.length).toBeGreaterThan(0);
    for (const each of options) expect(each).toMatchObject({ hasOwnConnection: true });
  });

  const watch = (client: BoundClient, received: WatchEvent<Widget>[]) =>
    client.watch<Widget>(
      widgetType,
      { resourceVersion: '1', timeoutSeconds: 60, idleTimeoutMs: 60_000 },
      (event) => received.push(event),
    );

  it('passes the events of a watch of the first cluster, in order', async () => {
    const { client, first } = await setUp();
    const received: WatchEvent<Widget>[] = [];
    void watch(client, received);
    await settle();
    await first.create(widgetType, newWidget('late'));
    await settle();
    expect(received.map(({ object }) => (object as Widget).metadata.name)).toEqual(['only-in-first', 'late']);
  });

  it('passes no event of a watch of another cluster, and ends the watch', async () => {
    const { client, address, second, others } = await setUp();
    await client.identify();
    await second.create(widgetType, newWidget('only-in-first'));
    address.leadsTo = second;
    const received: WatchEvent<Widget>[] = [];
    await expect(watch(client, received)).rejects.toMatchObject({ code: 'OTHER_CLUSTER' });
    expect(received).toEqual([]);
    expect(others).not.toEqual([]);
  });
});
