import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  externalNetwork,
  floatingIP,
  namespace,
  natRule,
  on,
  portIn,
  providerNetwork,
  securityGroup,
  subnet,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster, type Manifest } from '../../support/controllers/offline-cluster.ts';
import { ownersOf, rowsOf } from '../../support/controllers/rows.ts';

let cluster: OfflineCluster;
const gateway = { externalNetworkRef: { name: 'public' }, snat: 'Enabled' };

/** Creates a project with a gateway, a Subnet `web` and the Ports `a` (10.9.1.11) and `b` (10.9.1.12). */
function project(ns: string, cidr = '10.9'): void {
  cluster.apply(namespace(ns));
  cluster.apply(vpc('net', { cidr: `${cidr}.0.0/16`, defaults: 'None', externalGateway: gateway }, ns));
  cluster.apply(subnet('web', { cidr: `${cidr}.1.0/24` }, ns));
  cluster.apply(portIn('web', 'a', { ipAddress: `${cidr}.1.11` }, ns));
  cluster.apply(portIn('web', 'b', { ipAddress: `${cidr}.1.12` }, ns));
}

beforeEach(async () => {
  cluster = new OfflineCluster();
  cluster.apply(externalNetwork('public'));
  project('default');
  await cluster.settle();
});

const snat = (name: string, source: object, spec: object = {}) =>
  natRule(name, { type: 'SNAT', source, ...spec });
const dnat = (name: string, externalPort: number, spec: object = {}, ns?: string) =>
  natRule(
    name,
    { type: 'DNAT', protocol: 'TCP', externalPort, target: { portRef: { name: 'a' } }, ...spec },
    ns,
  );
const floating = (name: string, spec: object = {}, ns?: string) =>
  natRule(
    name,
    { type: 'FloatingIP', floatingIPRef: { name: 'ip' }, target: { portRef: { name: 'a' } }, ...spec },
    ns,
  );
const address = (name: string, spec: object = {}, ns?: string) =>
  floatingIP(name, { externalNetworkRef: { name: 'public' }, ...spec }, ns);
const ready = (name: string, ns = 'default') => cluster.ready('NatRule', `${ns}/${name}`);
const rows = (name: string, table: string, ns?: string) => rowsOf(cluster, 'NatRule', name, table, ns);

