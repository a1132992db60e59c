import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { API_VERSION, resources } from '../../../src/api/index.ts';
import { monitoredTables } from '../../../src/ovn/model/tables.ts';
import { OvsdbClient, type Row } from '../../../src/ovn/ovsdb/index.ts';
import { keyOf, namespaceType, type KubeObject } from '../../../src/reconcile/index.ts';
import { startEmbedded } from '../../../packages/dev-apiserver/test/support/embedded.ts';
import { conflictsAmong, routedTo, settledWith, type Route } from '../../support/controllers/peered.ts';
import { markOf, managedRows } from '../../support/operator/dump.ts';
import { randomOf, seeds, shuffled } from '../../support/operator/seeded-random.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

/** The ranges overlap: each project has its own organization. */
const ranges = { hub: '10.0.0.0/16', p: '10.1.0.0/16', q: '10.1.0.0/16', r: '10.0.0.0/12' } as const;
type Name = keyof typeof ranges;
const others = ['p', 'q', 'r'] as const;

const vpcOf = (namespace: string, cidr: string, spec: object = {}) => ({
  apiVersion: API_VERSION,
  kind: 'VPC',
  metadata: { namespace, name: 'net' },
  spec: { cidr, defaults: 'None', ...spec },
});
const peeringOf = (namespace: string, to: string, spec: object = {}) => ({
  apiVersion: API_VERSION,
  kind: 'VPCPeering',
  metadata: { namespace, name: `to-${to}` },
  spec: { peer: { namespace: to }, ...spec },
});

