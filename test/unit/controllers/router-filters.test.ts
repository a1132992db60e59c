import { beforeEach, describe, expect, it } from '@jest/globals';
import { rebuildPools } from '../../../src/controllers/upkeep/rebuild.ts';
import { Pools } from '../../../src/controllers/pools/pools.ts';
import {
  externalNetwork,
  namespace,
  portIn,
  projectPolicy,
  subnet,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { rowsOf } from '../../support/controllers/rows.ts';
import { takeAll } from '../../support/reconcile/steps.ts';

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
  for (const name of ['default', 'other'])
    cluster.apply(namespace(name, { 'network.plasmavmc.io/organization': name }));
});

const matches = (kind: string, name: string, table: string, ns = 'default') =>
  rowsOf(cluster, kind, name, table, ns).map(({ match, action }) => `${String(action)} ${String(match)}`);

/** Returns a VPC with the gateway `public` and without SNAT. */
const routedVpc = (ns: string, cidr = '10.9.0.0/16', spec: object = {}) =>
  vpc(
    'net',
    {
      cidr,
      defaults: 'None',
      externalGateway: { externalNetworkRef: { name: 'public' }, snat: 'Disabled' },
      ...spec,
    },
    ns,
  );

describe('the router of a VPC', () => {
  const admitted = () =>
    matches('Subnet', 'apps', 'Logical_Router_Policy').find((text) => text.startsWith('allow'));

  beforeEach(() => {
    cluster.apply(subnet('apps', { cidr: '10.9.1.0/24' }));
  });

  it('accepts from a Subnet its own addresses, and drops all others', async () => {
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
    await cluster.settle();
    expect(admitted()).toMatch(/ && \(ip4\.src == 10\.9\.1\.0\/24 \|\| ip4\.dst == 10\.9\.1\.0\/24\)$/);
    expect(matches('Subnet', 'apps', 'Logical_Router_Policy')).toContainEqual(
      expect.stringMatching(/^drop inport == "on_.*_gateway" && ip$/),
    );
  });

  it('accepts networks behind static routes through the Subnet, except addresses of the VPC', async () => {
    cluster.apply(
      vpc('net', {
        cidr: '10.9.0.0/16',
        defaults: 'None',
        staticRoutes: [
          { destination: '10.8.0.0/15', nextHop: '10.9.1.9' },
          { destination: '192.168.0.0/16', nextHop: '10.9.2.9' },
        ],
      }),
    );
    await cluster.settle();
    expect(admitted()).toContain('ip4.src == {10.8.0.0/16, 10.9.1.0/24}');
  });

  it('accepts the additional addresses of a Port from its Subnet, except addresses of the VPC', async () => {
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
    cluster.apply(portIn('apps', 'a', { allowedAddresses: [{ cidr: '192.168.7.0/24' }] }));
    cluster.apply(portIn('apps', 'b'));
    await cluster.settle();
    expect(matches('Port', 'a', 'Logical_Router_Policy')).toEqual([
      expect.stringMatching(/^allow inport == "on_.*_gateway" && ip4\.src == 192\.168\.7\.0\/24$/),
    ]);
    expect(matches('Port', 'b', 'Logical_Router_Policy')).toEqual([]);
  });

  it('has no filter for a Subnet without a gateway', async () => {
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
    cluster.apply(subnet('closed', { cidr: '10.9.2.0/24', gateway: { mode: 'None' } }));
    await cluster.settle();
    expect(matches('Subnet', 'closed', 'Logical_Router_Policy')).toEqual([]);
  });

  it('does not use routes into its own networks, or through addresses of other tenants', async () => {
    cluster.apply(externalNetwork('public'));
    cluster.apply(
      routedVpc('default', '10.9.0.0/16', {
        staticRoutes: [
          { destination: '10.9.1.0/25', nextHop: '10.9.1.9' },
          { destination: '203.0.113.150/32', nextHop: '10.9.1.9' },
          { destination: '10.70.0.0/16', nextHop: '203.0.113.101' },
          { destination: '10.71.0.0/16', nextHop: '203.0.113.1' },
          { destination: '10.72.0.0/16', nextHop: '203.0.113.20' },
          { destination: '10.0.0.0/8', nextHop: '10.9.1.9' },
        ],
      }),
    );
    await cluster.settle();
    const routes = rowsOf(cluster, 'VPC', 'net', 'Logical_Router_Static_Route').map(
      ({ ip_prefix }) => ip_prefix,
    );
    expect(routes.sort()).toEqual(['0.0.0.0/0', '10.0.0.0/8', '10.71.0.0/16', '10.72.0.0/16']);
    expect(cluster.ready('VPC', 'default/net')).toBe('Ready');
    const message = cluster.condition('RoutesResolved', 'VPC', 'default/net');
    expect(message).toMatch(/^!?RouteRefused: The router does not use the static routes 10\.9\.1\.0\/25 via/);
    for (const destination of ['203.0.113.150/32', '10.70.0.0/16']) expect(message).toContain(destination);
    for (const destination of ['10.71.0.0/16', '10.72.0.0/16']) expect(message).not.toContain(destination);
  });
});

