import { describe, expect, it } from '@jest/globals';
import { keyOf, type KubeObject } from '../../../src/reconcile/index.ts';
import { externalNetwork, subnet, vpcPeering } from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import {
  conflictsAmong,
  createVpc,
  peer,
  peeringOf,
  project,
  routedTo,
  routesOn,
  settledWith,
} from '../../support/controllers/peered.ts';
import { rowsOf } from '../../support/controllers/rows.ts';
import { randomOf, seeds, shuffled } from '../../support/operator/seeded-random.ts';

/** This number of steps reaches rare states in acceptable time. */
const STEPS = 150;

const gateway = { externalNetworkRef: { name: 'public' } };
const outside = '100.64.1.0/24';

/** The projects, each with the ranges that its VPC can have. The ranges of different projects overlap. */
const ranges: Readonly<Record<string, readonly string[]>> = {
  hub: ['10.0.0.0/16'],
  p: ['10.1.0.0/16', '10.2.0.0/16', '100.64.0.0/16'],
  q: ['10.1.0.0/16', '10.0.0.0/12', '10.1.128.0/17'],
  r: ['10.1.0.0/16', '10.2.0.0/15', '10.0.0.0/16'],
};
const names = Object.keys(ranges);
/** Networks to advertise, to accept and to route to. */
const networks = ['10.1.0.0/16', '10.1.0.0/17', '10.1.5.0/24', '10.2.0.0/16', '10.2.5.0/24', '10.1.128.0/17'];

/** Returns every forbidden pair of routes in the rows of the cluster. */
function conflicts(cluster: OfflineCluster): readonly string[] {
  return [...cluster.writer.written()].flatMap(({ owner, desired }) => {
    if (owner.kind !== 'VPC') return [];
    const hasGateway = desired.rows.some(({ columns }) => columns['ha_chassis_group'] !== undefined);
    const router = desired.rows.find(({ table }) => table === 'Logical_Router');
    const marks = router?.columns['external_ids'] as ReadonlyMap<string, string>;
    const own = [marks.get('overlay-network/cidr')!, ...(hasGateway ? [outside] : [])];
    const found = conflictsAmong(routesOn(cluster, owner.uid), own);
    return found.map((text) => `${owner.namespace}: ${text}`);
  });
}

/** Returns the routes of all VPCPeerings. */
const routesIn = (cluster: OfflineCluster) =>
  [...cluster.stores.VPCPeering.values()]
    .map((each) => [keyOf(each), routedTo(cluster, each.metadata.namespace!, each.spec.peer.namespace)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));

/** Creates the ExternalNetwork and the projects. */
async function projects(): Promise<OfflineCluster> {
  const cluster = new OfflineCluster();
  cluster.apply(
    externalNetwork('public', {
      cidr: outside,
      gateway: '100.64.1.1',
      allocationPools: [{ start: '100.64.1.10', end: '100.64.1.99' }],
    }),
  );
  for (const name of names) project(cluster, name, ranges[name]![0]!);
  await cluster.settle();
  return cluster;
}

/** Fails as soon as a router has two routes to the same addresses. */
function watchConflicts(cluster: OfflineCluster): void {
  const { writer } = cluster;
  const apply = writer.apply.bind(writer);
  writer.apply = async (owner, desired) => {
    const result = await apply(owner, desired).catch((error: unknown) => {
      expect(conflicts(cluster)).toEqual([]);
      throw error;
    });
    if (result.changed) expect(conflicts(cluster)).toEqual([]);
    return result;
  };
}

