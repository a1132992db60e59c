import { beforeEach, describe, expect, it } from '@jest/globals';
import { rankChassis, selectChassis } from '../../../src/controllers/externalnetwork/chassis.ts';
import { externalNetwork, namespace, subnet, vpc } from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { rowsOf } from '../../support/controllers/rows.ts';

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
  cluster.apply(namespace('default', { team: 'a' }));
});

/** Returns a VPC whose gateway is on the ExternalNetwork `public`. */
const outward = (spec: object = {}, gateway: object = {}, ns?: string) =>
  vpc(
    'net',
    {
      cidr: '10.9.0.0/16',
      defaults: 'None',
      externalGateway: { externalNetworkRef: { name: 'public' }, snat: 'Enabled', ...gateway },
      ...spec,
    },
    ns,
  );

describe('an ExternalNetwork', () => {
  it('has a switch with a port to the physical network, and counts its addresses', async () => {
    cluster.apply(
      externalNetwork('public', { reservedRanges: [{ start: '203.0.113.150', end: '203.0.113.159' }] }),
    );
    await cluster.settle();
    expect(cluster.ready('ExternalNetwork', 'public')).toBe('Ready');
    expect(rowsOf(cluster, 'ExternalNetwork', 'public', 'Logical_Switch_Port', '')).toEqual([
      expect.objectContaining({ type: 'localnet', options: { network_name: 'physnet1' } }),
    ]);
    expect(cluster.get('ExternalNetwork', 'public')?.status).toMatchObject({
      totalIPs: 90,
      usedIPs: 0,
      availableIPs: 90,
      gatewayChassis: ['gw1', 'gw2'],
    });
  });

  it('has a localnet port with a VLAN tag if its type is VLAN', async () => {
    cluster.apply(externalNetwork('public', { type: 'VLAN', vlanID: 77 }));
    await cluster.settle();
    expect(rowsOf(cluster, 'ExternalNetwork', 'public', 'Logical_Switch_Port', '')).toEqual([
      expect.objectContaining({ tag_request: [77] }),
    ]);
  });

  it('reports that it has no chassis, and keeps the list in its status when all chassis disappear', async () => {
    cluster.chassis = [];
    cluster.apply(externalNetwork('public'));
    await cluster.settle();
    expect(cluster.ready('ExternalNetwork', 'public')).toMatch(/^!NoGatewayChassis: .*enable-chassis-as-gw/);
    cluster.chassis = ['gw1'];
    await cluster.settle();
    expect(cluster.ready('ExternalNetwork', 'public')).toBe('Ready');
    cluster.chassis = [];
    await cluster.settle();
    expect(cluster.ready('ExternalNetwork', 'public')).toMatch(/^!NoGatewayChassis/);
    expect(cluster.get('ExternalNetwork', 'public')?.status).toMatchObject({ gatewayChassis: ['gw1'] });
  });

  it('keeps its chassis while the Southbound database is not readable', async () => {
    cluster.apply(externalNetwork('public'));
    await cluster.settle();
    cluster.chassis = undefined;
    cluster.statusWrites.length = 0;
    await cluster.settle();
    expect(cluster.statusWrites).toEqual([]);
  });

  it('rejects a gateway and ranges outside the network even without the schema', async () => {
    cluster.apply(externalNetwork('a', { gateway: '198.51.100.1' }));
    cluster.apply(externalNetwork('b', { reservedRanges: [{ start: '10.0.0.1', end: '10.0.0.2' }] }));
    cluster.apply(externalNetwork('c', { cidr: '2001:db8::/64' }));
    await cluster.settle();
    for (const name of ['a', 'b', 'c']) {
      expect(cluster.ready('ExternalNetwork', name)).toMatch(/^!InvalidCIDR: INVALID_CIDR: /);
    }
  });

  it('exists until no VPC has an address of the network', async () => {
    cluster.apply(externalNetwork('public'));
    cluster.apply(outward());
    await cluster.settle();
    cluster.delete('ExternalNetwork', 'public');
    await cluster.settle();
    expect(cluster.ready('ExternalNetwork', 'public')).toMatch(/^!InUse: .*VPC default\/net/);
    cluster.delete('VPC', 'default/net');
    await cluster.settle();
    expect(cluster.get('ExternalNetwork', 'public')).toBeUndefined();
    expect([...cluster.writer.owners()]).toEqual([]);
  });

  it('can be deleted while a VPC without permission names it', async () => {
    cluster.apply(
      externalNetwork('public', { allowedNamespaces: { selector: { matchLabels: { team: 'b' } } } }),
    );
    cluster.apply(outward());
    await cluster.settle();
    cluster.delete('ExternalNetwork', 'public');
    await cluster.settle();
    expect(cluster.get('ExternalNetwork', 'public')).toBeUndefined();
  });
});

