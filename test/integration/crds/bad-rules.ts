import { at, type BadInput, hostBits, v6 } from './bad-input.ts';

const rule = (fields: object) => ({ ingress: [{ protocol: 'TCP', ...fields }] });
const dnat = { type: 'DNAT', protocol: 'TCP', externalPort: 443, target: { portRef: { name: 'web' } } };

/** SecurityGroups and NatRules that no server may take. */
export const badRules: readonly BadInput[] = [
  [
    'a NUL in the description',
    'SecurityGroup',
    { description: 'a\0b' },
    [/^spec\.description: .*should match/],
  ],
  [
    'an escape in the description',
    'SecurityGroup',
    { description: 'a\u001b[31mb' },
    [/^spec\.description: .*should match/],
  ],
  [
    'a rule with no protocol',
    'SecurityGroup',
    { ingress: [{ ports: { min: 80 } }] },
    [/^spec\.ingress\[0\]\.protocol: Required value/],
  ],
  [
    'a protocol by number',
    'SecurityGroup',
    rule({ protocol: '6' }),
    [/^spec\.ingress\[0\]\.protocol: Unsupported value: "6"/],
  ],
  [
    'ports in the wrong order',
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
    'ports of ICMP',
    'SecurityGroup',
    rule({ protocol: 'ICMP', ports: { min: 80 } }),
    [/^spec\.ingress\[0\]\.ports: .*ports is for protocol TCP, UDP and SCTP/],
  ],
  [
    'an ICMP type of TCP',
    'SecurityGroup',
    rule({ icmp: { type: 8 } }),
    [/^spec\.ingress\[0\]\.icmp: .*icmp is for protocol ICMP and ICMPv6/],
  ],
  [
    'an ICMP type of 256',
    'SecurityGroup',
    rule({ protocol: 'ICMP', icmp: { type: 256 } }),
    [/^spec\.ingress\[0\]\.icmp\.type: .*less than or equal to 255/],
  ],
  [
    'an empty remote',
    'SecurityGroup',
    rule({ remote: {} }),
    [/^spec\.ingress\[0\]\.remote: .*exactly one of cidr and securityGroupRef is required/],
  ],
  [
    'two remotes',
    'SecurityGroup',
    rule({ remote: { cidr: '10.0.0.0/8', securityGroupRef: { name: 'a' } } }),
    [/^spec\.ingress\[0\]\.remote: .*exactly one of/],
  ],
  [
    'a remote with host bits',
    'SecurityGroup',
    rule({ remote: { cidr: '10.0.0.1/8' } }),
    [at('spec.ingress[0].remote.cidr', hostBits)],
  ],
  [
    'an IPv6 remote with host bits',
    'SecurityGroup',
    rule({ remote: { cidr: '2001:db8::1/32' } }),
    [at('spec.ingress[0].remote.cidr', hostBits)],
  ],
  [
    'a remote that is a match',
    'SecurityGroup',
    rule({ remote: { cidr: '0.0.0.0/0 || 1' } }),
    [/^spec\.ingress\[0\]\.remote\.cidr: .*INVALID_CIDR: not a CIDR; write an IPv4 or IPv6/],
  ],
  [
    'ICMP from IPv6',
    'SecurityGroup',
    rule({ protocol: 'ICMP', remote: { cidr: '::/0' } }),
    [/^spec\.ingress\[0\]\.remote\.cidr: .*INVALID_CIDR: protocol ICMP goes with an IPv4/],
  ],
  [
    'ICMPv6 from IPv4',
    'SecurityGroup',
    rule({ protocol: 'ICMPv6', remote: { cidr: '0.0.0.0/0' } }),
    [/^spec\.ingress\[0\]\.remote\.cidr: .*INVALID_CIDR: protocol ICMP goes with an IPv4/],
  ],
  [
    'a rule name twice',
    'SecurityGroup',
    { egress: [{ name: 'a', protocol: 'TCP' }, { protocol: 'All' }, { name: 'a', protocol: 'UDP' }] },
    [/^spec\.egress: .*names of rules must be unique/],
  ],
  [
    '257 rules',
    'SecurityGroup',
    { ingress: Array(257).fill({ protocol: 'TCP' }) },
    [/^spec\.ingress: Too many: 257: must have at most 256 items/],
  ],

  ['no spec', 'NatRule', undefined, [/^spec: Required value/]],
  ['no type', 'NatRule', {}, [/^spec\.type: Required value/]],
  ['SNAT of nothing', 'NatRule', { type: 'SNAT' }, [/^spec\.source: .*source is required with type SNAT/]],
  [
    'SNAT of two',
    'NatRule',
    { type: 'SNAT', source: { cidr: '10.1.0.0/24', subnetRef: { name: 'a' } } },
    [/^spec\.source: .*exactly one of cidr and subnetRef/],
  ],
  [
    'SNAT to a target',
    'NatRule',
    { type: 'SNAT', source: { subnetRef: { name: 'a' } }, target: { portRef: { name: 'p' } } },
    [/^spec\.target: .*target is for type DNAT and FloatingIP/],
  ],
  [
    'DNAT with nothing',
    'NatRule',
    { type: 'DNAT' },
    [
      /^spec\.externalPort: .*required with type DNAT/,
      /^spec\.protocol: .*required with type DNAT/,
      /^spec\.target: .*required with type DNAT and FloatingIP/,
    ],
  ],
  [
    'DNAT to two',
    'NatRule',
    { ...dnat, target: { portRef: { name: 'p' }, address: '10.1.0.5' } },
    [/^spec\.target: .*exactly one of portRef and address/],
  ],
  [
    'DNAT with a mode',
    'NatRule',
    { ...dnat, mode: 'Distributed' },
    [/^spec\.mode: .*mode is for type FloatingIP/],
  ],
  [
    'DNAT with a source',
    'NatRule',
    { ...dnat, source: { cidr: '10.0.0.0/8' } },
    [/^spec\.source: .*source is for type SNAT/],
  ],
  [
    'two external addresses',
    'NatRule',
    { ...dnat, externalIP: '203.0.113.1', floatingIPRef: { name: 'f' } },
    [/^spec\.floatingIPRef: .*externalIP and floatingIPRef exclude each other/],
  ],
  [
    'a floating IP with no address',
    'NatRule',
    { type: 'FloatingIP', target: { portRef: { name: 'p' } } },
    [/^spec\.floatingIPRef: .*requires externalIP or floatingIPRef/],
  ],
  [
    'a floating IP to an address',
    'NatRule',
    { type: 'FloatingIP', externalIP: '203.0.113.1', target: { address: '10.1.0.5' } },
    [/^spec\.target\.address: .*target\.address is for type DNAT/],
  ],
  [
    'a floating IP with a port',
    'NatRule',
    { type: 'FloatingIP', externalIP: '203.0.113.1', target: { portRef: { name: 'p' } }, externalPort: 80 },
    [/^spec\.externalPort: .*externalPort is for type DNAT/],
  ],
  [
    'an IPv6 external address',
    'NatRule',
    { ...dnat, externalIP: '2001:db8::1' },
    [at('spec.externalIP', v6)],
  ],
];
