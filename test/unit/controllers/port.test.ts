import { beforeEach, describe, expect, it } from '@jest/globals';
import { computeMac } from '../../../src/api/index.ts';
import {
  port,
  portIn,
  projectPolicy,
  securityGroup,
  subnet,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster, printable } from '../../support/controllers/offline-cluster.ts';

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
  cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
  cluster.apply(
    subnet('a', { cidr: '10.9.1.0/29', reservedRanges: [{ start: '10.9.1.5', end: '10.9.1.5' }] }),
  );
});
const ready = (name: string) => cluster.ready('Port', `default/${name}`);
const statusOf = (name: string) =>
  cluster.get('Port', `default/${name}`)?.status as Record<string, unknown> | undefined;
const addressOf = (name: string) => statusOf(name)?.ipAddress;
const lspOf = (name: string) => {
  const uid = cluster.get('Port', `default/${name}`)?.metadata.uid ?? '';
  const row = cluster.writer.states
    .get(uid)
    ?.desired.rows.find(({ table }) => table === 'Logical_Switch_Port');
  return printable(row?.columns) as Record<string, unknown>;
};

describe('a Port', () => {
  it('has a status with everything that a VM manager needs', async () => {
    cluster.apply(subnet('b', { cidr: '10.9.2.0/24', dhcp: { dnsServers: ['10.9.2.53'] } }));
    cluster.apply(portIn('b', 'p', { macAddress: '0A:00:00:00:00:01' }));
    await cluster.settle();
    expect(ready('p')).toBe('Ready');
    expect(statusOf('p')).toMatchObject({
      interfaceID: cluster.get('Port', 'default/p')?.metadata.uid,
      macAddress: '0a:00:00:00:00:01',
      ipAddress: '10.9.2.2',
      prefixLength: 24,
      gatewayIP: '10.9.2.1',
      mtu: 1442,
      dnsServers: ['10.9.2.53'],
      dhcp: 'Enabled',
    });
  });

  it('with DHCP in a Subnet without DHCP has its own options, and follows later changes of the Subnet', async () => {
    const network = (mode: string, mtu = 1400) => subnet('b', { cidr: '10.9.2.0/24', mtu, dhcp: { mode } });
    cluster.apply(network('Disabled'));
    cluster.apply(portIn('b', 'p', { dhcp: { mode: 'Enabled' } }));
    const options = () => {
      const rows = [...cluster.writer.states.values()].flatMap(({ owner, desired }) =>
        desired.rows
          .filter(({ table }) => table === 'DHCP_Options')
          .map((row) => ({ kind: owner.kind, row })),
      );
      const [used] = (lspOf('p')['dhcpv4_options'] ?? []) as string[];
      const found = rows.find(({ row }) => row.uuid === used);
      const { mtu, server_id } = printable(found?.row.columns['options'] ?? new Map()) as Record<
        string,
        string
      >;
      return [ready('p'), found?.kind, mtu, server_id];
    };
    for (const [manifest, kind, mtu] of [
      [network('Disabled'), 'Port', '1400'],
      [network('Disabled', 1300), 'Port', '1300'],
      [network('Enabled', 1300), 'Subnet', '1300'],
      [network('Disabled', 1200), 'Port', '1200'],
    ] as const) {
      cluster.apply(manifest);
      await cluster.runQueue();
      expect(options()).toEqual(['Ready', kind, mtu, '10.9.2.1']);
    }
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['names no group', { securityGroupRefs: undefined }],
    ['names a group that does not exist', { securityGroupRefs: [{ name: 'missing' }] }],
    [
      'names too many groups',
      { securityGroupRefs: Array.from({ length: 99 }, (_, n) => ({ name: `g${n}` })) },
    ],
  ])(
    'without filtering needs no SecurityGroup, although its spec %s, and needs the group with filtering',
    async (_what, spec) => {
      cluster.apply(portIn('a', 'p', { ...spec, trafficFiltering: 'Disabled' }));
      await cluster.runQueue();
      expect(ready('p')).toBe('Ready');
      cluster.apply(portIn('a', 'p', spec));
      await cluster.runQueue();
      expect(ready('p')).toMatch(/^!(SecurityGroupNotFound|TooManyGroups): /);
      cluster.apply(portIn('a', 'p', { ...spec, trafficFiltering: 'Disabled' }));
      await cluster.runQueue();
      expect(ready('p')).toBe('Ready');
    },
  );

  it('needs its SecurityGroups while administrators forbid that it is without filtering', async () => {
    cluster.apply(portIn('a', 'p', { securityGroupRefs: undefined, trafficFiltering: 'Disabled' }));
    cluster.apply(projectPolicy('strict', { powers: { trafficFilteringDisabled: 'Forbidden' } }));
    await cluster.runQueue();
    expect(cluster.condition('ResolvedRefs', 'Port', 'default/p')).toMatch(
      /^!SecurityGroupNotFound: .*"default"/,
    );
    cluster.delete('ProjectPolicy', 'strict');
    await cluster.runQueue();
    expect(ready('p')).toBe('Ready');
  });

  it('that shares other addresses later is counted by its Subnet', async () => {
    const available = () =>
      (cluster.get('Subnet', 'default/a')?.status as { availableIPs: number }).availableIPs;
    cluster.apply(portIn('a', 'p'));
    await cluster.runQueue();
    expect(available()).toBe(3);
    cluster.apply(portIn('a', 'p', { allowedAddresses: [{ cidr: '10.9.1.4/32' }] }));
    await cluster.runQueue();
    expect(available()).toBe(2);
    cluster.apply(portIn('a', 'p'));
    await cluster.runQueue();
    expect(available()).toBe(3);
  });

  it('is not in a Subnet of an earlier VPC until OVN contains the Subnet in the present VPC', async () => {
    cluster.apply(portIn('a', 'p'));
    await cluster.runQueue();
    cluster.forceDelete('VPC', 'default/net');
    cluster.apply(vpc('next', { cidr: '10.8.0.0/16', defaults: 'None' }));
    await cluster.runQueue();
    expect(cluster.ready('Subnet', 'default/a')).toMatch(/^!SubnetOutsideVPC: /);
    expect(ready('p')).toMatch(/^!SubnetNotReady: /);
  });

  it('keeps its interface ID and IP address; its MAC address and MTU follow the specs', async () => {
    cluster.apply(subnet('b', { cidr: '10.9.2.0/24' }));
    cluster.apply(portIn('b', 'p', { macAddress: '0a:00:00:00:00:01' }));
    await cluster.settle();
    const { interfaceID, ipAddress } = statusOf('p') ?? {};
    cluster.apply(subnet('b', { cidr: '10.9.2.0/24', mtu: 1300 }));
    cluster.apply(portIn('b', 'p', { macAddress: '0a:00:00:00:00:02' }));
    await cluster.settle();
    expect(statusOf('p')).toMatchObject({
      interfaceID,
      ipAddress,
      macAddress: '0a:00:00:00:00:02',
      mtu: 1300,
    });
  });

  it('reports the DHCP mode of the Port, otherwise the mode of the Subnet', async () => {
    cluster.apply(subnet('b', { cidr: '10.9.2.0/24', dhcp: { mode: 'Disabled' } }));
    cluster.apply(portIn('b', 'silent'));
    cluster.apply(portIn('b', 'answered', { dhcp: { mode: 'Enabled' } }));
    cluster.apply(portIn('a', 'silenced', { dhcp: { mode: 'Disabled' } }));
    await cluster.settle();
    expect(['silent', 'answered', 'silenced'].map((name) => statusOf(name)?.['dhcp'])).toEqual([
      'Disabled',
      'Enabled',
      'Disabled',
    ]);
  });

  it('with adminState Down is Ready with the reason AdminDown, which the columns show', async () => {
    cluster.apply(portIn('a', 'p', { adminState: 'Down' }));
    await cluster.settle();
    expect(ready('p')).toBe('AdminDown');
    cluster.apply(portIn('a', 'p', { adminState: 'Up' }));
    await cluster.settle();
    expect(ready('p')).toBe('Ready');
  });

  it('with adminState Down that is not in effect reports the problem', async () => {
    cluster.apply(portIn('nowhere', 'p', { adminState: 'Down' }));
    await cluster.settle();
    expect(ready('p')).toMatch(/^!SubnetNotFound: /);
  });

  it('gets the next unused address, and a released address only when there is no unused one', async () => {
    for (const name of ['p', 'q', 'r']) cluster.apply(portIn('a', name));
    await cluster.settle();
    expect(['p', 'q', 'r'].map(addressOf)).toEqual(['10.9.1.2', '10.9.1.3', '10.9.1.4']);
    cluster.delete('Port', 'default/q');
    await cluster.settle();
    for (const name of ['s', 't']) cluster.apply(portIn('a', name));
    await cluster.settle();
    expect(['s', 't'].map(addressOf)).toEqual(['10.9.1.6', '10.9.1.3']);
  });

  it('reports that no address is free, and gets the first released address', async () => {
    for (const name of ['p', 'q', 'r', 's', 't']) cluster.apply(portIn('a', name));
    await cluster.settle();
    expect(ready('t')).toBe(
      '!PoolExhausted: No address of the Subnet "a" (10.9.1.0/29) is free; delete unused Ports, or widen allocationPools of the Subnet.',
    );
    cluster.delete('Port', 'default/p');
    await cluster.settle();
    expect(addressOf('t')).toBe('10.9.1.2');
  });

  it.each([
    ['10.9.2.2', 'IPOutsideSubnet: IP_OUTSIDE_SUBNET: 10.9.2.2 is outside the range of'],
    ['10.9.1.0', 'IPReserved: IP_RESERVED: 10.9.1.0 is the network address of'],
    ['10.9.1.7', 'IPReserved: IP_RESERVED: 10.9.1.7 is the broadcast address of'],
    ['10.9.1.1', 'IPReserved: IP_RESERVED: 10.9.1.1 is the gateway address of'],
    ['10.9.1.5', 'IPReserved: IP_RESERVED: 10.9.1.5 is reserved in'],
    ['fd00::1', 'InvalidCIDR: INVALID_CIDR: spec.ipAddress: '],
    ['10.9.1', 'InvalidCIDR: INVALID_CIDR: spec.ipAddress: '],
  ])('is refused the address %s', async (ipAddress, refusal) => {
    cluster.apply(portIn('a', 'p', { ipAddress }));
    await cluster.settle();
    expect(ready('p')).toContain(refusal);
    expect(lspOf('p')).toBeUndefined();
  });

  it('is refused the address of another Port, names that Port, and gets the address after its deletion', async () => {
    cluster.apply(portIn('a', 'p', { ipAddress: '10.9.1.4' }));
    await cluster.settle();
    cluster.apply(portIn('a', 'q', { ipAddress: '10.9.1.4' }));
    await cluster.settle();
    expect(ready('q')).toBe(
      '!IPAlreadyAllocated: IP_ALREADY_ALLOCATED: 10.9.1.4 is already the address of the Port "p"; ' +
        'create the Port with another ipAddress, or without ipAddress.',
    );
    cluster.delete('Port', 'default/p');
    await cluster.settle();
    expect(addressOf('q')).toBe('10.9.1.4');
  });

  it('without ipAddress does not get an address that another new Port names', async () => {
    cluster.apply(portIn('a', 'first'));
    cluster.apply(portIn('a', 'second', { ipAddress: '10.9.1.2' }));
    await cluster.settle();
    expect([addressOf('first'), addressOf('second')]).toEqual(['10.9.1.3', '10.9.1.2']);
  });

  it('is refused the MAC address of a Port or gateway in its Subnet, and can have a MAC address of another Subnet', async () => {
    cluster.apply(subnet('b', { cidr: '10.9.2.0/24' }));
    cluster.apply(portIn('a', 'p', { macAddress: '0a:00:00:00:00:01' }));
    cluster.apply(portIn('b', 'elsewhere', { macAddress: '0a:00:00:00:00:01' }));
    await cluster.settle();
    cluster.apply(portIn('a', 'q', { macAddress: '0A:00:00:00:00:01' }));
    await cluster.settle();
    expect(ready('q')).toBe(
      '!MACConflict: 0a:00:00:00:00:01 is already a MAC address of the Port "p"; use another MAC address.',
    );
    expect(ready('elsewhere')).toBe('Ready');
    cluster.delete('Port', 'default/p');
    await cluster.settle();
    expect(ready('q')).toBe('Ready');
  });

  const allowing = (name: string, ...macs: readonly string[]) =>
    portIn('a', name, { allowedAddresses: macs.map((mac, index) => ({ cidr: `10.10.7.${index}/32`, mac })) });

  it.each([
    ['of another Port', () => '0a:00:00:00:00:01', 'the Port "p"'],
    ['of the gateway', (uid: string) => computeMac(uid, 'gateway'), "the Subnet's gateway"],
    [
      'of the metadata service',
      (uid: string) => computeMac(uid, 'metadata'),
      "the Subnet's metadata service",
    ],
  ])(
    'is refused the MAC address %s as its own or an allowed address, and the rest of its spec is in effect',
    async (_whose, macIn, holder) => {
      const mac = macIn(cluster.get('Subnet', 'default/a')?.metadata.uid ?? '');
      cluster.apply(portIn('a', 'p', { macAddress: '0a:00:00:00:00:01' }));
      await cluster.settle();
      cluster.apply(portIn('a', 'own', { macAddress: mac }));
      cluster.apply(allowing('thief', '00:00:5e:00:01:01', mac.toUpperCase()));
      await cluster.settle();
      expect(ready('own')).toBe(
        `!MACConflict: ${mac} is already a MAC address of ${holder}; use another MAC address.`,
      );
      expect(ready('thief')).toBe(
        `!MACConflict: spec.allowedAddresses[1].mac: ${mac} is already a MAC address of ${holder}. ` +
          'The operator ignores the entries of spec.allowedAddresses with this MAC address; use another MAC address.',
      );
      expect(cluster.condition('Programmed', 'Port', 'default/thief')).toBe('Programmed');
      expect(JSON.stringify(lspOf('thief'))).toContain('00:00:5e:00:01:01 10.10.7.0/32');
      expect(JSON.stringify(lspOf('thief'))).not.toContain(mac);
      expect(JSON.stringify(lspOf('thief'))).not.toContain('10.10.7.1');
    },
  );

  it('gets an allowed MAC address of another Port after the deletion of that Port', async () => {
    cluster.apply(portIn('a', 'p', { macAddress: '0a:00:00:00:00:01' }));
    cluster.apply(allowing('q', '0a:00:00:00:00:01'));
    await cluster.settle();
    expect(ready('q')).toMatch(/^!MACConflict: /);
    cluster.delete('Port', 'default/p');
    await cluster.settle();
    expect(ready('q')).toBe('Ready');
    expect(JSON.stringify(lspOf('q'))).toContain('0a:00:00:00:00:01 10.10.7.0/32');
  });

  it('shares a virtual MAC address, which no Port can own until the last sharing Port releases it', async () => {
    const virtual = '00:00:5e:00:01:01';
    cluster.apply(allowing('p', virtual));
    cluster.apply(allowing('q', virtual));
    await cluster.settle();
    expect(['p', 'q'].map(ready)).toEqual(['Ready', 'Ready']);
    // Both ports must receive the frames: OVN does not define which of two ports with the same address gets a frame.
    for (const name of ['p', 'q'])
      expect(lspOf(name).addresses).toEqual([expect.not.stringContaining(virtual), 'unknown']);
    cluster.apply(portIn('a', 'r', { macAddress: virtual }));
    await cluster.settle();
    expect(ready('r')).toMatch(/^!MACConflict: 00:00:5e:00:01:01 is already a MAC address of the Port "p"/);
    cluster.apply(allowing('p'));
    await cluster.settle();
    expect(ready('r')).toMatch(/"q"/);
    cluster.delete('Port', 'default/q');
    await cluster.settle();
    expect(ready('r')).toBe('Ready');
    expect(lspOf('p').addresses).toHaveLength(1);
  });

  it.each(['01:00:00:00:00:01', '00:00:00:00:00:00', 'zz'])(
    'is refused the MAC address %s',
    async (macAddress) => {
      cluster.apply(portIn('a', 'p', { macAddress }));
      await cluster.settle();
      expect(ready('p')).toMatch(/^!InvalidMAC: spec\.macAddress: /);
    },
  );

  it('waits until its Subnet exists and is ready', async () => {
    cluster.apply(portIn('later', 'p'));
    await cluster.settle();
    expect(ready('p')).toBe(
      '!SubnetNotFound: There is no Subnet "later" in the namespace; create the Subnet, or correct the name.',
    );
    cluster.apply(subnet('later', { cidr: '10.8.0.0/24' }));
    await cluster.settle();
    expect(ready('p')).toBe(
      '!SubnetNotReady: The Subnet "later" is not ready; check the conditions of the Subnet.',
    );
    cluster.delete('Subnet', 'default/later');
    await cluster.settle();
    expect(ready('p')).toMatch(/SubnetNot/);
  });

  it('is closed and not Ready while a SecurityGroup does not exist or is not in OVN', async () => {
    cluster.apply(port('p', { subnetRef: { name: 'a' }, securityGroupRefs: [{ name: 'web' }] }));
    await cluster.settle();
    expect(ready('p')).toBe(
      '!SecurityGroupNotFound: SECURITY_GROUP_NOT_FOUND: There is no SecurityGroup "web" in the namespace; a group that is not in OVN allows nothing. Create the SecurityGroup, or correct the name.',
    );
    expect(cluster.condition('Programmed', 'Port', 'default/p')).toBe('Programmed');
    cluster.writer.parentless = new Set(['SecurityGroup']);
    cluster.apply(securityGroup('web'));
    await cluster.settle();
    expect(ready('p')).toBe(
      '!SecurityGroupNotReady: OVN does not contain the SecurityGroup "web" yet, and a group that is not in OVN allows nothing; wait; if the condition does not change, check the conditions of the SecurityGroup.',
    );
    cluster.writer.parentless = new Set();
    await cluster.settle();
    expect(ready('p')).toBe('Ready');
  });

  it('without securityGroupRefs is in the SecurityGroup default', async () => {
    cluster.apply(port('p', { subnetRef: { name: 'a' } }));
    await cluster.settle();
    expect(ready('p')).toMatch(/"default"/);
    cluster.apply(securityGroup('default'));
    await cluster.settle();
    expect(ready('p')).toBe('Ready');
    expect(cluster.get('SecurityGroup', 'default/default')?.status).toMatchObject({ portCount: 1 });
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['MAC and IP address', {}, { addresses: ['M 10.9.1.2'], port_security: ['M 10.9.1.2'] }],
    [
      'the MAC address only',
      { spoofingProtection: 'MACOnly' },
      { addresses: ['M 10.9.1.2'], port_security: ['M'] },
    ],
    [
      'no address',
      { spoofingProtection: 'Disabled' },
      { addresses: ['M 10.9.1.2', 'unknown'], port_security: [] },
    ],
    [
      'a virtual IP address too',
      { allowedAddresses: [{ cidr: '10.9.1.4/32' }, { cidr: '10.9.1.3/32', mac: '00:00:5E:00:01:01' }] },
      {
        addresses: ['M 10.9.1.2', 'unknown'],
        port_security: ['00:00:5e:00:01:01 10.9.1.3/32', 'M 10.9.1.2 10.9.1.4/32 10.9.1.3/32'],
      },
    ],
  ])('has port security for %s', async (_what, spec, expected) => {
    cluster.apply(portIn('a', 'p', spec));
    await cluster.settle();
    const mac = String(statusOf('p')?.macAddress);
    const { addresses, port_security } = lspOf('p');
    const masked = JSON.parse(JSON.stringify({ addresses, port_security }).replaceAll(mac, 'M')) as Record<
      string,
      string[]
    >;
    expect({
      addresses: masked.addresses?.toSorted(),
      port_security: masked.port_security?.toSorted(),
    }).toEqual(expected);
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['without attachment', {}, {}],
    ['on a host', { attachment: { vmID: 'vm', host: 'h1' } }, { 'requested-chassis': 'h1' }],
    [
      'during a migration',
      { attachment: { vmID: 'vm', host: 'h1', migrationTargetHost: 'h2' } },
      { 'requested-chassis': 'h1,h2', 'activation-strategy': 'rarp' },
    ],
  ])('has the options for its attachment: %s', async (_what, spec, options) => {
    cluster.apply(portIn('a', 'p', spec));
    await cluster.settle();
    expect(lspOf('p').options).toEqual(options);
  });

  it('is disabled by adminState Down', async () => {
    cluster.apply(portIn('a', 'p', { adminState: 'Down' }));
    await cluster.settle();
    expect(lspOf('p').enabled).toEqual([false]);
  });

  it('has its own DHCP options only if it overrides options of the Subnet', async () => {
    cluster.apply(subnet('b', { cidr: '10.9.2.0/24', dhcp: { domainName: 'x.test' } }));
    cluster.apply(portIn('b', 'plain'));
    cluster.apply(portIn('b', 'own', { dhcp: { dnsServers: ['9.9.9.9'] } }));
    cluster.apply(portIn('b', 'none', { dhcp: { mode: 'Disabled' } }));
    await cluster.settle();
    const rowsOf = (name: string) =>
      cluster.writer.states.get(cluster.get('Port', `default/${name}`)?.metadata.uid ?? '')?.desired.rows ??
      [];
    expect(rowsOf('plain').map(({ table }) => table)).toEqual(['Logical_Switch_Port']);
    const own = rowsOf('own').find(({ table }) => table === 'DHCP_Options');
    expect(printable(own?.columns.options)).toMatchObject({
      dns_server: '9.9.9.9',
      domain_name: '"x.test"',
      router: '10.9.2.1',
    });
    expect(lspOf('own').dhcpv4_options).toEqual([own?.uuid]);
    expect(lspOf('none').dhcpv4_options).toBeUndefined();
  });

  it('has the rate limits of its spec', async () => {
    cluster.apply(
      portIn('a', 'p', {
        qos: { ingress: { maxRateKbps: 1000 }, egress: { maxRateKbps: 500, maxBurstKbits: 9 } },
      }),
    );
    await cluster.settle();
    const uid = cluster.get('Port', 'default/p')?.metadata.uid ?? '';
    const qos = cluster.writer.states.get(uid)?.desired.rows.filter(({ table }) => table === 'QoS') ?? [];
    expect(qos.map(({ columns }) => printable(columns))).toEqual([
      {
        priority: 2000,
        direction: 'to-lport',
        match: `outport == "${uid}"`,
        bandwidth: { rate: 1000, burst: 800 },
      },
      {
        priority: 2000,
        direction: 'from-lport',
        match: `inport == "${uid}"`,
        bandwidth: { rate: 500, burst: 9 },
      },
    ]);
  });

  it('is in no port group with trafficFiltering Disabled', async () => {
    cluster.apply(securityGroup('web'));
    cluster.apply(portIn('a', 'p', { securityGroupRefs: [{ name: 'web' }], trafficFiltering: 'Disabled' }));
    await cluster.settle();
    const uid = cluster.get('Port', 'default/p')?.metadata.uid ?? '';
    const tables = cluster.writer.states.get(uid)?.desired.memberships.map(({ table }) => table);
    expect(tables).toEqual(['Logical_Switch']);
  });

  it('does not change its status while its switch is missing, unless a user changes its spec', async () => {
    cluster.apply(portIn('a', 'p'));
    await cluster.settle();
    cluster.writer.states.delete(cluster.get('Port', 'default/p')?.metadata.uid ?? '');
    cluster.writer.parentless = new Set(['Port']);
    cluster.statusWrites.length = 0;
    await cluster.settle();
    expect(cluster.statusWrites).toEqual([]);
    cluster.apply(portIn('a', 'p', { adminState: 'Down' }));
    await cluster.settle();
    expect(cluster.condition('Programmed', 'Port', 'default/p')).toMatch(/^!Pending: /);
  });

  it('is Ready without a host, and reports the host on which OVN has the interface up', async () => {
    cluster.apply(portIn('a', 'p'));
    await cluster.settle();
    expect(ready('p')).toBe('Ready');
    expect(cluster.condition('Bound', 'Port', 'default/p')).toBe(
      '!NotBound: No host has plugged in the interface; start the virtual machine, and check that external_ids:iface-id of its device is equal to status.interfaceID.',
    );
    cluster.bindings = new Map([[String(statusOf('p')?.interfaceID), 'host-1']]);
    await cluster.settle();
    expect(cluster.condition('Bound', 'Port', 'default/p')).toBe('Bound');
    expect(statusOf('p')).toMatchObject({ boundHost: 'host-1' });
    cluster.bindings = new Map();
    await cluster.settle();
    expect(cluster.condition('Bound', 'Port', 'default/p')).toMatch(/^!NotBound/);
    expect(statusOf('p')).not.toHaveProperty('boundHost');
  });

  it('keeps the reported host while the Southbound database is not readable', async () => {
    cluster.apply(portIn('a', 'p'));
    await cluster.settle();
    cluster.bindings = new Map([[String(statusOf('p')?.interfaceID), 'host-1']]);
    await cluster.settle();
    cluster.bindings = undefined;
    cluster.statusWrites.length = 0;
    await cluster.settle();
    expect(cluster.statusWrites).toEqual([]);
    expect(statusOf('p')).toMatchObject({ boundHost: 'host-1' });
  });

  it('with too many SecurityGroups is not accepted, and stays in its previous groups', async () => {
    const limits = {
      rulesPerGroup: 9,
      matchesPerGroup: 9,
      groupsPerPort: 2,
      policiesPerPort: 9,
      matchesPerPort: 999,
    };
    cluster = new OfflineCluster({ limits });
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
    cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
    const groups = ['g', 'h', 'i'].map((name) => ({ name }));
    for (const { name } of groups) cluster.apply(securityGroup(name));
    const of = (count: number) => portIn('a', 'p', { securityGroupRefs: groups.slice(0, count) });
    cluster.apply(of(2));
    await cluster.settle();
    expect(ready('p')).toBe('Ready');
    const before = printable([...cluster.writer.states.values()]);
    cluster.apply(of(3));
    await cluster.settle();
    expect(ready('p')).toBe(
      '!TooManyGroups: The Port references 3 SecurityGroups; the limit is 2 (limits.groupsPerPort). Use fewer groups, or merge rules.',
    );
    expect(cluster.condition('Stalled', 'Port', 'default/p')).toBe('TooManyGroups');
    expect(printable([...cluster.writer.states.values()])).toEqual(before);
  });

  it('with the name of a deleted Port gets new rows, and the old rows are removed', async () => {
    cluster.apply(portIn('a', 'p'));
    await cluster.settle();
    cluster.delete('Port', 'default/p');
    cluster.apply({ ...portIn('a', 'p'), metadata: { name: 'p', namespace: 'default', uid: 'other-uid' } });
    await cluster.settle();
    expect([...cluster.writer.owners()].filter(({ kind }) => kind === 'Port').map(({ uid }) => uid)).toEqual([
      'other-uid',
    ]);
    expect(addressOf('p')).toBe('10.9.1.3');
  });
});