describe('the gateway of a VPC', () => {
  it('has an address, a default route, chassis and SNAT for the whole VPC', async () => {
    cluster.apply(externalNetwork('public'));
    cluster.apply(outward());
    await cluster.settle();
    expect(cluster.ready('VPC', 'default/net')).toBe('Ready');
    expect(cluster.get('VPC', 'default/net')?.status).toMatchObject({ gatewayIPs: ['203.0.113.101'] });
    expect(rowsOf(cluster, 'VPC', 'net', 'Logical_Router_Port')).toEqual([
      expect.objectContaining({ networks: ['203.0.113.101/24'], options: { gateway_mtu: '1442' } }),
    ]);
    expect(rowsOf(cluster, 'VPC', 'net', 'Logical_Router_Static_Route')).toEqual([
      expect.objectContaining({ ip_prefix: '0.0.0.0/0', nexthop: '203.0.113.1' }),
    ]);
    expect(rowsOf(cluster, 'VPC', 'net', 'NAT')).toEqual([
      { type: 'snat', external_ip: '203.0.113.101', logical_ip: '10.9.0.0/16' },
    ]);
    expect(
      rowsOf(cluster, 'VPC', 'net', 'HA_Chassis')
        .map((row) => row['chassis_name'])
        .sort(),
    ).toEqual(['gw1', 'gw2']);
    await cluster.settle();
    expect(cluster.get('ExternalNetwork', 'public')?.status).toMatchObject({ usedIPs: 1 });
  });

  it('has no SNAT with snat Disabled, and no default route if the VPC has its own', async () => {
    cluster.apply(externalNetwork('public'));
    cluster.apply(
      outward({ staticRoutes: [{ destination: '0.0.0.0/0', nextHop: '10.9.1.9' }] }, { snat: 'Disabled' }),
    );
    cluster.apply(subnet('web', { cidr: '10.9.1.0/24' }));
    await cluster.settle();
    expect(rowsOf(cluster, 'VPC', 'net', 'NAT')).toEqual([]);
    expect(rowsOf(cluster, 'VPC', 'net', 'Logical_Router_Static_Route')).toEqual([
      { ip_prefix: '0.0.0.0/0', nexthop: '10.9.1.9' },
    ]);
  });

  it('has the same message for a network that does not exist and a network without permission', async () => {
    cluster.apply(outward());
    await cluster.settle();
    const missing = cluster.ready('VPC', 'default/net');
    cluster.apply(
      externalNetwork('public', { allowedNamespaces: { selector: { matchLabels: { team: 'b' } } } }),
    );
    await cluster.settle();
    expect(missing).toMatch(/^!ExternalNetworkNotAllowed: .*"public"/);
    expect(cluster.ready('VPC', 'default/net')).toBe(missing);
    expect(rowsOf(cluster, 'VPC', 'net', 'Logical_Router')).toHaveLength(1);
    expect(rowsOf(cluster, 'VPC', 'net', 'Logical_Router_Port')).toEqual([]);
  });

  it('follows the labels of its namespace, and gets its old address with a new permission', async () => {
    cluster.apply(
      externalNetwork('public', { allowedNamespaces: { selector: { matchLabels: { team: 'a' } } } }),
    );
    cluster.apply(outward());
    await cluster.settle();
    cluster.apply(namespace('default', { team: 'b' }));
    await cluster.settle();
    expect(cluster.ready('VPC', 'default/net')).toMatch(/^!ExternalNetworkNotAllowed/);
    expect(rowsOf(cluster, 'VPC', 'net', 'NAT')).toEqual([]);
    cluster.apply(namespace('other', { team: 'a' }));
    cluster.apply(outward({ cidr: '10.8.0.0/16' }, {}, 'other'));
    await cluster.settle();
    cluster.apply(namespace('default', { team: 'a' }));
    await cluster.settle();
    expect(cluster.get('VPC', 'default/net')?.status).toMatchObject({ gatewayIPs: ['203.0.113.101'] });
    expect(cluster.get('VPC', 'other/net')?.status).toMatchObject({ gatewayIPs: ['203.0.113.102'] });
  });

  it('moves to another network and releases its address in the first network', async () => {
    cluster.apply(externalNetwork('public'));
    cluster.apply(
      externalNetwork('campus', { cidr: '198.51.100.0/24', gateway: '198.51.100.1', allocationPools: [] }),
    );
    cluster.apply(outward());
    await cluster.settle();
    cluster.apply(outward({}, { externalNetworkRef: { name: 'campus' } }));
    await cluster.settle();
    expect(cluster.get('VPC', 'default/net')?.status).toMatchObject({ gatewayIPs: ['198.51.100.2'] });
    expect(cluster.get('ExternalNetwork', 'public')?.status).toMatchObject({ usedIPs: 0 });
    expect(cluster.get('ExternalNetwork', 'campus')?.status).toMatchObject({ usedIPs: 1 });
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
    await cluster.settle();
    expect(cluster.get('VPC', 'default/net')?.status).not.toHaveProperty('gatewayIPs');
    expect(cluster.get('ExternalNetwork', 'campus')?.status).toMatchObject({ usedIPs: 0 });
    expect(rowsOf(cluster, 'VPC', 'net', 'HA_Chassis_Group')).toEqual([]);
  });

  it('waits for a free address', async () => {
    cluster.apply(
      externalNetwork('public', { allocationPools: [{ start: '203.0.113.7', end: '203.0.113.7' }] }),
    );
    cluster.apply(outward());
    cluster.apply(namespace('other'));
    cluster.apply(outward({ cidr: '10.8.0.0/16' }, {}, 'other'));
    await cluster.settle();
    expect(cluster.ready('VPC', 'other/net')).toMatch(/^!PoolExhausted: .*"public"/);
    cluster.delete('VPC', 'default/net');
    await cluster.settle();
    expect(cluster.get('VPC', 'other/net')?.status).toMatchObject({ gatewayIPs: ['203.0.113.7'] });
  });

  it('is not created for a VPC that is not accepted', async () => {
    cluster.apply(externalNetwork('public'));
    cluster.apply(outward());
    cluster.apply({ ...outward({ cidr: '10.7.0.0/16' }), metadata: { name: 'second' } });
    await cluster.settle();
    expect(cluster.ready('VPC', 'default/second')).toMatch(/^!VPCAlreadyExists/);
    expect(cluster.get('ExternalNetwork', 'public')?.status).toMatchObject({ usedIPs: 1 });
  });
});

