import type { Kind } from './support.ts';

const label = 'a'.repeat(63);
const longestHostname = [label, label, label, 'a'.repeat(61)].join('.');

/** Valid specs, many of them at a limit of the schema. */
export const goodInput: readonly (readonly [what: string, kind: Kind, spec: unknown])[] = [
  ['a missing spec', 'VPC', undefined],
  ['the smallest range', 'VPC', { cidr: '192.168.0.0/30' }],
  ['the largest range', 'VPC', { cidr: '10.0.0.0/8' }],
  [
    'a gateway and routes',
    'VPC',
    {
      externalGateway: { externalNetworkRef: { name: 'internet' }, snat: 'Disabled' },
      staticRoutes: [
        { destination: '0.0.0.0/0', nextHop: '10.1.0.9' },
        { destination: '10.9.0.1/32', nextHop: '10.1.0.9' },
      ],
    },
  ],
  ['a missing spec', 'Subnet', undefined],
  [
    'all fields',
    'Subnet',
    {
      vpcRef: { name: 'main.example' },
      cidr: '10.1.1.0/24',
      gateway: { mode: 'Address', address: '10.1.1.254' },
      allocationPools: [
        { start: '10.1.1.9', end: '10.1.1.10' },
        { start: '10.1.1.99', end: '10.1.1.100' },
      ],
      reservedRanges: [{ start: '10.1.1.50', end: '10.1.1.50' }],
      dhcp: {
        mode: 'Disabled',
        dnsServers: ['10.1.1.2'],
        ntpServers: ['10.1.1.3'],
        domainName: 'a.example',
        leaseSeconds: 60,
      },
      mtu: 9000,
      provider: { networkRef: { name: 'plant.example' }, vlanID: 4094 },
      metadata: 'Enabled',
    },
  ],
  [
    'reserved ranges without a CIDR',
    'Subnet',
    { reservedRanges: [{ start: '9.255.255.255', end: '10.0.0.0' }] },
  ],
  [
    'the maximum number of ranges',
    'Subnet',
    {
      cidr: '10.0.0.0/8',
      allocationPools: Array.from({ length: 32 }, (_, i) => ({ start: `10.0.${i}.1`, end: `10.0.${i}.255` })),
      reservedRanges: Array.from({ length: 64 }, (_, i) => ({ start: `10.1.${i}.1`, end: `10.1.${i}.255` })),
    },
  ],
  ['a missing spec', 'Port', undefined],
  [
    'all fields',
    'Port',
    {
      subnetRef: { name: 'web' },
      macAddress: '0A:58:0a:01:00:05',
      ipAddress: '10.1.1.5',
      securityGroupRefs: [{ name: 'a' }, { name: 'b' }],
      allowedAddresses: [{ cidr: '10.1.1.100/32' }, { cidr: '10.2.0.0/16', mac: '00:00:5e:00:01:0a' }],
      adminState: 'Down',
      attachment: { vmID: 'tenant/vm-1:0', host: 'hv1.example', migrationTargetHost: 'hv2.example' },
      dhcp: { mode: 'Disabled', domainName: 'x' },
      metadata: { hostname: 'web-1.example', sourceRef: { kind: 'ConfigMap', name: 'web.cloud-init' } },
      qos: { ingress: { maxRateKbps: 4294967295, maxBurstKbits: 1 }, egress: { maxRateKbps: 1 } },
    },
  ],
  ['empty metadata', 'Port', { metadata: {} }],
  ['a host name with the longest labels', 'Port', { metadata: { hostname: longestHostname } }],
  ['a host name with only digits', 'Port', { metadata: { hostname: '1' } }],
  ['an empty list of groups', 'Port', { securityGroupRefs: [] }],
  ['a missing spec', 'SecurityGroup', undefined],
  [
    'a description with line breaks and non-Latin characters',
    'SecurityGroup',
    { description: 'Größe\n\t網絡 🛡 "x" || ip4' },
  ],
  [
    'rules with every protocol',
    'SecurityGroup',
    {
      stateful: 'Disabled',
      ingress: [
        { protocol: 'All' },
        { protocol: 'All' },
        { name: 'a', protocol: 'TCP', ports: { min: 1, max: 65535 }, remote: { cidr: '0.0.0.0/0' } },
        { name: 'b', protocol: 'UDP', ports: { min: 53 }, remote: { cidr: '2001:DB8::/32' } },
        { protocol: 'SCTP', remote: { securityGroupRef: { name: 'self' } } },
        { protocol: 'ICMP', icmp: { type: 8, code: 0 }, remote: { cidr: '10.0.0.0/8' } },
        { protocol: 'ICMPv6', icmp: { type: 128 }, remote: { cidr: '::/0' } },
        { protocol: 'ICMPv6', remote: { securityGroupRef: { name: 'b' } } },
      ],
      egress: [{ name: 'a', protocol: 'All' }],
    },
  ],
  [
    'the maximum number of rules, each with a name',
    'SecurityGroup',
    {
      ingress: Array.from({ length: 256 }, (_, i) => ({
        name: `rule-${i}`,
        protocol: 'TCP',
        ports: { min: i + 1 },
        remote: { cidr: `2001:db8:0:${i.toString(16)}::/64` },
      })),
    },
  ],
  ['empty rule lists', 'TrafficPolicy', { appliesTo: { portSelector: {} }, ingress: [], egress: [] }],
  [
    'all fields',
    'TrafficPolicy',
    {
      description: 'no "quotes" && no || match',
      appliesTo: {
        portSelector: {
          matchLabels: { tier: 'db', 'example.com/zone': '' },
          matchExpressions: [
            { key: 'env', operator: 'NotIn', values: ['test', ''] },
            { key: 'a.b/c', operator: 'Exists' },
          ],
        },
      },
      ingress: [
        { name: 'a', protocol: 'TCP', ports: { min: 1, max: 65535 }, remote: { cidr: '2001:DB8::/32' } },
        { protocol: 'ICMPv6', icmp: { type: 128 } },
      ],
      isolation: 'Subnet',
    },
  ],
  ['SNAT without an external address', 'NatRule', { type: 'SNAT', source: { cidr: '10.1.0.0/24' } }],
  [
    'SNAT of a Subnet',
    'NatRule',
    { type: 'SNAT', externalIP: '203.0.113.9', source: { subnetRef: { name: 'a' } } },
  ],
  [
    'DNAT to a Port',
    'NatRule',
    {
      type: 'DNAT',
      floatingIPRef: { name: 'f' },
      protocol: 'TCP',
      externalPort: 443,
      target: { portRef: { name: 'p' } },
      internalPort: 8443,
    },
  ],
  [
    'DNAT to an address',
    'NatRule',
    { type: 'DNAT', protocol: 'UDP', externalPort: 53, target: { address: '10.1.0.53' } },
  ],
  [
    'a distributed floating IP',
    'NatRule',
    {
      type: 'FloatingIP',
      floatingIPRef: { name: 'f' },
      target: { portRef: { name: 'p' } },
      mode: 'Distributed',
    },
  ],
  [
    'only the required fields',
    'ExternalNetwork',
    { physicalNetwork: 'physnet1', cidr: '203.0.113.0/24', gateway: '203.0.113.1' },
  ],
  [
    'all fields',
    'ExternalNetwork',
    {
      physicalNetwork: 'physnet-1',
      type: 'VLAN',
      vlanID: 4094,
      cidr: '203.0.113.0/24',
      gateway: '203.0.113.254',
      allocationPools: [{ start: '203.0.113.101', end: '203.0.113.200' }],
      reservedRanges: [{ start: '203.0.113.150', end: '203.0.113.150' }],
      allowedNamespaces: {
        selector: {
          matchLabels: { 'network.plasmavmc.io/organization': 'acme' },
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['a', 'b'] }],
        },
      },
      gatewayChassis: { mode: 'Named', names: ['gw-1.example', '6b2f5d4e-0000-4000-8000-000000000001'] },
      routedRanges: ['10.64.0.0/10', '172.16.0.0/12'],
      privateSources: ['192.168.0.0/16', '10.0.0.1/32'],
    },
  ],
  ['only the required fields', 'ProviderNetwork', { physicalNetwork: 'physnet1' }],
  [
    'all fields',
    'ProviderNetwork',
    {
      physicalNetwork: 'physnet-1',
      vlanIDs: [{ min: 1, max: 4094 }, { min: 2, max: 2 }, { min: 3 }],
      untagged: 'Allowed',
      subnetsPerSegment: 'Several',
      allowedNamespaces: { selector: { matchLabels: { 'network.plasmavmc.io/organization': 'acme' } } },
    },
  ],
  ['only the required fields', 'ProjectPolicy', { namespaceSelector: {} }],
  [
    'all fields',
    'ProjectPolicy',
    {
      namespaceSelector: {
        matchLabels: { 'network.plasmavmc.io/organization': 'acme' },
        matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['a', 'b'] }],
      },
      priority: -5,
      vpcRanges: ['0.0.0.0/0', '198.18.0.0/15'],
      minVPCPrefixLength: 8,
      powers: {
        trafficFilteringDisabled: 'Forbidden',
        spoofingProtectionDisabled: 'Forbidden',
        spoofingProtectionMACOnly: 'Forbidden',
        allowedAddresses: 'None',
        minAllowedPrefixLength: 32,
      },
      providerPowers: { trafficFilteringDisabled: 'Allowed', allowedAddresses: 'WithinSubnet' },
      quota: { vpcAddresses: 0, externalAddresses: 1, natRules: 2, securityRules: 3 },
      organizationQuota: { vpcAddresses: 4_294_967_296 },
    },
  ],
  ['no network for VPCs', 'ProjectPolicy', { namespaceSelector: {}, vpcRanges: [] }],
  [
    'limits',
    'ExternalNetwork',
    {
      physicalNetwork: 'physnet1',
      cidr: '203.0.113.0/24',
      gateway: '203.0.113.1',
      maxAddressesPerNamespace: 0,
      gatewayReserve: 0,
    },
  ],
  ['only the required fields', 'FloatingIP', { externalNetworkRef: { name: 'public' } }],
  ['a requested address', 'FloatingIP', { externalNetworkRef: { name: 'public' }, address: '203.0.113.102' }],
  ['only the required fields', 'VPCPeering', { peer: { namespace: 'b' } }],
  [
    'all fields',
    'VPCPeering',
    {
      vpcRef: { name: 'main' },
      peer: { namespace: 'b', name: 'main', vpcUID: '6b2f5d4e-0000-4000-8000-000000000001' },
      advertisedCIDRs: ['10.1.1.0/24', '10.1.2.0/24'],
      acceptedCIDRs: ['10.2.0.0/16', '10.0.0.0/8'],
    },
  ],
];
