import { beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../../src/config/index.ts';
import { externalNetwork, subnet, vpc } from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { rowsOf } from '../../support/controllers/rows.ts';

const defaults = loadConfig().hostLimits;
const unlimited = Object.fromEntries(Object.keys(defaults).map((key) => [key, 0])) as Record<
  keyof typeof defaults,
  number
>;

let cluster: OfflineCluster;

async function settled(hostLimits: typeof defaults): Promise<void> {
  cluster = new OfflineCluster({ hostLimits });
  cluster.apply(vpc('net', { defaults: 'None' }, 'red'));
  cluster.apply(subnet('apps', {}, 'red'));
  cluster.apply(vpc('net', { defaults: 'None' }, 'blue'));
  await cluster.settle();
  expect(cluster.ready('Subnet', 'red/apps')).toBe('Ready');
}
const rowsIn = (table: string, namespace = 'red') => rowsOf(cluster, 'VPC', 'net', table, namespace);
const switchRows = (table: string) => rowsOf(cluster, 'Subnet', 'apps', table, 'red');

describe('the limits of a host', () => {
  beforeEach(() => settled({ ...defaults, neighboursPerSecond: 7, broadcastKbps: 5000 }));

  it('become meters that belong to one VPC', () => {
    const names = (namespace: string) => rowsIn('Meter', namespace).map(({ name }) => name);
    expect(names('red')).toHaveLength(4);
    expect(new Set([...names('red'), ...names('blue')]).size).toBe(8);
    expect(rowsIn('Meter').every(({ unit, fair }) => unit === 'pktps' && fair === undefined)).toBe(true);
    expect(rowsIn('Meter_Band')).toContainEqual(
      expect.objectContaining({ action: 'drop', rate: 7, burst_size: 14 }),
    );
  });

  it('cover every kind of packet that ovn-controller processes, except BFD', () => {
    const [policy] = rowsIn('Copp');
    expect(Object.keys(policy?.['meters'] as object).sort()).toEqual([
      'arp',
      'arp-resolve',
      'dhcpv4-opts',
      'dhcpv4-relay',
      'dhcpv6-opts',
      'dns',
      'event-elb',
      'icmp4-error',
      'icmp6-error',
      'igmp',
      'nd-na',
      'nd-ns',
      'nd-ns-resolve',
      'nd-ra-opts',
      'reject',
      'svc-monitor',
      'tcp-reset',
    ]);
  });

  it('apply to the router of the VPC and to the switches of its Subnets', () => {
    const [router] = rowsIn('Logical_Router');
    const [other] = rowsIn('Logical_Router', 'blue');
    const [ownSwitch] = switchRows('Logical_Switch');
    expect(router?.['copp']).toHaveLength(1);
    expect(ownSwitch?.['copp']).toEqual(router?.['copp']);
    expect(other?.['copp']).not.toEqual(router?.['copp']);
  });

  it('include tracked connections, for OVN releases that limit them', () => {
    expect(rowsIn('Logical_Router')[0]?.['options']).toMatchObject({ 'ct-zone-limit': '65536' });
    expect(switchRows('Logical_Switch')[0]?.['other_config']).toMatchObject({ 'ct-zone-limit': '32768' });
  });

  it('limit the broadcasts and DHCP requests of each Subnet with matches that no other Subnet has', async () => {
    cluster.apply(subnet('more', {}, 'red'));
    await cluster.settle();
    const rules = [...switchRows('QoS'), ...rowsOf(cluster, 'Subnet', 'more', 'QoS', 'red')];
    expect(rules).toHaveLength(4);
    expect(new Set(rules.map(({ match }) => match)).size).toBe(4);
    expect(rules.slice(0, 2)).toMatchObject([
      { priority: 3001, direction: 'from-lport', bandwidth: { rate: 1120, burst: 2240 } },
      { priority: 3000, direction: 'from-lport', bandwidth: { rate: 5000, burst: 10_000 } },
    ]);
  });

  it('leave no row and no option when all of them are zero', async () => {
    await settled(unlimited);
    for (const table of ['Copp', 'Meter', 'Meter_Band']) expect(rowsIn(table)).toEqual([]);
    expect(rowsIn('Logical_Router')[0]).not.toHaveProperty('copp');
    expect(rowsIn('Logical_Router')[0]?.['options']).not.toHaveProperty('ct-zone-limit');
    expect(switchRows('QoS')).toEqual([]);
    expect(switchRows('Logical_Switch')[0]).not.toHaveProperty('copp');
  });
});

describe('a switch', () => {
  it('forgets the MAC addresses behind unprotected Ports after five minutes', async () => {
    await settled(unlimited);
    expect(switchRows('Logical_Switch')[0]?.['other_config']).toEqual({ fdb_age_threshold: '300' });
  });

  it('of an ExternalNetwork drops ARP replies from the wire with a sender outside the network', async () => {
    cluster = new OfflineCluster();
    cluster.apply(externalNetwork('public', { cidr: '203.0.113.0/24' }));
    await cluster.settle();
    const acls = rowsOf(cluster, 'ExternalNetwork', 'public', 'ACL', '').filter(({ match }) =>
      String(match).includes('arp.op'),
    );
    expect(acls.map(({ action, direction, priority }) => [action, direction, priority])).toEqual([
      ['allow', 'from-lport', 1001],
      ['drop', 'from-lport', 1000],
    ]);
    expect(acls[0]?.['match']).toMatch(
      /^inport == "\w+_localnet" && arp\.op == 2 && arp\.spa == 203\.0\.113\.0\/24$/,
    );
    expect(acls[1]?.['match']).toMatch(/^inport == "\w+_localnet" && arp\.op == 2$/);
  });
});