/** Returns the changes that tenants can make. */
function changesOf(cluster: OfflineCluster, random: () => number): readonly (() => unknown)[] {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const some = (items: readonly string[]) => items.filter(() => random() < 0.5).slice(0, 3);
  const spec = () => {
    const [advertised, accepted] = [some(networks), some(networks)];
    return {
      ...(advertised.length > 0 && random() < 0.5 && { advertisedCIDRs: advertised }),
      ...(accepted.length > 0 && random() < 0.3 && { acceptedCIDRs: accepted }),
    };
  };
  const pair = (): readonly [string, string] => {
    const other = pick(names.slice(1));
    const first = random() < 0.8 ? 'hub' : pick(names.filter((name) => name !== other));
    return random() < 0.5 ? [first, other] : [other, first];
  };
  return [
    () => peer(cluster, ...pair(), spec()),
    () => peer(cluster, ...pair(), spec()),
    () => peer(cluster, ...pair()),
    () => cluster.delete('VPCPeering', pair().join('/to-')),
    () => {
      const name = pick(names.slice(1));
      cluster.delete('VPC', `${name}/net`);
      const net = cluster.get('VPC', `${name}/net`);
      const type = { group: '', version: '', kind: 'VPC', plural: '', namespaced: true };
      if (net !== undefined && random() < 0.5) void cluster.env.finalizers.remove(type, net, '');
      if (cluster.get('VPC', `${name}/net`) === undefined) createVpc(cluster, name, pick(ranges[name]!));
    },
    () => {
      const [from, to] = pair();
      const uid = cluster.get('VPC', `${to}/net`)?.metadata.uid;
      if (uid !== undefined) peer(cluster, from, to, { ...spec(), peer: { vpcUID: uid } });
    },
    () => {
      // The static routes are in effect while this Subnet exists.
      if (random() < 0.5) cluster.apply(subnet('web', { cidr: '10.0.0.0/24' }, 'hub'));
      else cluster.delete('Subnet', 'hub/web');
      const staticRoutes = some(networks).map((destination) => ({ destination, nextHop: '10.0.0.9' }));
      const externalGateway = random() < 0.5 ? { externalGateway: gateway } : {};
      const net = cluster.get('VPC', 'hub/net')!;
      cluster.apply({
        ...net,
        spec: { cidr: '10.0.0.0/16', defaults: 'None', staticRoutes, ...externalGateway },
      } as never);
    },
  ];
}