describe('VPCPeerings', () => {
  let cluster: TestCluster;
  let observer: OvsdbClient;
  /** Conflicts in any state of the Northbound database. */
  const conflicts = new Set<string>();

  beforeAll(async () => {
    cluster = await TestCluster.start({ start: startEmbedded }, { northd: false });
    observer = new OvsdbClient({
      remotes: cluster.northbound.remote,
      database: 'OVN_Northbound',
      tables: monitoredTables,
    });
    await observer.start();
    observer.replica.subscribe(() => {
      for (const router of observer.replica.rows('Logical_Router'))
        for (const text of conflictsAmong(routesOf(router), [])) conflicts.add(text);
    });
  }, 60_000);
  beforeEach(async () => {
    conflicts.clear();
    await cluster.reset();
    for (const name of Object.keys(ranges))
      await cluster.namespace(name, { 'network.plasmavmc.io/organization': name });
    await cluster.startOperator();
  });
  afterEach(() => expect([...conflicts]).toEqual([]));
  afterAll(async () => {
    await observer.stop();
    await cluster.stop();
  });

  function routesOf(router: Row): readonly Route[] {
    return [...(router['static_routes'] as Iterable<string>)].flatMap((uuid) => {
      const route = observer.replica.get('Logical_Router_Static_Route', uuid);
      const marks = route?.['external_ids'] as ReadonlyMap<string, string> | undefined;
      if (route === undefined || marks === undefined) return [];
      const owner = marks.get('overlay-network/owner') ?? '';
      return [{ owner, uid: marks.get('overlay-network/uid') ?? '', network: route['ip_prefix'] as string }];
    });
  }

  /** Returns the networks in the database to which each VPCPeering routes. */
  async function routed(): Promise<Readonly<Record<string, readonly string[]>>> {
    const found: Record<string, string[]> = {};
    for (const row of managedRows(await cluster.nb.rows())) {
      const [kind, ...key] = markOf(row, 'owner')?.split('/') ?? [];
      if (row.table !== 'Logical_Router_Static_Route' || kind !== 'VPCPeering') continue;
      (found[key.join('/')] ??= []).push(row.columns['ip_prefix'] as string);
    }
    return Object.fromEntries(
      Object.entries(found)
        .map(([key, networks]) => [key, networks.sort()] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  /** Returns the networks to which each VPCPeering must route, from the objects alone. */
  async function wanted(): Promise<Readonly<Record<string, readonly string[]>>> {
    const lists = await Promise.all([
      cluster.client.list<KubeObject>(namespaceType),
      ...(['VPC', 'VPCPeering'] as const).map((kind) => cluster.client.list<KubeObject>(resources[kind])),
    ]);
    const kinds = ['Namespace', 'VPC', 'VPCPeering'];
    const objects = lists.flatMap(({ items }, index) =>
      items.map((item): KubeObject => ({ ...item, kind: kinds[index]! })),
    );
    const copy = await settledWith(objects.filter(({ metadata }) => metadata.name !== 'default'));
    return Object.fromEntries(
      [...copy.stores.VPCPeering.values()]
        .map((each) => {
          const { namespace = '' } = each.metadata;
          return [keyOf(each), routedTo(copy, namespace, each.spec.peer.namespace)] as const;
        })
        .filter(([, networks]) => networks.length > 0)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  it.each(seeds)(
    'whose peers have common addresses never have two routes to them, for any order of changes (seed %d)',
    async (seed) => {
      const random = randomOf(seed);
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
      const advertised = (name: Name): object =>
        name === 'hub' || random() < 0.4
          ? {}
          : { advertisedCIDRs: shuffled(['10.1.0.0/17', '10.1.5.0/24', '10.1.128.0/17'], random).slice(1) };
      const pairs = others.flatMap((name): [Name, Name][] => [
        ['hub', name],
        [name, 'hub'],
      ]);
      await cluster.apply(
        ...shuffled(
          [
            ...Object.entries(ranges).map(([name, cidr]) => vpcOf(name, cidr)),
            ...pairs.map(([from, to]) => peeringOf(from, to, advertised(from))),
          ],
          random,
        ),
      );
      for (let step = 0; step < 25; step++) {
        const [from, to] = pick(pairs);
        const destination = pick(['10.1.0.0/16', '10.1.5.0/24', '10.9.0.0/16']);
        const action = random();
        if (action < 0.3) await cluster.delete('VPCPeering', `${from}/to-${to}`);
        else if (action < 0.85) {
          await cluster.delete('VPCPeering', action < 0.6 ? `${from}/to-${to}` : 'hub/none');
          await cluster.apply(peeringOf(from, to, advertised(from)));
        } else {
          const staticRoutes = [{ destination, nextHop: '10.0.0.9' }];
          await cluster.edit('VPC', 'hub/net', { spec: { staticRoutes } });
        }
        if (random() < 0.2)
          await cluster.eventually(async () => expect(await routed()).toEqual(await wanted()));
      }
      await cluster.eventually(async () => expect(await routed()).toEqual(await wanted()));
    },
    120_000,
  );

  it('do not connect a VPC that was created again while no operator ran and the status was lost', async () => {
    await cluster.apply(
      vpcOf('hub', ranges.hub),
      vpcOf('p', ranges.p),
      peeringOf('hub', 'p'),
      peeringOf('p', 'hub'),
    );
    await cluster.ready();
    expect(await routed()).toEqual({ 'hub/to-p': [ranges.p], 'p/to-hub': [ranges.hub] });
    await cluster.stopOperators();
    await cluster.delete('VPCPeering', 'p/to-hub');
    await cluster.delete('VPC', 'p/net');
    await cluster.edit('VPC', 'p/net', { metadata: { finalizers: null } });
    await cluster.client.patchMerge(
      resources.VPCPeering,
      { namespace: 'hub', name: 'to-p' },
      { status: null },
      { subresource: 'status' },
    );
    await cluster.apply(vpcOf('p', '100.64.0.0/16'), peeringOf('p', 'hub'));
    await cluster.startOperator();
    await cluster.reason('VPCPeering', 'p/to-hub', 'Ready', 'PendingPeer');
    const { message } = await cluster.reason('VPCPeering', 'hub/to-p', 'Ready', 'ConsentRequired');
    expect(await routed()).toEqual({});
    const { uid } = (await cluster.get('VPC', 'p/net')).metadata;
    expect(message).toContain(uid);
    await cluster.edit('VPCPeering', 'hub/to-p', { spec: { peer: { vpcUID: uid } } });
    await cluster.ready();
    expect(await routed()).toEqual({ 'hub/to-p': ['100.64.0.0/16'], 'p/to-hub': [ranges.hub] });
  }, 60_000);
});