describe('a FloatingIP', () => {
  it('has the address that its spec names, or a free address', async () => {
    cluster.apply(address('ip', { address: '203.0.113.150' }));
    cluster.apply(address('any'));
    await cluster.settle();
    expect(cluster.get('FloatingIP', 'default/ip')?.status).toMatchObject({ address: '203.0.113.150' });
    expect(cluster.get('FloatingIP', 'default/any')?.status).toMatchObject({ address: '203.0.113.102' });
    expect(cluster.ready('FloatingIP', 'default/ip')).toBe('Ready');
    expect(cluster.get('ExternalNetwork', 'public')?.status).toMatchObject({ usedIPs: 3 });
  });

  it.each([
    ['an address outside the network', '198.51.100.7', /outside/],
    ['an address outside the allocation pools', '203.0.113.50', /outside/],
    ['the gateway address of the network', '203.0.113.1', /gateway address/],
    ['the broadcast address', '203.0.113.255', /broadcast/],
    ['the address of another object', '203.0.113.101', /already used in/],
  ])('is refused %s', async (_what, wanted, message) => {
    await cluster.settle();
    cluster.apply(address('ip', { address: wanted }));
    await cluster.settle();
    expect(cluster.ready('FloatingIP', 'default/ip')).toMatch(/^!AddressNotAvailable: /);
    expect(cluster.ready('FloatingIP', 'default/ip')).toMatch(message);
    expect(cluster.get('FloatingIP', 'default/ip')?.status).not.toHaveProperty('address');
  });

  it('gets the address that its spec names before the operator allocates addresses, in any order', async () => {
    cluster = new OfflineCluster();
    project('default');
    cluster.apply(address('any'));
    cluster.apply(address('named', { address: '203.0.113.101' }));
    cluster.apply(externalNetwork('public'));
    await cluster.settle();
    expect(cluster.get('FloatingIP', 'default/named')?.status).toMatchObject({ address: '203.0.113.101' });
    expect(cluster.ready('FloatingIP', 'default/any')).toBe('Ready');
  });

  it('gets no address without permission, and keeps its address when the permission ends', async () => {
    cluster.apply(address('ip'));
    await cluster.settle();
    const allowed = { matchExpressions: [{ key: 'blocked', operator: 'DoesNotExist' }] };
    cluster.apply(externalNetwork('public', { allowedNamespaces: { selector: allowed } }));
    cluster.apply(namespace('default', { blocked: 'yes' }));
    await cluster.settle();
    cluster.apply(address('late'));
    await cluster.settle();
    expect(cluster.ready('FloatingIP', 'default/ip')).toMatch(/^!ExternalNetworkNotAllowed/);
    expect(cluster.ready('FloatingIP', 'default/late')).toMatch(/^!ExternalNetworkNotAllowed/);
    cluster.apply(namespace('default'));
    await cluster.settle();
    expect(cluster.get('FloatingIP', 'default/ip')?.status).toMatchObject({ address: '203.0.113.102' });
  });

  it('lists the NatRules that use it, and exists until no NatRule uses it', async () => {
    cluster.apply(address('ip'));
    cluster.apply(floating('rule'));
    await cluster.settle();
    expect(cluster.get('FloatingIP', 'default/ip')?.status).toMatchObject({ usedBy: ['rule'] });
    cluster.delete('FloatingIP', 'default/ip');
    await cluster.settle();
    expect(cluster.ready('FloatingIP', 'default/ip')).toMatch(/^!InUse: .*NatRule rule/);
    cluster.delete('NatRule', 'default/rule');
    await cluster.settle();
    expect(cluster.get('FloatingIP', 'default/ip')).toBeUndefined();
    expect(cluster.get('ExternalNetwork', 'public')?.status).toMatchObject({ usedIPs: 1 });
  });
});

