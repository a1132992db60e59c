import { beforeEach, describe, expect, it } from '@jest/globals';
import { mustParseCidr } from '../../../src/api/index.ts';
import { Pools } from '../../../src/controllers/pools/pools.ts';
import { rebuildPools } from '../../../src/controllers/upkeep/rebuild.ts';
import { namespace, subnet, vpc, vpcPeering } from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { rowsOf } from '../../support/controllers/rows.ts';
import { takeAll } from '../../support/reconcile/steps.ts';

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
  for (const [name, cidr] of [
    ['a', '10.1.0.0/16'],
    ['b', '10.2.0.0/16'],
    ['c', '10.3.0.0/16'],
  ] as const) {
    cluster.apply(namespace(name));
    cluster.apply(vpc('net', { cidr, defaults: 'None' }, name));
  }
});

const peering = (from: string, to: string, spec: object = {}, name = `to-${to}`) =>
  vpcPeering(name, { peer: { namespace: to }, ...spec }, from);
const ready = (from: string, to: string) => cluster.ready('VPCPeering', `${from}/to-${to}`);
const rows = (from: string, to: string, table: string) =>
  rowsOf(cluster, 'VPCPeering', `to-${to}`, table, from);

/** The rows of VPCPeerings in routers. The record of a consent is in no router. */
const connections = () =>
  [...cluster.writer.states.values()].flatMap(({ owner, desired }) =>
    owner.kind === 'VPCPeering' ? desired.memberships.map(({ column }) => column) : [],
  );

