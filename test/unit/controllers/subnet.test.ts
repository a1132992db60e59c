import { beforeEach, describe, expect, it } from '@jest/globals';
import { findCondition, type Subnet } from '../../../src/api/index.ts';
import { subnetKind } from '../../../src/controllers/subnet/kind.ts';
import { namespace, on, portIn, providerNetwork, subnet, vpc } from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { rowsOf } from '../../support/controllers/rows.ts';

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
  cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
});
const ready = (name: string) => cluster.ready('Subnet', `default/${name}`);
const statusOf = (name: string) => cluster.get('Subnet', `default/${name}`)?.status;

describe('a Subnet', () => {
  it('reports its range, gateway, MTU, switch, VPC and number of addresses', async () => {
    cluster.apply(
      subnet('a', { cidr: '10.9.1.0/24', reservedRanges: [{ start: '10.9.1.2', end: '10.9.1.11' }] }),
    );
    cluster.apply(portIn('a', 'p'));
    await cluster.settle();
    expect(statusOf('a')).toMatchObject({
      cidr: '10.9.1.0/24',
      gatewayIP: '10.9.1.1',
      mtu: 1442,
      switchName: expect.stringMatching(/^on_/),
      vpc: { name: 'net', uid: cluster.get('VPC', 'default/net')?.metadata.uid },
      totalIPs: 243,
      usedIPs: 1,
      availableIPs: 242,
    });
  });

  it('has facts with its VPC, so that its Ports follow a change of the VPC', async () => {
    cluster.apply(subnet('a'));
    await cluster.settle();
    const before = cluster.get('Subnet', 'default/a') as Subnet;
    const after = { ...before, status: { ...before.status, vpc: { name: 'older', uid: 'u' } } };
    expect(subnetKind.facts?.(after)).not.toEqual(subnetKind.facts?.(before));
  });

  it('gets a range from the high end of the VPC', async () => {
    for (const name of ['a', 'b']) cluster.apply(subnet(name));
    cluster.apply(subnet('c', { cidr: '10.9.0.0/24' }));
    await cluster.settle();
    expect(['a', 'b', 'c'].map(statusOf)).toMatchObject([
      { cidr: '10.9.255.0/24' },
      { cidr: '10.9.254.0/24' },
      { cidr: '10.9.0.0/24' },
    ]);
  });

  it('waits for the VPC that it names, or the VPC of its namespace', async () => {
    cluster = new OfflineCluster();
    cluster.apply(subnet('any'));
    cluster.apply(subnet('named', { vpcRef: { name: 'later' } }));
    await cluster.settle();
    expect(ready('any')).toBe('!VPCNotFound: The namespace has no VPC; create a VPC.');
    expect(ready('named')).toBe(
      '!VPCNotFound: There is no VPC "later" in the namespace; create the VPC, or correct spec.vpcRef.',
    );
    cluster.apply(vpc('later', { defaults: 'None' }));
    await cluster.settle();
    expect([ready('any'), ready('named')]).toEqual(['Ready', 'Ready']);
  });

  it('is not Ready in a VPC that is not accepted', async () => {
    cluster.apply(vpc('second', { defaults: 'None' }));
    cluster.apply(subnet('a', { vpcRef: { name: 'second' } }));
    await cluster.settle();
    expect(ready('a')).toBe('!VPCNotReady: The VPC "second" is not ready; check the conditions of the VPC.');
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      'a range outside the VPC',
      { cidr: '10.8.0.0/24' },
      /^!SubnetOutsideVPC: SUBNET_OUTSIDE_VPC: 10\.8\.0\.0\/24 .*10\.9\.0\.0\/16/,
    ],
    ['a range larger than the VPC', { cidr: '10.0.0.0/8' }, /^!SubnetOutsideVPC: /],
    ['a range with host bits', { cidr: '10.9.1.1/24' }, /^!InvalidCIDR: INVALID_CIDR: spec\.cidr: /],
    ['an IPv6 range', { cidr: 'fd00::/64' }, /^!InvalidCIDR: /],
    [
      'a gateway outside the range',
      { cidr: '10.9.1.0/24', gateway: { mode: 'Address', address: '10.9.2.1' } },
      /^!IPOutsideSubnet: IP_OUTSIDE_SUBNET: The gateway 10\.9\.2\.1/,
    ],
    [
      'the broadcast address as gateway',
      { cidr: '10.9.1.0/24', gateway: { mode: 'Address', address: '10.9.1.255' } },
      /^!IPReserved: IP_RESERVED: .*; set spec\.gateway\.address .*10\.9\.1\.1\.$/,
    ],
    [
      'a gateway of mode Address without address',
      { cidr: '10.9.1.0/24', gateway: { mode: 'Address' } },
      /^!InvalidSpec: /,
    ],
    [
      'an allocation pool outside the range',
      { cidr: '10.9.1.0/24', allocationPools: [{ start: '10.9.2.1', end: '10.9.2.9' }] },
      /^!IPOutsideSubnet: .*spec\.allocationPools\[0\]/,
    ],
    [
      'a reversed address range',
      { cidr: '10.9.1.0/24', reservedRanges: [{ start: '10.9.1.9', end: '10.9.1.2' }] },
      /^!InvalidCIDR: .*spec\.reservedRanges\[0\]/,
    ],
  ])('is not accepted with %s', async (_what, spec, message) => {
    cluster.apply(subnet('a', spec));
    await cluster.settle();
    expect(ready('a')).toMatch(message);
    expect([...cluster.writer.owners()].map(({ kind }) => kind)).toEqual(['VPC']);
  });

  it('is not accepted while its range overlaps another Subnet, and names that Subnet', async () => {
    cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
    cluster.apply(subnet('b', { cidr: '10.9.1.128/25' }));
    await cluster.settle();
    expect(ready('b')).toBe(
      '!CIDROverlap: CIDR_OVERLAP: 10.9.1.128/25 overlaps 10.9.1.0/24 of the Subnet "a"; create the Subnet with another cidr, or without cidr.',
    );
    cluster.delete('Subnet', 'default/a');
    await cluster.settle();
    expect(ready('b')).toBe('Ready');
  });

  it('reports that the VPC has no free range', async () => {
    cluster = new OfflineCluster();
    cluster.apply(vpc('net', { cidr: '10.9.0.0/24', defaults: 'None' }));
    cluster.apply(subnet('a'));
    cluster.apply(subnet('b'));
    await cluster.settle();
    expect(ready('b')).toBe(
      '!PoolExhausted: The VPC "net" (10.9.0.0/24) has no free range; delete unused Subnets, or create the Subnet with a cidr.',
    );
  });

  it('has no router port without a gateway', async () => {
    cluster.apply(subnet('a', { cidr: '10.9.1.0/24', gateway: { mode: 'None' } }));
    await cluster.settle();
    expect(ready('a')).toBe('Ready');
    expect(statusOf('a')).not.toHaveProperty('gatewayIP');
    const tables = [...cluster.writer.states.values()].flatMap(({ desired }) =>
      desired.rows.map(({ table }) => table),
    );
    expect(tables).not.toContain('Logical_Router_Port');
  });

  it('cannot have the address of a Port as gateway until that Port is deleted', async () => {
    cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
    cluster.apply(portIn('a', 'p', { ipAddress: '10.9.1.7' }));
    await cluster.settle();
    cluster.apply(subnet('a', { cidr: '10.9.1.0/24', gateway: { mode: 'Address', address: '10.9.1.7' } }));
    await cluster.settle();
    expect(ready('a')).toBe(
      '!IPAlreadyAllocated: IP_ALREADY_ALLOCATED: The Port "p" already has the gateway address 10.9.1.7; ' +
        'delete the Port, or set another gateway address.',
    );
    expect(cluster.condition('Programmed', 'Subnet', 'default/a')).toBe('Programmed');
    expect(statusOf('a')).toMatchObject({ gatewayIP: '10.9.1.1' });
    cluster.delete('Port', 'default/p');
    await cluster.settle();
    expect(statusOf('a')).toMatchObject({ gatewayIP: '10.9.1.7' });
  });

  it('has the DHCP options of its spec', async () => {
    cluster.apply(
      subnet('a', {
        cidr: '10.9.1.0/24',
        mtu: 1400,
        dhcp: {
          dnsServers: ['10.9.1.2', '10.9.1.3'],
          ntpServers: ['10.9.1.4'],
          domainName: 'x.test',
          leaseSeconds: 600,
        },
      }),
    );
    await cluster.settle();
    const rows = [...cluster.writer.states.values()].flatMap(({ desired }) => desired.rows);
    const options = rows.find(({ table }) => table === 'DHCP_Options')?.columns.options;
    expect(Object.fromEntries(options as Map<string, string>)).toMatchObject({
      server_id: '10.9.1.1',
      router: '10.9.1.1',
      lease_time: '600',
      mtu: '1400',
      dns_server: '{10.9.1.2, 10.9.1.3}',
      ntp_server: '10.9.1.4',
      domain_name: '"x.test"',
    });
  });

  describe('with an MTU of its own', () => {
    const fits = () => cluster.condition('MTUFits', 'Subnet', 'default/a');
    const messageOfFits = () =>
      findCondition((statusOf('a') as Subnet['status'])?.conditions, 'MTUFits')?.message;
    const withSpec = async (spec: object) => {
      cluster.apply(subnet('a', { cidr: '10.9.1.0/24', ...spec }));
      await cluster.settle();
    };

    it('reports an MTU that does not fit through the tunnels, and is Ready nevertheless', async () => {
      await withSpec({ mtu: 1443 });
      expect(fits()).toBe(
        '!MTUTooLarge: spec.mtu is 1443; the limit is 1442 (underlay.mtu minus the tunnel overhead). Larger packets to other hosts are lost; lower spec.mtu.',
      );
      expect(ready('a')).toBe('Ready');
      expect(statusOf('a')).toMatchObject({ mtu: 1443 });
      await withSpec({ mtu: 1442 });
      expect(fits()).toBe('MTUFits');
    });

    it('lets the router answer larger packets, unless the Subnet has no gateway', async () => {
      const routerPort = () => rowsOf(cluster, 'Subnet', 'a', 'Logical_Router_Port')[0];
      await withSpec({ mtu: 1280 });
      expect(routerPort()).toMatchObject({ options: { gateway_mtu: '1280' } });
      expect(messageOfFits()).toMatch(/"fragmentation needed, mtu 1280"/);
      await withSpec({ mtu: 1442 });
      expect(routerPort()).toMatchObject({ options: {} });
      expect(messageOfFits()).not.toMatch(/fragmentation/);
      await withSpec({ mtu: 1280, gateway: { mode: 'None' } });
      expect(routerPort()).toBeUndefined();
      expect(messageOfFits()).not.toMatch(/fragmentation/);
    });

    it('can have a larger MTU with a larger underlay.mtu', async () => {
      cluster = new OfflineCluster({ underlay: { tunnel: 'vxlan', mtu: 9000 } });
      cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
      await withSpec({ mtu: 8951 });
      expect(fits()).toMatch(/^!MTUTooLarge: .* the limit is 8950 /);
      await withSpec({ mtu: 8950 });
      expect(fits()).toBe('MTUFits');
    });

    it('has no condition MTUFits on a physical network or without mtu in the spec', async () => {
      await withSpec({ mtu: 9000 });
      expect(fits()).toMatch(/^!MTUTooLarge/);
      cluster.apply(namespace('default'));
      cluster.apply(providerNetwork('plant'));
      await withSpec({ mtu: 9000, provider: on('plant') });
      expect([fits(), ready('a')]).toEqual(['-', 'Ready']);
      await withSpec({});
      expect(fits()).toBe('-');
    });
  });

  it('without dnsServers uses the DNS servers of the settings, also in the status of its Ports', async () => {
    cluster = new OfflineCluster({ dnsServers: ['9.9.9.9'] });
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
    cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
    cluster.apply(subnet('b', { cidr: '10.9.2.0/24', dhcp: { dnsServers: ['10.9.2.53'] } }));
    cluster.apply(portIn('a', 'p'));
    cluster.apply(portIn('b', 'q'));
    await cluster.settle();
    const dnsOf = (name: string) =>
      (cluster.get('Port', `default/${name}`)?.status as { dnsServers?: string[] }).dnsServers;
    expect([dnsOf('p'), dnsOf('q')]).toEqual([['9.9.9.9'], ['10.9.2.53']]);
  });

  it('that is being deleted exists until its Ports are deleted, and names at most ten Ports', async () => {
    cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
    for (let i = 0; i < 12; i++) cluster.apply(portIn('a', `p${String(i).padStart(2, '0')}`));
    await cluster.settle();
    cluster.delete('Subnet', 'default/a');
    await cluster.settle();
    expect(ready('a')).toMatch(
      /^!InUse: .*Port p00, .*Port p09 and 2 more\. The deletion finishes when no object uses the Subnet: delete or change these objects\.$/,
    );
    for (let i = 0; i < 12; i++) cluster.delete('Port', `default/p${String(i).padStart(2, '0')}`);
    await cluster.settle();
    expect(statusOf('a')).toBeUndefined();
    expect([...cluster.writer.owners()].map(({ kind }) => kind)).toEqual(['VPC']);
  });
});

