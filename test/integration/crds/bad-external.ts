import { at, type BadInput, hostBits, v6 } from './bad-input.ts';

const network = (fields: object) => ({
  physicalNetwork: 'physnet1',
  cidr: '203.0.113.0/24',
  gateway: '203.0.113.1',
  ...fields,
});
const floating = (fields: object) => ({ externalNetworkRef: { name: 'public' }, ...fields });

/** Invalid ExternalNetworks, ProviderNetworks, ProjectPolicies, FloatingIPs and VPCPeerings. */
export const badExternal: readonly BadInput[] = [
  ['an empty spec', 'ProviderNetwork', {}, [/^spec\.physicalNetwork: Required value/]],
  [
    'a range of VLAN IDs whose end is lower than its start',
    'ProviderNetwork',
    { physicalNetwork: 'lan', vlanIDs: [{ min: 20, max: 10 }] },
    [/^spec\.vlanIDs\[0\]: .*max is lower than min/],
  ],
  [
    'VLAN ID 0',
    'ProviderNetwork',
    { physicalNetwork: 'lan', vlanIDs: [{ min: 0 }] },
    [/^spec\.vlanIDs\[0\]\.min: .*greater than or equal to 1/],
  ],
  ['no selector', 'ProjectPolicy', {}, [/^spec\.namespaceSelector: Required value/]],
  [
    'a network with host bits',
    'ProjectPolicy',
    { namespaceSelector: {}, vpcRanges: ['10.0.0.1/8'] },
    [at('spec.vpcRanges[0]', hostBits)],
  ],
  [
    'an unknown value of a power',
    'ProjectPolicy',
    { namespaceSelector: {}, powers: { allowedAddresses: 'Some' } },
    [/^spec\.powers\.allowedAddresses: Unsupported value/],
  ],
  [
    'a negative quota',
    'ProjectPolicy',
    { namespaceSelector: {}, quota: { natRules: -1 } },
    [/^spec\.quota\.natRules: Invalid value/],
  ],
  [
    'a negative reserve',
    'ExternalNetwork',
    network({ gatewayReserve: -1 }),
    [/^spec\.gatewayReserve: Invalid value/],
  ],
  ['a missing spec', 'ExternalNetwork', undefined, [/^spec: Required value/]],
  [
    'an empty spec',
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
    [at('spec.cidr', v6), /^spec\.gateway: .*must be an address inside spec\.cidr/],
  ],
  [
    'a gateway outside the range',
    'ExternalNetwork',
    network({ gateway: '198.51.100.1' }),
    [/^spec\.gateway: .*INVALID_CIDR: gateway must be an address inside spec\.cidr/],
  ],
  [
    'the network address as gateway',
    'ExternalNetwork',
    network({ gateway: '203.0.113.0' }),
    [/^spec\.gateway: .*not the network address/],
  ],
  [
    'a pool that is partly outside the range',
    'ExternalNetwork',
    network({ allocationPools: [{ start: '203.0.113.100', end: '203.0.114.2' }] }),
    [/^spec\.allocationPools: .*every allocation pool must be inside spec\.cidr/],
  ],
  [
    'a pool whose end is lower than its start',
    'ExternalNetwork',
    network({ allocationPools: [{ start: '203.0.113.20', end: '203.0.113.10' }] }),
    [/^spec\.allocationPools\[0\]: .*the end of the range is lower than its start/],
  ],
  [
    'a reserved range outside the range of the network',
    'ExternalNetwork',
    network({ reservedRanges: [{ start: '10.0.0.1', end: '10.0.0.2' }] }),
    [/^spec\.reservedRanges: .*every reserved range must be inside spec\.cidr/],
  ],
  [
    'a routed range with host bits and an IPv6 range of private sources',
    'ExternalNetwork',
    network({ routedRanges: ['10.1.0.5/16'], privateSources: ['fd00::/8'] }),
    [at('spec.routedRanges[0]', hostBits), at('spec.privateSources[0]', v6)],
  ],
  [
    'type VLAN without a VLAN ID',
    'ExternalNetwork',
    network({ type: 'VLAN' }),
    [/^spec\.vlanID: .*required with/],
  ],
  [
    'a VLAN ID with type Flat',
    'ExternalNetwork',
    network({ vlanID: 7 }),
    [/^spec\.vlanID: .*not allowed with/],
  ],
  [
    'VLAN ID 4095',
    'ExternalNetwork',
    network({ type: 'VLAN', vlanID: 4095 }),
    [/^spec\.vlanID: .*less than or equal to 4094/],
  ],
  [
    'allowed namespaces without a selector',
    'ExternalNetwork',
    network({ allowedNamespaces: {} }),
    [/^spec\.allowedNamespaces\.selector: Required value/],
  ],
  [
    'mode Named without names',
    'ExternalNetwork',
    network({ gatewayChassis: { mode: 'Named' } }),
    [/^spec\.gatewayChassis: .*names is required with mode Named/],
  ],
  [
    'names with mode Enabled',
    'ExternalNetwork',
    network({ gatewayChassis: { mode: 'Enabled', names: ['gw1'] } }),
    [/^spec\.gatewayChassis: .*not allowed with mode Enabled/],
  ],
  [
    'a chassis name with OVN match syntax',
    'ExternalNetwork',
    network({ gatewayChassis: { mode: 'Named', names: ['a" || 1'] } }),
    [/^spec\.gatewayChassis\.names\[0\]: .*should match/],
  ],

  ['a missing network', 'FloatingIP', {}, [/^spec\.externalNetworkRef: Required value/]],
  ['an IPv6 address', 'FloatingIP', floating({ address: '2001:db8::1' }), [at('spec.address', v6)]],
  ['a multicast address', 'FloatingIP', floating({ address: '224.0.0.1' }), [/^spec\.address: .*unicast/]],

  [
    'a UID of the peer that is no UUID',
    'VPCPeering',
    { peer: { namespace: 'b', vpcUID: 'net' } },
    [/^spec\.peer\.vpcUID: /],
  ],
  [
    'the default route as accepted network',
    'VPCPeering',
    { peer: { namespace: 'b' }, acceptedCIDRs: ['0.0.0.0/0'] },
    [/^spec\.acceptedCIDRs\[0\]: .*minimum prefix length is 8/],
  ],
  [
    'an accepted network with host bits',
    'VPCPeering',
    { peer: { namespace: 'b' }, acceptedCIDRs: ['10.1.0.1/24'] },
    [/^spec\.acceptedCIDRs\[0\]: .*host bits/],
  ],
  ['a missing peer', 'VPCPeering', {}, [/^spec\.peer: Required value/]],
  ['a peer without a namespace', 'VPCPeering', { peer: {} }, [/^spec\.peer\.namespace: Required value/]],
  [
    'an invalid namespace name of the peer',
    'VPCPeering',
    { peer: { namespace: 'a/b' } },
    [/^spec\.peer\.namespace: .*should match/],
  ],
  [
    'an empty list of advertised networks',
    'VPCPeering',
    { peer: { namespace: 'b' }, advertisedCIDRs: [] },
    [/^spec\.advertisedCIDRs: .*should have at least 1 items/],
  ],
  [
    'an advertised network with host bits',
    'VPCPeering',
    { peer: { namespace: 'b' }, advertisedCIDRs: ['10.1.0.1/24'] },
    [at('spec.advertisedCIDRs[0]', hostBits)],
  ],
];