describe('the chassis of a VPC', () => {
  const chassis = (name: string, isGateway: boolean, ...physicalNetworks: string[]) => ({
    name,
    isGateway,
    physicalNetworks,
  });
  const known = [
    chassis('c', true, 'physnet1'),
    chassis('b', false, 'physnet1'),
    chassis('a', true, 'physnet1', 'physnet2'),
    chassis('d', true, 'physnet2'),
  ];
  const spec = (gatewayChassis: object) =>
    externalNetwork('public', { gatewayChassis }).spec as Parameters<typeof selectChassis>[0];

  it('are the gateway chassis, or the named chassis, with the physical network', () => {
    expect(selectChassis(spec({ mode: 'Enabled' }), known)).toEqual(['a', 'c']);
    expect(selectChassis(spec({ mode: 'Named', names: ['d', 'b', 'x', 'a'] }), known)).toEqual(['a', 'b']);
  });

  const vpcs = Array.from(
    { length: 400 },
    (_, index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  );
  const firstOf = (names: readonly string[]) => vpcs.map((uid) => rankChassis(uid, names)[0]?.name);

  it('are each ranked first by a similar number of VPCs', () => {
    const firsts = firstOf(['a', 'b', 'c', 'd']);
    for (const name of ['a', 'b', 'c', 'd']) {
      const share = firsts.filter((first) => first === name).length / vpcs.length;
      expect(share).toBeGreaterThan(0.15);
      expect(share).toBeLessThan(0.35);
    }
  });

  it('move only the VPCs that rank them first when they appear or disappear, and keep their priorities', () => {
    const before = firstOf(['a', 'b', 'c', 'd']);
    const without = firstOf(['a', 'b', 'd']);
    for (const [index, first] of before.entries()) if (first !== 'c') expect(without[index]).toBe(first);
    for (const uid of vpcs) {
      const all = new Map(
        rankChassis(uid, ['a', 'b', 'c', 'd']).map(({ name, priority }) => [name, priority]),
      );
      for (const { name, priority } of rankChassis(uid, ['a', 'b', 'd']))
        expect(priority).toBe(all.get(name));
    }
  });

  it('are limited to five for one VPC', () => {
    expect(
      rankChassis(
        'u',
        Array.from({ length: 20 }, (_, index) => `gw${index}`),
      ),
    ).toHaveLength(5);
  });
});