describe('the range of a Subnet that was created without cidr', () => {
  const allocated = '10.9.255.0/24';
  const cidrOf = (name: string) =>
    (cluster.get('Subnet', `default/${name}`)?.status as { cidr?: string }).cidr;
  const named = (cidr: string) => subnet('late', { cidr });

  beforeEach(async () => {
    cluster.apply(subnet('late'));
    await cluster.runQueue();
    expect(cidrOf('late')).toBe(allocated);
  });

  it('can be named as it is', async () => {
    cluster.apply(portIn('late', 'p'));
    cluster.apply(named(allocated));
    await cluster.runQueue();
    expect([cluster.ready('Subnet', 'default/late'), cidrOf('late')]).toEqual(['Ready', allocated]);
  });

  it('can be changed while no Port uses it, and is then free for other Subnets', async () => {
    cluster.apply(named('10.9.7.0/24'));
    cluster.apply(portIn('late', 'p', { ipAddress: '10.9.7.9' }));
    cluster.apply(subnet('other'));
    await cluster.runQueue();
    expect([cluster.ready('Subnet', 'default/late'), cidrOf('late')]).toEqual(['Ready', '10.9.7.0/24']);
    expect(cluster.ready('Port', 'default/p')).toBe('Ready');
    await cluster.restart();
    await cluster.settle();
    expect(cidrOf('late')).toBe('10.9.7.0/24');
  });

  it('stays while a Port uses it, and moves when the last Port is gone', async () => {
    cluster.apply(portIn('late', 'p'));
    await cluster.runQueue();
    cluster.apply(named('10.9.7.0/24'));
    await cluster.runQueue();
    expect(cluster.ready('Subnet', 'default/late')).toMatch(
      /^!InvalidSpec: Ports of the Subnet use its range 10\.9\.255\.0\/24; delete these Ports/,
    );
    expect([cidrOf('late'), cluster.ready('Port', 'default/p')]).toEqual([allocated, 'Ready']);
    await cluster.restart();
    await cluster.settle();
    expect([cidrOf('late'), cluster.ready('Port', 'default/p')]).toEqual([allocated, 'Ready']);
    cluster.delete('Port', 'default/p');
    await cluster.runQueue();
    expect([cluster.ready('Subnet', 'default/late'), cidrOf('late')]).toEqual(['Ready', '10.9.7.0/24']);
  });

  it.each([
    ['10.9.1.0/25', /^!CIDROverlap: .*the Subnet "taken"/],
    ['10.8.1.0/24', /^!SubnetOutsideVPC: /],
  ])('stays if the Subnet cannot get %s', async (cidr, message) => {
    cluster.apply(subnet('taken', { cidr: '10.9.1.0/24' }));
    await cluster.runQueue();
    cluster.apply(named(cidr));
    await cluster.runQueue();
    expect(cluster.ready('Subnet', 'default/late')).toMatch(message);
    expect(cidrOf('late')).toBe(allocated);
    cluster.delete('Subnet', 'default/taken');
    await cluster.runQueue();
    expect(cidrOf('late')).toBe(cidr === '10.9.1.0/25' ? cidr : allocated);
  });

  it('stays in OVN until OVN can be written, and is not released before', async () => {
    cluster.writer.down = true;
    cluster.apply(named('10.9.7.0/24'));
    await cluster.settle();
    expect(cidrOf('late')).toBe(allocated);
    cluster.apply(subnet('other', { cidr: allocated }));
    await cluster.settle();
    expect(cluster.ready('Subnet', 'default/other')).toMatch(/^!CIDROverlap: /);
    cluster.writer.down = false;
    await cluster.settle();
    expect([cidrOf('late'), cidrOf('other')]).toEqual(['10.9.7.0/24', allocated]);
  });
});
