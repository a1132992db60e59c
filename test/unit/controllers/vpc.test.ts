import { beforeEach, describe, expect, it } from '@jest/globals';
import type { VPC } from '../../../src/api/index.ts';
import {
  externalNetwork,
  namespace,
  portIn,
  securityGroup,
  subnet,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { rowsOf } from '../../support/controllers/rows.ts';

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
});
const cidrOf = (key: string) => (cluster.get('VPC', key) as VPC | undefined)?.status?.cidr;

describe('a VPC', () => {
  it('has the range that its spec names, and a router', async () => {
    cluster.apply(vpc('net', { cidr: '172.20.0.0/16', defaults: 'None' }));
    await cluster.settle();
    expect(cluster.ready('VPC', 'default/net')).toBe('Ready');
    expect(cluster.get('VPC', 'default/net')?.status).toMatchObject({
      cidr: '172.20.0.0/16',
      project: 'default',
      routerName: expect.stringMatching(/^on_/),
      subnetCount: 0,
    });
  });

  it('gets the next range of the pool without cidr in the spec', async () => {
    for (const ns of ['a', 'b', 'c']) cluster.apply(vpc('net', { defaults: 'None' }, ns));
    await cluster.settle();
    expect(['a/net', 'b/net', 'c/net'].map(cidrOf)).toEqual(['10.0.0.0/16', '10.1.0.0/16', '10.2.0.0/16']);
  });

  it('reports that the pool has no free range, and gets the first released range', async () => {
    cluster = new OfflineCluster({ cidrPool: '10.0.0.0/15' });
    for (const ns of ['a', 'b', 'c']) {
      cluster.apply(namespace(ns, { 'network.plasmavmc.io/organization': 'acme' }));
      cluster.apply(vpc('net', { defaults: 'None' }, ns));
    }
    await cluster.settle();
    expect(cluster.ready('VPC', 'c/net')).toMatch(/^!PoolExhausted: No range is free/);
    cluster.delete('VPC', 'a/net');
    await cluster.settle();
    expect(cidrOf('c/net')).toBe('10.0.0.0/16');
  });

  it('belongs to the organization and project in the labels of its namespace', async () => {
    cluster.apply(
      namespace('shop', {
        'network.plasmavmc.io/organization': 'acme',
        'network.plasmavmc.io/project': 'web',
      }),
    );
    cluster.apply(vpc('net', { defaults: 'None' }, 'shop'));
    await cluster.settle();
    expect(cluster.get('VPC', 'shop/net')?.status).toMatchObject({ organization: 'acme', project: 'web' });
  });

  it('is not accepted while its range overlaps another VPC of its organization, and does not name that VPC', async () => {
    for (const ns of ['hidden', 'default'])
      cluster.apply(namespace(ns, { 'network.plasmavmc.io/organization': 'acme' }));
    cluster.apply(vpc('secret', { cidr: '10.5.0.0/16', defaults: 'None' }, 'hidden'));
    cluster.apply(vpc('net', { cidr: '10.5.128.0/17', defaults: 'None' }));
    await cluster.settle();
    const refusal = cluster.ready('VPC', 'default/net');
    expect(refusal).toMatch(/^!CIDROverlap: CIDR_OVERLAP: 10\.5\.128\.0\/17 overlaps/);
    expect(refusal).not.toMatch(/secret|hidden/);
    cluster.delete('VPC', 'hidden/secret');
    await cluster.settle();
    expect(cluster.ready('VPC', 'default/net')).toBe('Ready');
  });

  it('can have the range of a VPC of another organization', async () => {
    cluster.apply(namespace('theirs', { 'network.plasmavmc.io/organization': 'them' }));
    cluster.apply(vpc('net', { cidr: '10.5.0.0/16', defaults: 'None' }, 'theirs'));
    cluster.apply(vpc('net', { cidr: '10.5.0.0/16', defaults: 'None' }, 'ours'));
    await cluster.settle();
    expect([cluster.ready('VPC', 'theirs/net'), cluster.ready('VPC', 'ours/net')]).toEqual([
      'Ready',
      'Ready',
    ]);
  });

  it('is in effect if it is the oldest of its namespace, and the next VPC follows after its deletion', async () => {
    cluster.apply(vpc('first', { defaults: 'None' }));
    cluster.apply(vpc('second', { defaults: 'None' }));
    await cluster.settle((objects) => objects.toReversed());
    expect(cluster.ready('VPC', 'default/first')).toBe('Ready');
    expect(cluster.ready('VPC', 'default/second')).toMatch(/^!VPCAlreadyExists: .*"first"/);
    cluster.delete('VPC', 'default/first');
    await cluster.settle();
    expect(cluster.ready('VPC', 'default/second')).toBe('Ready');
  });

  it.each([
    ['10.0.0.1/16', /^!InvalidCIDR: INVALID_CIDR: spec\.cidr: /],
    ['10.0.0.0/33', /^!InvalidCIDR: INVALID_CIDR: /],
    ['fd00::/64', /^!InvalidCIDR: INVALID_CIDR: /],
    ['nonsense', /^!InvalidCIDR: INVALID_CIDR: /],
  ])('is not accepted with the invalid range %s even without the schema', async (cidr, message) => {
    cluster.apply(vpc('net', { cidr, defaults: 'None' }));
    await cluster.settle();
    expect(cluster.ready('VPC', 'default/net')).toMatch(message);
    expect(cluster.condition('Stalled', 'VPC', 'default/net')).toBe('InvalidCIDR');
    expect(cluster.condition('Programmed', 'VPC', 'default/net')).toMatch(/^!Pending/);
    expect([...cluster.writer.owners()]).toEqual([]);
  });

  it('without a usable ExternalNetwork is Programmed, and reports the missing reference', async () => {
    cluster.apply(
      vpc('net', { defaults: 'None', externalGateway: { externalNetworkRef: { name: 'public' } } }),
    );
    await cluster.settle();
    expect(cluster.condition('Programmed', 'VPC', 'default/net')).toBe('Programmed');
    expect(cluster.ready('VPC', 'default/net')).toMatch(/^!ExternalNetworkNotAllowed: .*"public"/);
  });

  describe('with static routes', () => {
    const routes = (...nextHops: string[]) =>
      vpc('net', {
        cidr: '10.9.0.0/16',
        defaults: 'None',
        staticRoutes: nextHops.map((nextHop, index) => ({ destination: `192.168.${index}.0/24`, nextHop })),
        externalGateway: { externalNetworkRef: { name: 'public' } },
      });
    const resolved = () => cluster.condition('RoutesResolved', 'VPC', 'default/net');
    const hops = () =>
      rowsOf(cluster, 'VPC', 'net', 'Logical_Router_Static_Route').map(({ nexthop }) => nexthop);
    beforeEach(() => {
      cluster.apply(namespace('default'));
      cluster.apply(externalNetwork('public'));
    });

    it('reports the next hops that its router does not reach, and is Ready nevertheless', async () => {
      cluster.apply(routes('10.9.1.9', '10.9.2.9', '203.0.113.7', '10.7.0.1'));
      cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
      cluster.apply(subnet('b', { cidr: '10.9.2.0/24', gateway: { mode: 'None' } }));
      await cluster.settle();
      expect(cluster.ready('VPC', 'default/net')).toBe('Ready');
      expect(resolved()).toBe(
        '!NextHopUnreachable: The router does not reach the next hop of the static routes 192.168.1.0/24 via 10.9.2.9, ' +
          '192.168.3.0/24 via 10.7.0.1, so these routes are not in effect and replace no other route; ' +
          'set next hops in a Subnet of the VPC with a gateway, or in the external network of the VPC, or create such a Subnet.',
      );
    });

    it.each([
      ['has no Subnet', '10.9.1.9'],
      ['is in a Subnet without gateway', '10.9.2.9'],
      ['is outside the VPC', '10.7.0.1'],
      ['may belong to another tenant', '203.0.113.150'],
    ])(
      'keeps the default route of its gateway while the next hop of its own one %s',
      async (_what, nextHop) => {
        const net = vpc('net', {
          cidr: '10.9.0.0/16',
          defaults: 'None',
          staticRoutes: [{ destination: '0.0.0.0/0', nextHop }],
          externalGateway: { externalNetworkRef: { name: 'public' } },
        });
        cluster.apply(net);
        cluster.apply(subnet('b', { cidr: '10.9.2.0/24', gateway: { mode: 'None' } }));
        await cluster.runQueue();
        expect(hops()).toEqual(['203.0.113.1']);
        expect(resolved()).toMatch(/^!(NextHopUnreachable|RouteRefused): /);
      },
    );

    it('uses its own default route exactly while OVN contains the Subnet of the next hop', async () => {
      const net = vpc('net', {
        cidr: '10.9.0.0/16',
        defaults: 'None',
        staticRoutes: [{ destination: '0.0.0.0/0', nextHop: '10.9.1.9' }],
        externalGateway: { externalNetworkRef: { name: 'public' } },
      });
      cluster.apply(net);
      await cluster.runQueue();
      expect(hops()).toEqual(['203.0.113.1']);
      cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
      await cluster.runQueue();
      expect(hops()).toEqual(['10.9.1.9']);
      await cluster.restart();
      await cluster.settle((objects) => objects.toReversed());
      expect(hops()).toEqual(['10.9.1.9']);
      cluster.delete('Subnet', 'default/a');
      await cluster.runQueue();
      expect(hops()).toEqual(['203.0.113.1']);
    });

    it('reports that its router reaches all next hops, and has no condition without routes', async () => {
      cluster.apply(routes('10.9.1.9'));
      await cluster.settle();
      expect(resolved()).toMatch(/^!NextHopUnreachable/);
      cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
      await cluster.settle();
      expect(resolved()).toBe('RoutesResolved');
      cluster.apply(routes());
      await cluster.settle();
      expect(resolved()).toBe('-');
    });
  });

  describe('with defaults', () => {
    it('creates a Subnet and a SecurityGroup named default', async () => {
      cluster.apply(vpc('net'));
      await cluster.settle();
      expect(cluster.ready('Subnet', 'default/default')).toBe('Ready');
      expect(cluster.ready('SecurityGroup', 'default/default')).toBe('Ready');
      expect(cluster.get('Subnet', 'default/default')?.metadata).toMatchObject({
        labels: { 'app.kubernetes.io/managed-by': 'overlay-network' },
        ownerReferences: [{ kind: 'VPC', name: 'net' }],
      });
      expect(cluster.get('VPC', 'default/net')?.status).toMatchObject({ subnetCount: 1 });
    });

    it.each([
      ['Subnet', 'SecurityGroup'],
      ['SecurityGroup', 'Subnet'],
    ])('creates a default %s once: it stays deleted when a user deletes it', async (kind, other) => {
      cluster.apply(vpc('net', { cidr: '10.9.0.0/16' }));
      await cluster.runQueue();
      cluster.delete(kind, 'default/default');
      await cluster.runQueue();
      expect(cluster.get(kind, 'default/default')).toBeUndefined();
      expect(cluster.ready('VPC', 'default/net')).toBe('Ready');
      await cluster.restart();
      await cluster.settle();
      expect([kind, other].map((each) => cluster.ready(each, 'default/default'))).toEqual(['-', 'Ready']);
      cluster.apply(
        kind === 'Subnet' ? subnet('default', { cidr: '10.9.7.0/24' }) : securityGroup('default'),
      );
      await cluster.runQueue();
      expect(cluster.ready(kind, 'default/default')).toBe('Ready');
      cluster.delete(kind, 'default/default');
      await cluster.runQueue();
      expect(cluster.get(kind, 'default/default')).toBeUndefined();
    });

    it('creates the default objects again after the value None', async () => {
      cluster.apply(vpc('net', { cidr: '10.9.0.0/16' }));
      await cluster.runQueue();
      cluster.delete('Subnet', 'default/default');
      cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
      await cluster.runQueue();
      expect(cluster.get('Subnet', 'default/default')).toBeUndefined();
      cluster.apply(vpc('net', { cidr: '10.9.0.0/16' }));
      await cluster.runQueue();
      expect(cluster.ready('Subnet', 'default/default')).toBe('Ready');
    });

    it('records a default object only after it exists', async () => {
      const { client } = cluster.env;
      const create = client.create.bind(client);
      Object.assign(client, {
        create: (type: { kind: string }, object: never) =>
          type.kind === 'SecurityGroup'
            ? Promise.reject(new Error('the API server does not answer'))
            : create(type as never, object),
      });
      cluster.apply(vpc('net', { cidr: '10.9.0.0/16' }));
      await expect(cluster.runQueue()).rejects.toThrow('does not answer');
      cluster.delete('Subnet', 'default/default');
      Object.assign(client, { create });
      await cluster.settle();
      expect(cluster.get('Subnet', 'default/default')).toBeUndefined();
      expect(cluster.ready('SecurityGroup', 'default/default')).toBe('Ready');
    });

    it.each(['before', 'after'])('lets a user define the default Subnet %s the VPC', async (order) => {
      const own = subnet('default', { cidr: '10.9.7.0/24', mtu: 1300 });
      if (order === 'before') cluster.apply(own);
      cluster.apply(vpc('net', { cidr: '10.9.0.0/16' }));
      await cluster.runQueue();
      cluster.apply(own);
      cluster.apply(portIn('default', 'p'));
      await cluster.runQueue();
      expect([cluster.ready('Subnet', 'default/default'), cluster.ready('Port', 'default/p')]).toEqual([
        'Ready',
        'Ready',
      ]);
      expect(cluster.get('Port', 'default/p')?.status).toMatchObject({ ipAddress: '10.9.7.2', mtu: 1300 });
      expect(cluster.get('VPC', 'default/net')?.status).toMatchObject({ subnetCount: 1 });
    });

    it('does not change objects of a user with the name default', async () => {
      cluster.apply(subnet('default', { cidr: '10.9.7.0/24' }));
      cluster.apply(securityGroup('default'));
      cluster.apply(vpc('net', { cidr: '10.9.0.0/16' }));
      await cluster.settle();
      expect(cluster.get('Subnet', 'default/default')?.metadata.ownerReferences).toBeUndefined();
      cluster.delete('VPC', 'default/net');
      await cluster.settle();
      expect(cluster.ready('VPC', 'default/net')).toMatch(/^!InUse: .*Subnet default/);
    });
  });

  describe('that is being deleted', () => {
    it('exists until its last Subnet is deleted, and names its Subnets', async () => {
      cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
      cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
      cluster.apply(subnet('b', { vpcRef: { name: 'net' }, cidr: '10.9.2.0/24' }));
      await cluster.settle();
      cluster.delete('VPC', 'default/net');
      await cluster.settle();
      expect(cluster.ready('VPC', 'default/net')).toBe(
        '!InUse: The VPC is being deleted, but is still used by Subnet a, Subnet b. The deletion finishes when no object uses the VPC: delete or change these objects.',
      );
      expect(cluster.ready('Subnet', 'default/a')).toBe('Ready');
      cluster.delete('Subnet', 'default/a');
      cluster.delete('Subnet', 'default/b');
      await cluster.settle();
      expect(cluster.get('VPC', 'default/net')).toBeUndefined();
      expect([...cluster.writer.owners()]).toEqual([]);
    });

    it('deletes its default objects and leaves no row', async () => {
      cluster.apply(vpc('net'));
      await cluster.settle();
      cluster.delete('VPC', 'default/net');
      await cluster.settle();
      expect(cluster.get('Subnet', 'default/default')).toBeUndefined();
      expect(cluster.get('SecurityGroup', 'default/default')).toBeUndefined();
      expect([...cluster.writer.owners()]).toEqual([]);
    });

    it('waits for the Ports of its default Subnet', async () => {
      cluster.apply(vpc('net'));
      cluster.apply(portIn('default', 'p'));
      await cluster.settle();
      cluster.delete('VPC', 'default/net');
      await cluster.settle();
      expect(cluster.ready('VPC', 'default/net')).toMatch(/^!InUse: .*Subnet default/);
      cluster.delete('Port', 'default/p');
      await cluster.settle();
      expect(cluster.get('VPC', 'default/net')).toBeUndefined();
      expect([...cluster.writer.owners()]).toEqual([]);
    });
  });

  it('stays Programmed while OVN is not reachable and no change is necessary', async () => {
    const net = (spec: object = {}) => vpc('net', { cidr: '10.9.0.0/16', defaults: 'None', ...spec });
    cluster.apply(net());
    cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
    await cluster.settle();
    cluster.writer.down = true;
    cluster.statusWrites.length = 0;
    await cluster.settle();
    expect(cluster.statusWrites).toEqual([]);
    cluster.apply(net({ staticRoutes: [{ destination: '0.0.0.0/0', nextHop: '10.9.1.9' }] }));
    await cluster.settle();
    expect(cluster.ready('VPC', 'default/net')).toMatch(/^!OVNConnectionFailed: OVN_CONNECTION_FAILED: /);
    cluster.writer.down = false;
    await cluster.settle();
    expect(cluster.ready('VPC', 'default/net')).toBe('Ready');
  });
});
