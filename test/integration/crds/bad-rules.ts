import { at, type BadInput, hostBits, v6 } from './bad-input.ts';

const rule = (fields: object) => ({ ingress: [{ protocol: 'TCP', ...fields }] });
const dnat = { type: 'DNAT', protocol: 'TCP', externalPort: 443, target: { portRef: { name: 'web' } } };

/** Invalid SecurityGroups and NatRules. */
export const badRules: readonly BadInput[] = [
  [
    'a description with a NUL character',
    'SecurityGroup',
    { description: 'a\0b' },
    [/^spec\.description: .*should match/],
  ],
  [
    'a description with an escape character',
    'SecurityGroup',
    { description: 'a\u001b[31mb' },
    [/^spec\.description: .*should match/],
  ],
  [
    'a rule without a protocol',
    'SecurityGroup',
    { ingress: [{ ports: { min: 80 } }] },
    [/^spec\.ingress\[0\]\.protocol: Required value/],
  ],
  [
    'a protocol number instead of a name',
    'SecurityGroup',
    rule({ protocol: '6' }),
    [/^spec\.ingress\[0\]\.protocol: Unsupported value: "6"/],
  ],
  [
    'a last port that is lower than the first port',
    'SecurityGroup',
    rule({ ports: { min: 90, max: 80 } }),
    [/^spec\.ingress\[0\]\.ports: .*max must not be less than min/],
  ],
  [
    'port 0',
    'SecurityGroup',
    rule({ ports: { min: 0 } }),
    [/^spec\.ingress\[0\]\.ports\.min: .*greater than or equal to 1/],
  ],
  [
    'port 65536',
    'SecurityGroup',
    rule({ ports: { min: 1, max: 65536 } }),
    [/^spec\.ingress\[0\]\.ports\.max: .*less than or equal to 65535/],
  ],
  [
    'protocol ICMP with ports',
    'SecurityGroup',
    rule({ protocol: 'ICMP', ports: { min: 80 } }),
    [/^spec\.ingress\[0\]\.ports: .*ports is allowed only with protocols TCP, UDP and SCTP/],
  ],
  [
    'protocol TCP with an ICMP type',
    'SecurityGroup',
    rule({ icmp: { type: 8 } }),
    [/^spec\.ingress\[0\]\.icmp: .*icmp is allowed only with protocols ICMP and ICMPv6/],
  ],
  [
    'ICMP type 256',
    'SecurityGroup',
    rule({ protocol: 'ICMP', icmp: { type: 256 } }),
    [/^spec\.ingress\[0\]\.icmp\.type: .*less than or equal to 255/],
  ],
  [
    'an empty remote',
    'SecurityGroup',
    rule({ remote: {} }),
    [/^spec\.ingress\[0\]\.remote: .*exactly one of cidr and securityGroupRef must be set/],
  ],
  [
    'a remote with a network and a group',
    'SecurityGroup',
    rule({ remote: { cidr: '10.0.0.0/8', securityGroupRef: { name: 'a' } } }),
    [/^spec\.ingress\[0\]\.remote: .*exactly one of/],
  ],
  [
    'a remote network with host bits',
    'SecurityGroup',
    rule({ remote: { cidr: '10.0.0.1/8' } }),
    [at('spec.ingress[0].remote.cidr', hostBits)],
  ],
  [
    'an IPv6 remote network with host bits',
    'SecurityGroup',
    rule({ remote: { cidr: '2001:db8::1/32' } }),
    [at('spec.ingress[0].remote.cidr', hostBits)],
  ],
  [
    'a remote network with OVN match syntax',
    'SecurityGroup',
    rule({ remote: { cidr: '0.0.0.0/0 || 1' } }),
    [/^spec\.ingress\[0\]\.remote\.cidr: .*INVALID_CIDR: the value is not a CIDR; write an IPv4 or IPv6/],
  ],
  [
    'protocol ICMP with an IPv6 network',
    'SecurityGroup',
    rule({ protocol: 'ICMP', remote: { cidr: '::/0' } }),
    [/^spec\.ingress\[0\]\.remote\.cidr: .*INVALID_CIDR: protocol ICMP requires an IPv4 network/],
  ],
  [
    'protocol ICMPv6 with an IPv4 network',
    'SecurityGroup',
    rule({ protocol: 'ICMPv6', remote: { cidr: '0.0.0.0/0' } }),
    [/^spec\.ingress\[0\]\.remote\.cidr: .*INVALID_CIDR: protocol ICMP requires an IPv4 network/],
  ],
  [
    'two rules with the same name',
    'SecurityGroup',
    { egress: [{ name: 'a', protocol: 'TCP' }, { protocol: 'All' }, { name: 'a', protocol: 'UDP' }] },
    [/^spec\.egress: .*rule names must be unique/],
  ],
  [
    'a list of 257 rules',
    'SecurityGroup',
    { ingress: Array(257).fill({ protocol: 'TCP' }) },
    [/^spec\.ingress: Too many: 257: must have at most 256 items/],
  ],

  ['a missing spec', 'NatRule', undefined, [/^spec: Required value/]],
  ['a missing type', 'NatRule', {}, [/^spec\.type: Required value/]],
  [
    'type SNAT without a source',
    'NatRule',
    { type: 'SNAT' },
    [/^spec\.source: .*source is required with type SNAT/],
  ],
  [
    'type SNAT with a network and a Subnet',
    'NatRule',
    { type: 'SNAT', source: { cidr: '10.1.0.0/24', subnetRef: { name: 'a' } } },
    [/^spec\.source: .*exactly one of cidr and subnetRef must be set/],
  ],
  [
    'type SNAT with a target',
    'NatRule',
    { type: 'SNAT', source: { subnetRef: { name: 'a' } }, target: { portRef: { name: 'p' } } },
    [/^spec\.target: .*target is allowed only with types DNAT and FloatingIP/],
  ],
  [
    'type DNAT without its required fields',
    'NatRule',
    { type: 'DNAT' },
    [
      /^spec\.externalPort: .*required with type DNAT/,
      /^spec\.protocol: .*required with type DNAT/,
      /^spec\.target: .*required with types DNAT and FloatingIP/,
    ],
  ],
  [
    'type DNAT with a Port and an address',
    'NatRule',
    { ...dnat, target: { portRef: { name: 'p' }, address: '10.1.0.5' } },
    [/^spec\.target: .*exactly one of portRef and address must be set/],
  ],
  [
    'type DNAT with a mode',
    'NatRule',
    { ...dnat, mode: 'Distributed' },
    [/^spec\.mode: .*mode is allowed only with type FloatingIP/],
  ],
  [
    'type DNAT with a source',
    'NatRule',
    { ...dnat, source: { cidr: '10.0.0.0/8' } },
    [/^spec\.source: .*source is allowed only with type SNAT/],
  ],
  [
    'an external address and a FloatingIP',
    'NatRule',
    { ...dnat, externalIP: '203.0.113.1', floatingIPRef: { name: 'f' } },
    [/^spec\.floatingIPRef: .*externalIP and floatingIPRef cannot both be set/],
  ],
  [
    'type FloatingIP without an external address',
    'NatRule',
    { type: 'FloatingIP', target: { portRef: { name: 'p' } } },
    [/^spec\.floatingIPRef: .*requires externalIP or floatingIPRef/],
  ],
  [
    'type FloatingIP with a target address',
    'NatRule',
    { type: 'FloatingIP', externalIP: '203.0.113.1', target: { address: '10.1.0.5' } },
    [/^spec\.target\.address: .*target\.address is allowed only with type DNAT/],
  ],
  [
    'type FloatingIP with an external port',
    'NatRule',
    { type: 'FloatingIP', externalIP: '203.0.113.1', target: { portRef: { name: 'p' } }, externalPort: 80 },
    [/^spec\.externalPort: .*externalPort is allowed only with type DNAT/],
  ],
  [
    'an IPv6 external address',
    'NatRule',
    { ...dnat, externalIP: '2001:db8::1' },
    [at('spec.externalIP', v6)],
  ],
];