describe('a next hop of a static route', () => {
  const routes = () =>
    rowsOf(cluster, 'VPC', 'net', 'Logical_Router_Static_Route').map(({ nexthop }) => nexthop);

  it.each([
    ['169.254.0.2', 'a link-local address'],
    ['169.254.255.1', 'a link-local address'],
    ['10.9.1.1', 'the gateway, network or broadcast address of a Subnet'],
    ['10.9.1.0', 'the gateway, network or broadcast address of a Subnet'],
    ['10.9.1.255', 'the gateway, network or broadcast address of a Subnet'],
    ['203.0.113.101', 'the address of the router itself'],
  ])('is not %s, because this is %s', async (nextHop, because) => {
    cluster.apply(externalNetwork('public'));
    cluster.apply(subnet('apps', { cidr: '10.9.1.0/24' }));
    const staticRoutes = [{ destination: '172.20.0.0/16', nextHop }];
    cluster.apply(routedVpc('default', '10.9.0.0/16', { staticRoutes }));
    await cluster.settle();
    expect(routes()).toEqual(['203.0.113.1']);
    expect(cluster.condition('RoutesResolved', 'VPC', 'default/net')).toContain(`the next hop is ${because}`);
    expect(matches('Subnet', 'apps', 'Logical_Router_Policy').join()).not.toContain('172.20.0.0/16');
  });

  it('becomes valid when the Subnet gets another gateway', async () => {
    const staticRoutes = [{ destination: '172.20.0.0/16', nextHop: '10.9.1.1' }];
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None', staticRoutes }));
    cluster.apply(subnet('apps', { cidr: '10.9.1.0/24' }));
    await cluster.runQueue();
    expect(routes()).toEqual([]);
    cluster.apply(
      subnet('apps', { cidr: '10.9.1.0/24', gateway: { mode: 'Address', address: '10.9.1.254' } }),
    );
    await cluster.runQueue();
    expect(routes()).toEqual(['10.9.1.1']);
    expect(matches('Subnet', 'apps', 'Logical_Router_Policy').join()).toContain('172.20.0.0/16');
  });
});