describe('a NatRule', () => {
  it('of type SNAT translates a CIDR or a Subnet to its external address', async () => {
    cluster.apply(address('ip'));
    cluster.apply(snat('net', { cidr: '10.9.2.0/24' }, { externalIP: '203.0.113.150' }));
    cluster.apply(snat('sub', { subnetRef: { name: 'web' } }, { floatingIPRef: { name: 'ip' } }));
    cluster.apply(snat('one', { cidr: '10.9.2.7/32' }));
    await cluster.settle();
    expect(['net', 'sub', 'one'].map((name) => ready(name))).toEqual(['Ready', 'Ready', 'Ready']);
    const [net, sub, one] = ['net', 'sub', 'one'].map((name) => rows(name, 'NAT')[0]);
    expect(net).toMatchObject({ type: 'snat', external_ip: '203.0.113.150', logical_ip: '10.9.2.0/24' });
    expect(sub).toMatchObject({ type: 'snat', external_ip: '203.0.113.102', logical_ip: '10.9.1.0/24' });
    expect(one).toMatchObject({ external_ip: '203.0.113.101', logical_ip: '10.9.2.7' });
    expect(cluster.get('NatRule', 'default/sub')?.status).toMatchObject({
      externalIP: '203.0.113.102',
      internalIP: '10.9.1.0/24',
    });
  });

  it('of type DNAT has a load balancer on the router and on the switches of the VPC', async () => {
    cluster.apply(dnat('https', 443, { externalIP: '203.0.113.150', internalPort: 8443 }));
    await cluster.settle();
    expect(ready('https')).toBe('Ready');
    expect(rows('https', 'Load_Balancer')).toEqual([
      expect.objectContaining({
        protocol: ['tcp'],
        vips: { '203.0.113.150:443': '10.9.1.11:8443' },
        // No machine has the network address, so no answers but those of the machine to itself return to it.
        options: { hairpin_snat_ip: '203.0.113.0' },
      }),
    ]);
    const memberships = () =>
      [...cluster.writer.states.values()]
        .find(({ owner }) => owner.kind === 'NatRule')
        ?.desired.memberships.map(({ table }) => table)
        .sort();
    expect(memberships()).toEqual(['Logical_Router', 'Logical_Switch']);
    cluster.apply(subnet('more', { cidr: '10.9.3.0/24' }));
    cluster.apply(providerNetwork('plant', { physicalNetwork: 'plant1' }));
    cluster.apply(subnet('vlan', { cidr: '10.9.4.0/24', provider: on('plant') }));
    // The VMs of this Subnet use a router outside OVN.
    const noGateway = { gateway: { mode: 'None' } };
    cluster.apply(subnet('outer', { cidr: '10.9.5.0/24', ...noGateway, provider: on('plant', 100) }));
    await cluster.settle();
    expect(memberships()).toEqual(['Logical_Router', ...Array<string>(3).fill('Logical_Switch')]);
  });

  it('of type DNAT reports the groups whose Ports do not reach the port from inside, and is Ready', async () => {
    const group = (stateful: string) => securityGroup('fast', { stateful, ingress: [{ protocol: 'All' }] });
    const inside = () => cluster.condition('ReachableInside', 'NatRule', 'default/web');
    cluster.apply(dnat('web', 80));
    await cluster.runQueue();
    expect(inside()).toBe('ReachableInside');
    cluster.apply(group('Disabled'));
    cluster.apply(namespace('other'));
    await cluster.runQueue();
    expect(inside()).toMatch(
      /^!StatelessClients: Ports of the SecurityGroups fast .*use the internal address/,
    );
    expect(ready('web')).toBe('Ready');
    cluster.apply(group('Enabled'));
    await cluster.runQueue();
    expect(inside()).toBe('ReachableInside');
  });

  it('of type DNAT shares the gateway address or a named address by port and protocol', async () => {
    cluster.apply(dnat('a', 80));
    cluster.apply(dnat('b', 81, { target: { address: '10.9.1.12' } }));
    cluster.apply(dnat('c', 80, { protocol: 'UDP' }));
    cluster.apply(dnat('d', 80, { externalIP: '203.0.113.150' }));
    cluster.apply(dnat('e', 443, { externalIP: '203.0.113.150' }));
    await cluster.settle();
    expect(['a', 'b', 'c', 'd', 'e'].map((name) => ready(name))).toEqual(Array(5).fill('Ready'));
    expect(cluster.get('ExternalNetwork', 'public')?.status).toMatchObject({ usedIPs: 2 });
    cluster.delete('NatRule', 'default/d');
    await cluster.settle();
    expect(cluster.get('ExternalNetwork', 'public')?.status).toMatchObject({ usedIPs: 2 });
    cluster.delete('NatRule', 'default/e');
    await cluster.settle();
    expect(cluster.get('ExternalNetwork', 'public')?.status).toMatchObject({ usedIPs: 1 });
  });

  it('of type FloatingIP translates both directions, and is distributed only while the Port is up on a suitable host', async () => {
    cluster.apply(address('ip'));
    cluster.apply(address('ip2'));
    cluster.apply(floating('central'));
    cluster.apply(
      floating('spread', {
        floatingIPRef: { name: 'ip2' },
        mode: 'Distributed',
        target: { portRef: { name: 'b' } },
      }),
    );
    await cluster.settle();
    const expected = { type: 'dnat_and_snat', logical_ip: '10.9.1.12', external_ip: '203.0.113.103' };
    expect(rows('central', 'NAT')[0]).not.toHaveProperty('external_mac');
    expect(rows('spread', 'NAT')).toEqual([expect.objectContaining(expected)]);
    expect(rows('spread', 'NAT')[0]).not.toHaveProperty('external_mac');
    const port = cluster.get('Port', 'default/b')!.metadata.uid;
    cluster.bindings = new Map([[port, 'gw1']]);
    await cluster.settle();
    const up = rows('spread', 'NAT')[0];
    expect(up).toMatchObject({
      ...expected,
      logical_port: [port],
      external_mac: [expect.stringMatching(/^0a:/)],
    });
    expect(rows('central', 'NAT')[0]).not.toHaveProperty('external_mac');
    cluster.bindings = undefined;
    await cluster.settle();
    expect(rows('spread', 'NAT')[0]).toEqual(up);
    cluster.bindings = new Map();
    await cluster.settle();
    expect(rows('spread', 'NAT')[0]).not.toHaveProperty('external_mac');
    // This host does not have the physical network.
    cluster.bindings = new Map([[port, 'hv1']]);
    await cluster.settle();
    expect(rows('spread', 'NAT')[0]).not.toHaveProperty('external_mac');
    expect(ready('spread')).toBe('Ready');
  });

  it('reports that connections pause during a move of the VM only if the floating IP is distributed', async () => {
    const moves = () => cluster.condition('MovesWithoutPause', 'NatRule', 'default/rule');
    cluster.apply(address('ip'));
    cluster.apply(floating('rule', { mode: 'Distributed' }));
    await cluster.settle();
    expect(moves()).toMatch(/^!AnnouncedLate: .*set spec\.mode to Centralized/);
    expect(ready('rule')).toBe('Ready');
    cluster.apply(floating('rule', { mode: 'Centralized' }));
    await cluster.settle();
    const rule = cluster.get('NatRule', 'default/rule');
    expect(JSON.stringify(rule?.status)).not.toContain('MovesWithoutPause');
  });

  it('of type FloatingIP is not distributed for a Port on a physical network, and reports that', async () => {
    cluster.apply(providerNetwork('plant', { physicalNetwork: 'plant1' }));
    cluster.apply(subnet('vlan', { cidr: '10.9.4.0/24', provider: on('plant') }));
    cluster.apply(portIn('vlan', 'c'));
    cluster.apply(address('ip'));
    cluster.apply(floating('rule', { target: { portRef: { name: 'c' } }, mode: 'Distributed' }));
    await cluster.settle();
    cluster.bindings = new Map([[cluster.get('Port', 'default/c')!.metadata.uid, 'gw1']]);
    await cluster.settle();
    expect(ready('rule')).toMatch(/^!ModeNotSupported: .*set the same in the NatRule/);
    expect(rows('rule', 'NAT')).toHaveLength(1);
    expect(rows('rule', 'NAT')[0]).not.toHaveProperty('external_mac');
    cluster.apply(floating('rule', { target: { portRef: { name: 'c' } }, mode: 'Centralized' }));
    await cluster.settle();
    expect(ready('rule')).toBe('Ready');
  });

  it('of type FloatingIP is not distributed while a DNAT rule, older or younger, forwards to the same Port', async () => {
    cluster.bindings = new Map([[cluster.get('Port', 'default/a')!.metadata.uid, 'gw1']]);
    cluster.apply(address('ip'));
    cluster.apply(floating('rule', { mode: 'Distributed' }));
    await cluster.runQueue();
    expect(ready('rule')).toBe('Ready');
    expect(rows('rule', 'NAT')[0]).toHaveProperty('external_mac');
    for (const target of [{ portRef: { name: 'a' } }, { address: '10.9.1.11' }]) {
      cluster.apply(dnat('web', 80, { target }));
      await cluster.runQueue();
      expect([ready('rule'), ready('web')]).toEqual([
        expect.stringMatching(
          /^!ModeNotSupported: .*the NatRule "web" .*set the same in the NatRule, or delete/,
        ),
        'Ready',
      ]);
      expect(rows('rule', 'NAT')[0]).not.toHaveProperty('external_mac');
      await cluster.restart();
      await cluster.settle();
      expect(ready('rule')).toMatch(/^!ModeNotSupported/);
      cluster.delete('NatRule', 'default/web');
      await cluster.runQueue();
      expect(ready('rule')).toBe('Ready');
      expect(rows('rule', 'NAT')[0]).toHaveProperty('external_mac');
    }
    cluster.apply(dnat('other', 80, { target: { portRef: { name: 'b' } } }));
    await cluster.runQueue();
    expect(ready('rule')).toBe('Ready');
  });

  describe('that becomes Centralized', () => {
    let steps: string[];
    const translations = () => rows('rule', 'NAT').map(({ external_ip: ip }) => ip);
    const uidOf = (name: string) => cluster.get('Port', `default/${name}`)!.metadata.uid;

    beforeEach(async () => {
      cluster.apply(externalNetwork('public', { gatewayChassis: { mode: 'Named', names: ['gw1'] } }));
      cluster.apply(address('ip', { address: '203.0.113.150' }));
      cluster.apply(floating('rule', { mode: 'Distributed' }));
      await cluster.settle();
      steps = [];
      cluster.waitsFor = (host) => steps.push(`${host} forgets ${translations().length} translations`);
    });
    const startOn = async (host: string): Promise<void> => {
      cluster.bindings = new Map([[uidOf('a'), host]]);
      await cluster.settle();
      expect(rows('rule', 'NAT')[0]).toHaveProperty('external_mac');
    };

    it('is first withdrawn from the host of its VM, if this host can be the gateway', async () => {
      await startOn('gw1');
      cluster.apply(floating('rule', { mode: 'Centralized' }));
      await cluster.runQueue();
      expect(steps).toEqual(['gw1 forgets 0 translations']);
      expect(rows('rule', 'NAT')).toEqual([expect.not.objectContaining({ external_mac: expect.anything() })]);
      expect(ready('rule')).toBe('Ready');
    });

    it('keeps its translation on other hosts', async () => {
      await startOn('gw2');
      cluster.apply(floating('rule', { mode: 'Centralized' }));
      await cluster.runQueue();
      expect(steps).toEqual([]);
      expect(translations()).toEqual(['203.0.113.150']);
    });

    it('gets the translation of its spec at the end of the wait', async () => {
      await startOn('gw1');
      cluster.waitsFor = () => {
        cluster.waitsFor = undefined;
        cluster.apply(floating('rule', { mode: 'Centralized', target: { portRef: { name: 'b' } } }));
      };
      cluster.apply(floating('rule', { mode: 'Centralized' }));
      await cluster.runQueue();
      expect(rows('rule', 'NAT')).toEqual([expect.objectContaining({ logical_ip: '10.9.1.12' })]);
    });

    it('has its translation again after a restart in the wait', async () => {
      await startOn('gw1');
      cluster.waitsFor = () => {
        throw new Error('the process ended');
      };
      cluster.apply(floating('rule', { mode: 'Centralized' }));
      await expect(cluster.runQueue()).rejects.toThrow('the process ended');
      expect(translations()).toEqual([]);
      await cluster.restart();
      await cluster.settle();
      expect(translations()).toEqual(['203.0.113.150']);
      expect(ready('rule')).toBe('Ready');
    });
  });

  it('of a reused distributed address has the same MAC address as before', async () => {
    project('other', '10.8');
    cluster.apply(address('ip', { address: '203.0.113.150' }));
    cluster.apply(floating('rule', { mode: 'Distributed' }));
    await cluster.settle();
    cluster.bindings = new Map(
      ['default/a', 'other/a'].map((key) => [cluster.get('Port', key)!.metadata.uid, 'gw1']),
    );
    await cluster.settle();
    const before = rows('rule', 'NAT')[0]?.['external_mac'];
    cluster.delete('NatRule', 'default/rule');
    cluster.delete('FloatingIP', 'default/ip');
    await cluster.settle();
    cluster.apply(address('ip', { address: '203.0.113.150' }, 'other'));
    cluster.apply(floating('rule', { mode: 'Distributed' }, 'other'));
    await cluster.settle();
    expect(ready('rule', 'other')).toBe('Ready');
    expect(rows('rule', 'NAT', 'other')[0]).toMatchObject({ logical_ip: '10.8.1.11', external_mac: before });
  });

  it.each<[string, object, RegExp]>([
    ['names a missing VPC', { vpcRef: { name: 'x' } }, /^!VPCNotFound: .*"x"/],
    ['names a missing Port', { target: { portRef: { name: 'x' } } }, /^!PortNotFound: .*"x"/],
    ['has a target outside the VPC', { target: { address: '10.8.0.1' } }, /^!AddressOutsideVPC: /],
    ['names a missing FloatingIP', { floatingIPRef: { name: 'x' } }, /^!FloatingIPNotFound: .*"x"/],
    [
      'names the gateway address of the network',
      { externalIP: '203.0.113.1' },
      /^!NatConflict: .*gateway address/,
    ],
    [
      'names an address outside the allocation pools',
      { externalIP: '203.0.113.7' },
      /^!NatConflict: .*outside/,
    ],
    [
      'names the gateway address of the VPC',
      { externalIP: '203.0.113.101' },
      /^!NatConflict: .*remove spec\.externalIP/,
    ],
  ])('that %s has no rows and reports the reason', async (_what, spec, message) => {
    await cluster.settle();
    cluster.apply(dnat('rule', 80, spec));
    await cluster.settle();
    expect(ready('rule')).toMatch(message);
    expect(rows('rule', 'Load_Balancer')).toEqual([]);
  });

  describe('for a Subnet without gateway', () => {
    const isolated = (mode: string) => subnet('isolated', { cidr: '10.9.2.0/24', gateway: { mode } });
    const inIsolated = { portRef: { name: 'c' } };

    it.each<[string, Manifest]>([
      ['forwards to a Port', dnat('rule', 80, { target: inIsolated })],
      ['forwards to an address', dnat('rule', 80, { target: { address: '10.9.2.77' } })],
      ['translates a Port', floating('rule', { target: inIsolated })],
      ['translates a Port on its host', floating('rule', { target: inIsolated, mode: 'Distributed' })],
      ['translates an address', floating('rule', { target: { address: '10.9.2.77' } })],
      ['translates the Subnet', snat('rule', { subnetRef: { name: 'isolated' } })],
      ['translates a part of the Subnet', snat('rule', { cidr: '10.9.2.64/26' })],
    ])('is not in effect while the router has no route, if it %s', async (_what, rule) => {
      cluster.apply(address('ip'));
      cluster.apply(isolated('None'));
      cluster.apply(portIn('isolated', 'c', { ipAddress: '10.9.2.11' }));
      cluster.apply(rule);
      for (const [mode, expected] of [
        ['None', /^!SubnetWithoutGateway: The Subnet "isolated" has no gateway.*set gateway\.mode/],
        ['Automatic', /^Ready$/],
        ['None', /^!SubnetWithoutGateway: /],
        ['Automatic', /^Ready$/],
      ] as const) {
        cluster.apply(isolated(mode));
        await cluster.runQueue();
        expect(ready('rule')).toMatch(expected);
        expect(ownersOf(cluster).includes('NatRule/rule')).toBe(mode === 'Automatic');
      }
    });
  });

  it('with another external address is counted by the ExternalNetwork', async () => {
    const used = () => (cluster.get('ExternalNetwork', 'public')?.status as { usedIPs: number }).usedIPs;
    cluster.apply(dnat('rule', 80));
    await cluster.runQueue();
    expect(used()).toBe(1);
    cluster.apply(dnat('rule', 80, { externalIP: '203.0.113.150' }));
    await cluster.runQueue();
    expect(used()).toBe(2);
    cluster.apply(dnat('rule', 80));
    await cluster.runQueue();
    expect(used()).toBe(1);
  });

  it('waits for the Subnet that contains the address of its target', async () => {
    cluster.apply(address('ip'));
    cluster.apply(floating('rule', { target: { address: '10.9.5.7' } }));
    await cluster.runQueue();
    expect(ready('rule')).toMatch(
      /^!SubnetNotFound: spec\.target\.address: 10\.9\.5\.7 is in no Subnet of the VPC/,
    );
    cluster.apply(subnet('late', { cidr: '10.9.5.0/24' }));
    await cluster.runQueue();
    expect(ready('rule')).toBe('Ready');
    cluster.delete('Subnet', 'default/late');
    await cluster.runQueue();
    expect(ready('rule')).toMatch(/^!SubnetNotFound: /);
  });

  it('follows the Subnet of its Port whose finalizer a user removed', async () => {
    cluster.apply(address('ip'));
    cluster.apply(floating('rule'));
    await cluster.runQueue();
    expect(ready('rule')).toBe('Ready');
    cluster.forceDelete('Subnet', 'default/web');
    await cluster.runQueue();
    expect(ready('rule')).toMatch(/^!PortNotReady: /);
  });

  it.each<[string, object, RegExp]>([
    ['is outside the VPC', { cidr: '10.8.0.0/24' }, /^!AddressOutsideVPC: /],
    ['is a missing Subnet', { subnetRef: { name: 'x' } }, /^!SubnetNotFound: .*"x"/],
    [
      'is the range of a VPC with SNAT',
      { cidr: '10.9.0.0/16' },
      /^!NatConflict: .*snat of the VPC to Disabled/,
    ],
  ])('whose source %s has no rows and reports the reason', async (_what, source, message) => {
    cluster.apply(snat('rule', source));
    await cluster.settle();
    expect(ready('rule')).toMatch(message);
    expect(rows('rule', 'NAT')).toEqual([]);
  });

  it.each([
    ['has a target outside the VPC', dnat('rule', 80, { target: { address: '10.8.0.1' } })],
    ['has a source outside the VPC', snat('rule', { cidr: '10.8.0.0/24' })],
  ])('that %s is Stalled', async (_what, rule) => {
    cluster.apply(rule);
    await cluster.settle();
    expect(cluster.condition('Stalled', 'NatRule', 'default/rule')).toBe('AddressOutsideVPC');
  });

  it('waits for a gateway, and loses its rows when the gateway is removed', async () => {
    cluster.apply(dnat('rule', 80));
    await cluster.settle();
    expect(ready('rule')).toBe('Ready');
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
    await cluster.settle();
    expect(ready('rule')).toMatch(/^!NoExternalGateway/);
    expect(rows('rule', 'Load_Balancer')).toEqual([]);
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None', externalGateway: gateway }));
    await cluster.settle();
    expect(ready('rule')).toBe('Ready');
  });

  it('has no rows while its Port does not exist', async () => {
    cluster.apply(dnat('rule', 80));
    await cluster.settle();
    cluster.delete('Port', 'default/a');
    await cluster.settle();
    expect(ready('rule')).toMatch(/^!PortNotFound/);
    expect(rows('rule', 'Load_Balancer')).toEqual([]);
  });

  it("is refused a FloatingIP of a network other than the gateway's", async () => {
    cluster.apply(
      externalNetwork('campus', { cidr: '198.51.100.0/24', gateway: '198.51.100.1', allocationPools: [] }),
    );
    cluster.apply(floatingIP('ip', { externalNetworkRef: { name: 'campus' } }));
    cluster.apply(floating('rule'));
    await cluster.settle();
    expect(ready('rule')).toMatch(/^!NatConflict: .*"campus".*"public"/);
  });
});

