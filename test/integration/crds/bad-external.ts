import { at, type BadInput, hostBits, v6 } from './bad-input.ts';

const network = (fields: object) => ({
  physicalNetwork: 'physnet1',
  cidr: '203.0.113.0/24',
  gateway: '203.0.113.1',
  ...fields,
});
const floating = (fields: object) => ({ externalNetworkRef: { name: 'public' }, ...fields });

/** ExternalNetworks, FloatingIPs and VPCPeerings that no server may take. */
export const badExternal: readonly BadInput[] = [
  ['no spec', 'ExternalNetwork', undefined, [/^spec: Required value/]],
  [
    'nothing',
    'ExternalNetwork',
    {},
    [
      /^spec\.cidr: Required value/,
      /^spec\.gateway: Required value/,
      /^spec\.physicalNetwork: Required value/,
    ],
  ],
  [
    'a range with host bits',
    'ExternalNetwork',
    network({ cidr: '203.0.113.9/24' }),
    [at('spec.cidr', hostBits)],
  ],
  [
    'an IPv6 range',
    'ExternalNetwork',
    network({ cidr: '2001:db8::/64' }),
    [at('spec.cidr', v6), /^spec\.gateway: .*must be an address of the network's range/],
  ],
  [
    'a gateway elsewhere',
    'ExternalNetwork',
    network({ gateway: '198.51.100.1' }),
    [/^spec\.gateway: .*INVALID_CIDR: the gateway must be an address of the network's range/],
  ],
  [
    'the network address as gateway',
    'ExternalNetwork',
    network({ gateway: '203.0.113.0' }),
    [/^spec\.gateway: .*not its network address/],
  ],
  [
    'a pool elsewhere',
    'ExternalNetwork',
    network({ allocationPools: [{ start: '203.0.113.100', end: '203.0.114.2' }] }),
    [/^spec\.allocationPools: .*must lie in the network's range/],
  ],
  [
    'a pool that ends before it starts',
    'ExternalNetwork',
    network({ allocationPools: [{ start: '203.0.113.20', end: '203.0.113.10' }] }),
    [/^spec\.allocationPools\[0\]: .*ends before it starts/],
  ],
  [
    'a reserved range elsewhere',
    'ExternalNetwork',
    network({ reservedRanges: [{ start: '10.0.0.1', end: '10.0.0.2' }] }),
    [/^spec\.reservedRanges: .*must lie in the network's range/],
  ],
  ['a VLAN without a tag', 'ExternalNetwork', network({ type: 'VLAN' }), [/^spec\.vlanID: .*required with/]],
  ['a tag without a VLAN', 'ExternalNetwork', network({ vlanID: 7 }), [/^spec\.vlanID: .*not allowed with/]],
  [
    'tag 4095',
    'ExternalNetwork',
    network({ type: 'VLAN', vlanID: 4095 }),
    [/^spec\.vlanID: .*less than or equal to 4094/],
  ],
  [
    'namespaces without a selector',
    'ExternalNetwork',
    network({ allowedNamespaces: {} }),
    [/^spec\.allowedNamespaces\.selector: Required value/],
  ],
  [
    'named chassis without names',
    'ExternalNetwork',
    network({ gatewayChassis: { mode: 'Named' } }),
    [/^spec\.gatewayChassis: .*names is required with mode Named/],
  ],
  [
    'names with another mode',
    'ExternalNetwork',
    network({ gatewayChassis: { mode: 'Enabled', names: ['gw1'] } }),
    [/^spec\.gatewayChassis: .*not allowed with the other modes/],
  ],
  [
    'a chassis whose name is a match',
    'ExternalNetwork',
    network({ gatewayChassis: { mode: 'Named', names: ['a" || 1'] } }),
    [/^spec\.gatewayChassis\.names\[0\]: .*should match/],
  ],

  ['no network', 'FloatingIP', {}, [/^spec\.externalNetworkRef: Required value/]],
  ['an IPv6 address', 'FloatingIP', floating({ address: '2001:db8::1' }), [at('spec.address', v6)]],
  ['a multicast address', 'FloatingIP', floating({ address: '224.0.0.1' }), [/^spec\.address: .*unicast/]],

  ['no peer', 'VPCPeering', {}, [/^spec\.peer: Required value/]],
  ['a peer nowhere', 'VPCPeering', { peer: {} }, [/^spec\.peer\.namespace: Required value/]],
  [
    'a peer in a namespace that cannot be',
    'VPCPeering',
    { peer: { namespace: 'a/b' } },
    [/^spec\.peer\.namespace: .*should match/],
  ],
  [
    'nothing to advertise',
    'VPCPeering',
    { peer: { namespace: 'b' }, advertisedCIDRs: [] },
    [/^spec\.advertisedCIDRs: .*should have at least 1 items/],
  ],
  [
    'a network with host bits to advertise',
    'VPCPeering',
    { peer: { namespace: 'b' }, advertisedCIDRs: ['10.1.0.1/24'] },
    [at('spec.advertisedCIDRs[0]', hostBits)],
  ],
];