describe('a VPCPeering', () => {
  it('of one side only has no rows, and does not reveal whether the other namespace exists', async () => {
    cluster.apply(peering('a', 'b'));
    cluster.apply(peering('a', 'nowhere'));
    await cluster.settle();
    expect(ready('a', 'b')).toBe(
      '!PendingPeer: The namespace "b" has no VPCPeering that names this VPC; ' +
        'ask the owner of the namespace to create it.',
    );
    expect(ready('a', 'nowhere').replace('nowhere', 'b')).toBe(ready('a', 'b'));
    expect(rows('a', 'b', 'Logical_Router_Port')).toEqual([]);
    expect(cluster.get('VPCPeering', 'a/to-b')?.status).not.toHaveProperty('peerVPC');
  });

  it('of both sides connects the routers in both directions, and drops traffic of networks that are not advertised', async () => {
    cluster.apply(peering('a', 'b', { advertisedCIDRs: ['10.1.5.0/24', '10.1.6.0/24'] }));
    cluster.apply(peering('b', 'a', { peer: { namespace: 'a', name: 'net' } }));
    await cluster.settle();
    expect([ready('a', 'b'), ready('b', 'a')]).toEqual(['Ready', 'Ready']);
    expect(cluster.get('VPCPeering', 'a/to-b')?.status).toMatchObject({
      peerVPC: 'b/net',
      linkCIDR: '169.254.0.4/30',
    });
    expect(cluster.get('VPCPeering', 'b/to-a')?.status).toMatchObject({ linkCIDR: '169.254.0.4/30' });
    const [a] = rows('a', 'b', 'Logical_Router_Port');
    const [b] = rows('b', 'a', 'Logical_Router_Port');
    expect([a?.['peer'], b?.['peer']]).toEqual([[b?.['name']], [a?.['name']]]);
    const addresses = [a, b].map((port) => (port?.['networks'] as string[])[0]?.split('/')[0]);
    expect(addresses.toSorted()).toEqual(['169.254.0.5', '169.254.0.6']);
    expect(rows('a', 'b', 'Logical_Router_Static_Route')).toEqual([
      expect.objectContaining({ ip_prefix: '10.2.0.0/16', nexthop: addresses[1] }),
    ]);
    expect(rows('b', 'a', 'Logical_Router_Static_Route')).toEqual([
      expect.objectContaining({ ip_prefix: '10.1.5.0/24', nexthop: addresses[0] }),
      expect.objectContaining({ ip_prefix: '10.1.6.0/24', nexthop: addresses[0] }),
    ]);
    expect(rows('b', 'a', 'Logical_Router_Policy')).toEqual([
      {
        action: 'drop',
        priority: 2000,
        match: `inport == "${b?.['name'] as string}" && ip4 && (!(ip4.src == {10.1.5.0/24, 10.1.6.0/24}) || !(ip4.dst == 10.2.0.0/16))`,
      },
    ]);
  });

  it.each(['a/to-b', 'b/to-a'])('ends with the deletion of %s', async (key) => {
    cluster.apply(peering('a', 'b'));
    cluster.apply(peering('b', 'a'));
    await cluster.settle();
    cluster.delete('VPCPeering', key);
    await cluster.settle();
    expect(connections()).toEqual([]);
    expect(cluster.env.pools.links.allocate('x', 'y')).toEqual(mustParseCidr('169.254.0.4/30'));
  });

  it('waits while its peer names a VPC other than the existing one', async () => {
    cluster.apply(peering('a', 'b', { peer: { namespace: 'b', name: 'other' } }));
    cluster.apply(peering('b', 'a'));
    await cluster.settle();
    expect(ready('a', 'b')).toMatch(/^!PendingPeer/);
    expect(ready('b', 'a')).toMatch(/^!PendingPeer/);
  });

  it.each<[string, object, RegExp]>([
    ['its own namespace as peer', { peer: { namespace: 'a' } }, /^!InvalidSpec: /],
    ['an advertised network outside its VPC', { advertisedCIDRs: ['10.2.0.0/24'] }, /^!AddressOutsideVPC: /],
    ['a missing VPC', { vpcRef: { name: 'x' } }, /^!VPCNotFound: .*"x"/],
  ])('is not accepted with %s', async (_what, spec, message) => {
    cluster.apply(peering('a', 'b', spec));
    cluster.apply(peering('b', 'a'));
    await cluster.settle();
    expect(ready('a', 'b')).toMatch(message);
    expect(ready('b', 'a')).toMatch(/^!PendingPeer/);
  });

  it('is not accepted while an older peering names the same namespace', async () => {
    cluster.apply(peering('a', 'b'));
    cluster.apply(peering('a', 'b', {}, 'again'));
    cluster.apply(peering('b', 'a'));
    await cluster.settle((objects) => objects.toReversed());
    expect(ready('a', 'b')).toBe('Ready');
    expect(cluster.ready('VPCPeering', 'a/again')).toMatch(/^!PeeringConflict: .*"to-b"/);
    cluster.delete('VPCPeering', 'a/to-b');
    await cluster.settle();
    expect(cluster.ready('VPCPeering', 'a/again')).toBe('Ready');
  });

  it('does not connect VPCs with overlapping ranges', async () => {
    cluster.apply(namespace('other', { 'network.plasmavmc.io/organization': 'other' }));
    cluster.apply(vpc('net', { cidr: '10.1.0.0/16', defaults: 'None' }, 'other'));
    cluster.apply(peering('a', 'other'));
    cluster.apply(peering('other', 'a'));
    await cluster.settle();
    expect(ready('a', 'other')).toMatch(/^!CIDROverlap: CIDR_OVERLAP: .*10\.1\.0\.0\/16/);
    expect(ready('other', 'a')).toMatch(/^!CIDROverlap/);
  });

  it('does not connect addresses of an older peering until that peering is deleted', async () => {
    cluster.apply(namespace('other', { 'network.plasmavmc.io/organization': 'other' }));
    cluster.apply(vpc('net', { cidr: '10.2.0.0/16', defaults: 'None' }, 'other'));
    for (const to of ['b', 'other']) {
      cluster.apply(peering('a', to));
      cluster.apply(peering(to, 'a'));
    }
    await cluster.settle((objects) => objects.toReversed());
    expect([ready('a', 'b'), ready('b', 'a')]).toEqual(['Ready', 'Ready']);
    expect(ready('a', 'other')).toMatch(/^!CIDROverlap/);
    expect(ready('other', 'a')).toMatch(/^!CIDROverlap/);
    cluster.delete('VPCPeering', 'b/to-a');
    await cluster.settle();
    expect([ready('a', 'other'), ready('other', 'a')]).toEqual(['Ready', 'Ready']);
  });

  it('waits while either VPC has a static route to an advertised network of the other side', async () => {
    const withRoutes = (...destinations: string[]) =>
      vpc(
        'net',
        {
          cidr: '10.1.0.0/16',
          defaults: 'None',
          staticRoutes: destinations.map((destination) => ({ destination, nextHop: '10.1.0.9' })),
        },
        'a',
      );
    // A wider or narrower network is not a conflict, because the longest prefix has precedence.
    cluster.apply(withRoutes('10.2.0.0/15', '10.2.3.0/24'));
    cluster.apply(subnet('web', { cidr: '10.1.0.0/24' }, 'a'));
    cluster.apply(peering('a', 'b'));
    cluster.apply(peering('b', 'a'));
    await cluster.settle();
    expect([ready('a', 'b'), ready('b', 'a')]).toEqual(['Ready', 'Ready']);
    cluster.apply(withRoutes('10.2.0.0/16'));
    await cluster.settle();
    expect(ready('a', 'b')).toMatch(/^!RouteConflict: The VPC already has a static route to 10\.2\.0\.0\/16/);
    expect(ready('b', 'a')).toMatch(/^!RouteConflict: The other side already has a static route/);
    expect(connections()).toEqual([]);
    expect(rowsOf(cluster, 'VPC', 'net', 'Logical_Router_Static_Route', 'a')).toEqual([
      expect.objectContaining({ ip_prefix: '10.2.0.0/16', nexthop: '10.1.0.9' }),
    ]);
    cluster.apply(withRoutes());
    await cluster.settle();
    expect([ready('a', 'b'), ready('b', 'a')]).toEqual(['Ready', 'Ready']);
  });

  it('does not wait for a static route that is not in effect, and gives way when the route is in effect', async () => {
    const staticRoutes = [{ destination: '10.2.0.0/16', nextHop: '10.1.0.9' }];
    cluster.apply(vpc('net', { cidr: '10.1.0.0/16', defaults: 'None', staticRoutes }, 'a'));
    cluster.apply(peering('a', 'b'));
    cluster.apply(peering('b', 'a'));
    await cluster.runQueue();
    expect([ready('a', 'b'), ready('b', 'a')]).toEqual(['Ready', 'Ready']);
    cluster.apply(subnet('web', { cidr: '10.1.0.0/24' }, 'a'));
    await cluster.runQueue();
    expect(ready('a', 'b')).toMatch(/^!RouteConflict: /);
    expect(rowsOf(cluster, 'VPC', 'net', 'Logical_Router_Static_Route', 'a')).toHaveLength(1);
    cluster.delete('Subnet', 'a/web');
    await cluster.runQueue();
    expect([ready('a', 'b'), ready('b', 'a')]).toEqual(['Ready', 'Ready']);
    expect(rowsOf(cluster, 'VPC', 'net', 'Logical_Router_Static_Route', 'a')).toEqual([]);
  });

  it('prevents the deletion of its own VPC, and not of the other VPC', async () => {
    cluster.apply(peering('a', 'b'));
    await cluster.settle();
    cluster.delete('VPC', 'a/net');
    cluster.delete('VPC', 'b/net');
    await cluster.settle();
    expect(cluster.ready('VPC', 'a/net')).toMatch(/^!InUse: .*VPCPeering to-b/);
    expect(cluster.get('VPC', 'b/net')).toBeUndefined();
  });

  it('has a unique link network, which is the same after a rebuild of the pools', async () => {
    for (const [from, to] of [
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'c'],
    ] as const) {
      cluster.apply(peering(from, to));
      cluster.apply(peering(to, from));
    }
    await cluster.settle();
    const linkOf = (key: string) => (cluster.get('VPCPeering', key)?.status as { linkCIDR: string }).linkCIDR;
    const links = ['a/to-b', 'a/to-c', 'b/to-c'].map(linkOf);
    expect(new Set(links).size).toBe(3);
    for (const forgotten of ['statuses', 'rows']) {
      const pools = new Pools(cluster.env.settings, () => undefined);
      if (forgotten === 'rows') cluster.writer.states.clear();
      expect(takeAll(rebuildPools({ ...cluster.env, pools }))).toEqual([]);
      const uid = (key: string) => cluster.get('VPCPeering', key)!.metadata.uid;
      expect(pools.links.allocate(uid('b/to-c'), uid('c/to-b'))).toEqual(mustParseCidr(links[2]!));
      expect(pools.links.allocate('x', 'y')).toEqual(mustParseCidr('169.254.0.16/30'));
    }
  });

  it.each(['10.2.0.0/30', '169.254.169.252/30'])(
    'does not take the link network %s from a status that a tenant edited',
    async (linkCIDR) => {
      cluster.apply(peering('a', 'b'));
      cluster.apply(peering('b', 'a'));
      await cluster.settle();
      const { status } = cluster.get('VPCPeering', 'a/to-b')!;
      const type = { group: '', version: '', kind: 'VPCPeering', plural: '', namespaced: true };
      await cluster.env.status.write(type, cluster.get('VPCPeering', 'a/to-b')!, {
        ...(status as object),
        linkCIDR,
      });
      cluster.writer.states.clear();
      const pools = new Pools(cluster.env.settings, () => undefined);
      takeAll(rebuildPools({ ...cluster.env, pools }));
      const [a, b] = ['a/to-b', 'b/to-a'].map((key) => cluster.get('VPCPeering', key)!.metadata.uid);
      expect(pools.links.allocate(a!, b!)).toEqual(mustParseCidr('169.254.0.4/30'));
    },
  );

  it('never gets the link network that contains the address of the metadata service', () => {
    const links = Array.from({ length: 16_382 }, (_, index) =>
      cluster.env.pools.links.allocate(`x${index}`, `y${index}`),
    );
    expect(links).not.toContainEqual(mustParseCidr('169.254.169.252/30'));
    expect(links).not.toContain('exhausted');
    expect(cluster.env.pools.links.allocate('x', 'y')).toBe('exhausted');
  });
});