describe('a VPC', () => {
  it('carries nobody from its ExternalNetwork to its peers and static routes', async () => {
    cluster.apply(externalNetwork('public'));
    cluster.apply(routedVpc('default'));
    await cluster.settle();
    expect(matches('VPC', 'net', 'Logical_Router_Policy')).toContainEqual(
      expect.stringMatching(
        /^allow .* && \(ip4\.dst == \{10\.9\.0\.0\/16, 203\.0\.113\.0\/24\} \|\| ip4\.src == 203\.0\.113\.101\)$/,
      ),
    );
  });

  it.each(['203.0.113.0/24', '203.0.0.0/16', '203.0.113.128/25'])(
    'with the range %s has no gateway on an ExternalNetwork whose range overlaps',
    async (cidr) => {
      cluster.apply(projectPolicy('all', { vpcRanges: ['203.0.0.0/16'] }));
      cluster.apply(externalNetwork('public'));
      cluster.apply(routedVpc('default', cidr));
      await cluster.settle();
      expect(cluster.ready('VPC', 'default/net')).toMatch(
        /^!CIDROverlap: CIDR_OVERLAP: The range .* of the VPC overlaps the range 203\.0\.113\.0\/24 of the ExternalNetwork "public"/,
      );
      expect(rowsOf(cluster, 'VPC', 'net', 'Logical_Router_Port')).toEqual([]);
    },
  );

  describe('without SNAT', () => {
    const reason = (ns: string) => cluster.condition('RangeRouted', 'VPC', `${ns}/net`);
    const leaves = (ns: string) =>
      !matches('VPC', 'net', 'ACL', ns).some((text) => /^drop inport == "on_.*_external_switch"/.test(text));

    it('sends its own addresses only to an ExternalNetwork that declares its range', async () => {
      cluster.apply(externalNetwork('public', { routedRanges: ['10.8.0.0/16'] }));
      cluster.apply(routedVpc('default'));
      await cluster.settle();
      expect([reason('default'), leaves('default')]).toEqual([
        expect.stringContaining('RangeNotDeclared'),
        false,
      ]);
      cluster.apply(externalNetwork('public', { routedRanges: ['10.8.0.0/15'] }));
      await cluster.settle();
      expect([reason('default'), leaves('default')]).toEqual(['RangeRouted', true]);
      cluster.apply(externalNetwork('public'));
      await cluster.settle();
      expect(leaves('default')).toBe(false);
    });

    it('shares its range on the ExternalNetwork with no other VPC, and takes over a free range', async () => {
      cluster.apply(externalNetwork('public', { routedRanges: ['10.0.0.0/8'] }));
      cluster.apply(routedVpc('default'));
      await cluster.settle();
      cluster.apply(routedVpc('other', '10.9.128.0/17'));
      await cluster.settle();
      expect([reason('default'), leaves('default')]).toEqual(['RangeRouted', true]);
      expect([reason('other'), leaves('other')]).toEqual([
        expect.stringContaining('RangeAlreadyRouted'),
        false,
      ]);
      cluster.delete('VPC', 'default/net');
      await cluster.settle();
      expect([reason('other'), leaves('other')]).toEqual(['RangeRouted', true]);
    });

    it('has the same range on the ExternalNetwork after a restart', async () => {
      cluster.apply(externalNetwork('public', { routedRanges: ['10.0.0.0/8'] }));
      cluster.apply(routedVpc('other'));
      await cluster.settle();
      cluster.apply(routedVpc('default'));
      await cluster.settle();
      const pools = new Pools(cluster.env.settings, () => undefined);
      takeAll(rebuildPools({ ...cluster.env, pools }));
      const networkUid = cluster.get('ExternalNetwork', 'public')!.metadata.uid;
      const range = { family: 4, base: 0x0a090000n, prefix: 16 } as const;
      expect(pools.routed.claim(networkUid, cluster.get('VPC', 'default/net')!.metadata.uid, range)).toBe(
        false,
      );
      expect(pools.routed.claim(networkUid, cluster.get('VPC', 'other/net')!.metadata.uid, range)).toBe(true);
    });
  });
});

describe('the rows of a VPC without an object', () => {
  it('hold their range on the ExternalNetwork until they are removed', async () => {
    cluster.apply(externalNetwork('public', { routedRanges: ['10.0.0.0/8'] }));
    cluster.apply(routedVpc('default'));
    await cluster.settle();
    const { uid } = cluster.get('VPC', 'default/net')!.metadata;
    cluster.forceDelete('VPC', 'default/net');
    const pools = new Pools(cluster.env.settings, () => undefined);
    takeAll(rebuildPools({ ...cluster.env, pools }));
    const networkUid = cluster.get('ExternalNetwork', 'public')!.metadata.uid;
    const range = { family: 4, base: 0x0a090000n, prefix: 16 } as const;
    expect(pools.routed.claim(networkUid, 'another', range)).toBe(false);
    pools.routed.release(uid);
    expect(pools.routed.claim(networkUid, 'another', range)).toBe(true);
  });
});

describe('an ExternalNetwork', () => {
  const undeclared = () =>
    matches('ExternalNetwork', 'public', 'ACL', '').filter((each) => each.includes('ip4.src'));

  it('drops private sources that it does not declare', async () => {
    cluster.apply(externalNetwork('public'));
    await cluster.settle();
    expect(undeclared()).toEqual([
      'drop ip4.src == {10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16}',
    ]);
  });

  it('accepts its own range, routed ranges and declared private sources', async () => {
    cluster.apply(
      externalNetwork('public', {
        cidr: '10.0.0.0/9',
        gateway: '10.0.0.1',
        allocationPools: [{ start: '10.0.0.2', end: '10.0.0.9' }],
        routedRanges: ['172.16.0.0/12', '100.64.0.0/10'],
        privateSources: ['192.168.0.0/17'],
      }),
    );
    await cluster.settle();
    expect(undeclared()).toEqual(['drop ip4.src == {10.128.0.0/9, 192.168.128.0/17}']);
  });

  it('has no filter if it declares all private ranges', async () => {
    cluster.apply(
      externalNetwork('public', {
        privateSources: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'],
      }),
    );
    await cluster.settle();
    expect(undeclared()).toEqual([]);
  });
});
