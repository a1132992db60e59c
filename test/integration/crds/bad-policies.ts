import type { Kind } from './support.ts';

const forAll = (spec: object) => ({ appliesTo: { portSelector: {} }, ...spec });
const selecting = (portSelector: object) => ({ appliesTo: { portSelector } });

/** Invalid TrafficPolicies, and the causes that the server must report. */
export const badPolicies: readonly (readonly [
  what: string,
  kind: Kind,
  spec: unknown,
  causes: readonly RegExp[],
])[] = [
  ['a missing spec', 'TrafficPolicy', undefined, [/^spec: Required value/]],
  ['a missing appliesTo', 'TrafficPolicy', {}, [/^spec\.appliesTo: Required value/]],
  [
    'an appliesTo without Subnets and without a selector',
    'TrafficPolicy',
    { appliesTo: {} },
    [/^spec\.appliesTo: .*exactly one of subnetRefs and portSelector must be set/],
  ],
  [
    'an appliesTo with Subnets and a selector',
    'TrafficPolicy',
    { appliesTo: { subnetRefs: [{ name: 'a' }], portSelector: {} } },
    [/^spec\.appliesTo: .*exactly one of subnetRefs and portSelector must be set/],
  ],
  [
    'operator Exists with values',
    'TrafficPolicy',
    selecting({ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] }),
    [
      /^spec\.appliesTo\.portSelector\.matchExpressions\[0\]: .*values must have at least one item with operator In or NotIn/,
    ],
  ],
  [
    'operator In without values',
    'TrafficPolicy',
    selecting({ matchExpressions: [{ key: 'a', operator: 'In' }] }),
    [
      /^spec\.appliesTo\.portSelector\.matchExpressions\[0\]: .*values must have at least one item with operator In or NotIn/,
    ],
  ],
  [
    'a label value with OVN match syntax',
    'TrafficPolicy',
    selecting({ matchLabels: { tier: 'a || 1' } }),
    [/^spec\.appliesTo\.portSelector\.matchLabels(\.tier|\[tier\]): .*should match/],
  ],
  [
    'a remote network with OVN match syntax',
    'TrafficPolicy',
    forAll({ ingress: [{ protocol: 'TCP', remote: { cidr: '0.0.0.0/0 || 1' } }] }),
    [/^spec\.ingress\[0\]\.remote\.cidr: .*INVALID_CIDR: the value is not a CIDR/],
  ],
  [
    'protocol ICMP with an IPv6 network',
    'TrafficPolicy',
    forAll({ egress: [{ protocol: 'ICMP', remote: { cidr: '::/0' } }] }),
    [/^spec\.egress\[0\]\.remote\.cidr: .*INVALID_CIDR: protocol ICMP requires an IPv4 network/],
  ],
  [
    'protocol ICMP with ports',
    'TrafficPolicy',
    forAll({ ingress: [{ protocol: 'ICMP', ports: { min: 1 } }] }),
    [/^spec\.ingress\[0\]\.ports: .*ports is allowed only with protocols TCP, UDP and SCTP/],
  ],
  [
    'a list of 65 rules',
    'TrafficPolicy',
    forAll({ ingress: Array(65).fill({ protocol: 'TCP' }) }),
    [/^spec\.ingress: Too many: 65: must have at most 64 items/],
  ],
  [
    'an unknown isolation level',
    'TrafficPolicy',
    forAll({ isolation: 'Port' }),
    [/^spec\.isolation: Unsupported value: "Port"/],
  ],
];