describe.each(seeds)('the routers of peered VPCs during random changes (seed %d)', (seed) => {
  it('never have two routes to the same addresses, and their final routes depend only on the objects', async () => {
    const random = randomOf(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const cluster = await projects();
    const { writer } = cluster;
    watchConflicts(cluster);
    let connected = 0;
    const actions = [
      ...changesOf(cluster, random),
      () => (writer.down = random() < 0.4),
      () => (writer.losesReplies = random() < 0.5),
      async () => random() < 0.3 && (await cluster.restart()),
    ];
    for (let step = 0; step < STEPS; step++) {
      await pick(actions)();
      if (random() < 0.7) {
        const share = Math.sqrt(random());
        await cluster.reconcileOnce((objects) => shuffled(objects, random).filter(() => random() < share));
      }
      connected += routedTo(cluster, 'hub', pick(names.slice(1))).length;
    }
    writer.down = false;
    await cluster.settle((objects) => shuffled(objects, random));
    expect(connected).toBeGreaterThan(0);
    const kinds = ['Namespace', 'ExternalNetwork', 'VPC', 'Subnet', 'VPCPeering'] as const;
    const objects: readonly KubeObject[] = kinds.flatMap((kind) => [...cluster.stores[kind].values()]);
    const copy = await settledWith(shuffled(objects, random), (all) => shuffled(all, random));
    expect(routesIn(copy)).toEqual(routesIn(cluster));
  });

  it('become final by the wake-ups alone: another reconcile of all objects changes nothing', async () => {
    const random = randomOf(seed);
    const cluster = await projects();
    watchConflicts(cluster);
    const actions = changesOf(cluster, random);
    for (let step = 0; step < STEPS; step++) {
      actions[Math.floor(random() * actions.length)]!();
      if (random() < 0.4) continue;
      await cluster.runQueue((size) => Math.floor(random() * size));
      cluster.writer.applied.length = 0;
      cluster.statusWrites.length = 0;
      await cluster.settle();
      expect([cluster.writer.applied, cluster.statusWrites]).toEqual([[], []]);
    }
  });
});

describe('300 VPCPeerings of one namespace with the same other side', () => {
  it('need a number of reconciles that grows with their number only, and no reconcile reads all of them', async () => {
    const cluster = await projects();
    cluster.reconciles = 0;
    cluster.mostVisits = 0;
    for (let n = 0; n < 300; n++) {
      cluster.apply(vpcPeering(`x${n}`, { peer: { namespace: 'hub' } }, 'p'));
      await cluster.runQueue();
    }
    peer(cluster, 'hub', 'p');
    await cluster.runQueue();
    expect(cluster.ready('VPCPeering', 'hub/to-p')).toBe('Ready');
    for (let n = 0; n < 299; n++) cluster.delete('VPCPeering', `p/x${n}`);
    await cluster.runQueue();
    expect(cluster.ready('VPCPeering', 'p/x299')).toBe('Ready');
    expect(cluster.reconciles).toBeLessThan(300 * 30);
    expect(cluster.mostVisits).toBeLessThan(100);
  });
});

describe('the wake-ups of VPCPeerings', () => {
  it('reach a younger peering when an older one, which is not connected, gives up a claim', async () => {
    const cluster = new OfflineCluster();
    for (const [name, cidr] of [
      ['hub', '10.0.0.0/16'],
      ['older', '10.1.0.0/16'],
      ['younger', '10.1.0.0/16'],
    ] as const)
      project(cluster, name, cidr);
    // The older one is not connected, because it accepts no network of the hub.
    peer(cluster, 'hub', 'older');
    peer(cluster, 'older', 'hub', { acceptedCIDRs: ['10.9.0.0/16'] });
    peer(cluster, 'hub', 'younger');
    peer(cluster, 'younger', 'hub');
    await cluster.runQueue();
    expect(cluster.ready('VPCPeering', 'hub/to-younger')).toMatch(/^!CIDROverlap: /);
    peer(cluster, 'older', 'hub', { acceptedCIDRs: ['10.9.0.0/16'], advertisedCIDRs: ['10.1.1.0/24'] });
    peer(cluster, 'younger', 'hub', { advertisedCIDRs: ['10.1.1.0/24', '10.1.2.0/24'] });
    await cluster.runQueue();
    expect(routedTo(cluster, 'hub', 'younger')).toEqual(['10.1.2.0/24']);
    peer(cluster, 'older', 'hub', { acceptedCIDRs: ['10.9.0.0/16'], advertisedCIDRs: ['10.1.9.0/24'] });
    await cluster.runQueue();
    expect(routedTo(cluster, 'hub', 'younger')).toEqual(['10.1.1.0/24', '10.1.2.0/24']);
    // The policy of the other side follows.
    const policies = rowsOf(cluster, 'VPCPeering', 'to-hub', 'Logical_Router_Policy', 'younger');
    expect(policies[0]?.['match']).toContain('ip4.dst == {10.1.1.0/24, 10.1.2.0/24}');
  });
});

describe('the routes of two peerings of one VPC to the same addresses', () => {
  const hub = async (first: string, second: string): Promise<OfflineCluster> => {
    const cluster = new OfflineCluster();
    project(cluster, 'hub', '10.0.0.0/16');
    project(cluster, 'older', first);
    project(cluster, 'younger', second);
    await cluster.settle();
    return cluster;
  };
  const ready = (cluster: OfflineCluster, from: string, to: string) =>
    cluster.ready('VPCPeering', `${from}/to-${to}`);

  it('belong to the older peering when its other side consents later', async () => {
    const cluster = await hub('10.1.0.0/16', '10.1.0.0/16');
    peer(cluster, 'hub', 'older');
    peer(cluster, 'hub', 'younger');
    peer(cluster, 'younger', 'hub');
    await cluster.settle();
    expect(ready(cluster, 'hub', 'younger')).toBe('Ready');
    peer(cluster, 'older', 'hub');
    await cluster.settle();
    expect(ready(cluster, 'hub', 'older')).toBe('Ready');
    expect(ready(cluster, 'hub', 'younger')).toMatch(/^!CIDROverlap: .*older VPCPeering/);
    expect(ready(cluster, 'younger', 'hub')).toMatch(/^!CIDROverlap: /);
  });

  it.each([
    ['the same network', '10.1.0.0/16'],
    ['a larger network', '10.0.0.0/8'],
    ['a smaller network', '10.1.5.0/24'],
  ])('are refused to the younger peering that advertises %s', async (_what, cidr) => {
    const cluster = await hub(
      '10.1.0.0/16',
      cidr === '10.0.0.0/8' ? '10.1.0.0/15'.replace('10.1', '10.0') : cidr,
    );
    for (const name of ['older', 'younger']) {
      peer(cluster, 'hub', name);
      peer(cluster, name, 'hub');
    }
    await cluster.settle((objects) => objects.toReversed());
    expect(routedTo(cluster, 'hub', 'older')).toEqual(['10.1.0.0/16']);
    expect(routedTo(cluster, 'hub', 'younger')).toEqual([]);
  });

  it('move to the older peering when it advertises more, and the younger peering keeps its other routes', async () => {
    const cluster = await hub('10.1.0.0/16', '10.1.0.0/16');
    peer(cluster, 'hub', 'older');
    peer(cluster, 'older', 'hub', { advertisedCIDRs: ['10.1.1.0/24'] });
    peer(cluster, 'hub', 'younger');
    peer(cluster, 'younger', 'hub', { advertisedCIDRs: ['10.1.2.0/24', '10.1.3.0/24'] });
    await cluster.settle();
    expect(routedTo(cluster, 'hub', 'younger')).toEqual(['10.1.2.0/24', '10.1.3.0/24']);
    peer(cluster, 'older', 'hub', { advertisedCIDRs: ['10.1.1.0/24', '10.1.2.0/24'] });
    await cluster.settle();
    expect(routedTo(cluster, 'hub', 'older')).toEqual(['10.1.1.0/24', '10.1.2.0/24']);
    expect(routedTo(cluster, 'hub', 'younger')).toEqual(['10.1.3.0/24']);
    expect(ready(cluster, 'hub', 'younger')).toBe('Ready');
    expect(peeringOf(cluster, 'hub', 'younger')?.status?.refusedRoutes).toEqual([
      { cidr: '10.1.2.0/24', reason: 'CIDROverlap', message: expect.stringContaining('older VPCPeering') },
    ]);
  });

  it('are refused if they overlap the ExternalNetwork of the VPC, also when the gateway comes later', async () => {
    const cluster = await hub('100.64.0.0/16', '10.2.0.0/16');
    cluster.apply(
      externalNetwork('public', {
        cidr: outside,
        gateway: '100.64.1.1',
        allocationPools: [{ start: '100.64.1.10', end: '100.64.1.99' }],
      }),
    );
    peer(cluster, 'hub', 'older');
    peer(cluster, 'older', 'hub');
    await cluster.settle();
    expect(routedTo(cluster, 'hub', 'older')).toEqual(['100.64.0.0/16']);
    const net = cluster.get('VPC', 'hub/net')!;
    cluster.apply({ ...net, spec: { ...(net.spec as object), externalGateway: gateway } } as never);
    await cluster.settle();
    expect(ready(cluster, 'hub', 'older')).toMatch(/^!CIDROverlap: .*ExternalNetwork/);
    expect(routedTo(cluster, 'hub', 'older')).toEqual([]);
    expect(cluster.ready('VPC', 'hub/net')).toBe('Ready');
  });
});