describe('of two conflicting NatRules, only the older one is in effect', () => {
  const pairs: [string, object, object][] = [
    ['the same port of the gateway address', dnat('x', 80).spec!, dnat('x', 80, { internalPort: 90 }).spec!],
    [
      'the same port of a FloatingIP',
      dnat('x', 80, { floatingIPRef: { name: 'ip' } }).spec!,
      dnat('x', 80, { floatingIPRef: { name: 'ip' }, target: { address: '10.9.1.12' } }).spec!,
    ],
    [
      'a port of an address that an older FloatingIP rule uses',
      floating('x').spec!,
      dnat('x', 80, { floatingIPRef: { name: 'ip' } }).spec!,
    ],
    [
      'an address with a port that an older DNAT rule uses',
      dnat('x', 80, { floatingIPRef: { name: 'ip' } }).spec!,
      floating('x').spec!,
    ],
    [
      'SNAT to an address that an older FloatingIP rule uses',
      floating('x').spec!,
      snat('x', { cidr: '10.9.7.0/24' }, { floatingIPRef: { name: 'ip' } }).spec!,
    ],
    [
      'two floating IPs for one Port',
      floating('x').spec!,
      floating('x', { floatingIPRef: { name: 'ip2' } }).spec!,
    ],
    [
      'two Ports for one floating IP',
      floating('x').spec!,
      floating('x', { target: { portRef: { name: 'b' } } }).spec!,
    ],
    [
      'the same source of SNAT',
      snat('x', { cidr: '10.9.1.0/24' }, { floatingIPRef: { name: 'ip' } }).spec!,
      snat('x', { subnetRef: { name: 'web' } }, { floatingIPRef: { name: 'ip2' } }).spec!,
    ],
    [
      'SNAT of a Port that an older FloatingIP rule translates',
      floating('x').spec!,
      snat('x', { cidr: '10.9.1.11/32' }, { floatingIPRef: { name: 'ip2' } }).spec!,
    ],
    [
      'a floating IP for a Port that an older SNAT rule translates',
      snat('x', { cidr: '10.9.1.11/32' }).spec!,
      floating('x').spec!,
    ],
  ];

  beforeEach(() => {
    cluster.apply(address('ip'));
    cluster.apply(address('ip2'));
  });

  it.each(pairs)('if they have %s', async (_what, first, second) => {
    cluster.apply(natRule('older', first as Record<string, unknown>));
    cluster.apply(natRule('younger', second as Record<string, unknown>));
    await cluster.settle((objects) => objects.toReversed());
    expect([ready('older'), ready('younger')]).toEqual([
      'Ready',
      expect.stringMatching(/^!NatConflict: The NatRule conflicts with the older NatRule "older"/),
    ]);
    expect(ownersOf(cluster)).not.toContain('NatRule/younger');
    cluster.delete('NatRule', 'default/older');
    await cluster.settle();
    expect(ready('younger')).toBe('Ready');
  });

  it('but the address of another tenant is refused without its owner in the message', async () => {
    project('other', '10.8');
    cluster.apply(dnat('mine', 80, { externalIP: '203.0.113.150' }));
    await cluster.settle();
    cluster.apply(dnat('theirs', 443, { externalIP: '203.0.113.150' }, 'other'));
    cluster.apply(dnat('ip', 443, { externalIP: '203.0.113.103' }, 'other'));
    await cluster.settle();
    for (const name of ['theirs', 'ip']) {
      expect(ready(name, 'other')).toMatch(
        /^!NatConflict: 203\.0\.113\.\d+ is already used in the ExternalNetwork "public"; set another spec\.externalIP\.$/,
      );
    }
    cluster.delete('NatRule', 'default/mine');
    await cluster.settle();
    expect(ready('theirs', 'other')).toBe('Ready');
  });

  it('but a rule must refer to a FloatingIP of the namespace by its name', async () => {
    cluster.apply(address('named', { address: '203.0.113.150' }));
    await cluster.settle();
    cluster.apply(dnat('rule', 80, { externalIP: '203.0.113.150' }));
    await cluster.settle();
    expect(ready('rule')).toMatch(/^!NatConflict: .*FloatingIP "named".*floatingIPRef/);
  });
});
