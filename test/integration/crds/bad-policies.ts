import type { Kind } from './support.ts';

const forAll = (spec: object) => ({ appliesTo: { portSelector: {} }, ...spec });
const selecting = (portSelector: object) => ({ appliesTo: { portSelector } });

/** TrafficPolicies that the schema refuses, and what it must say. */
export const badPolicies: readonly (readonly [
  what: string,
  kind: Kind,
  spec: unknown,
  causes: readonly RegExp[],
])[] = [
  ['no spec', 'TrafficPolicy', undefined, [/^spec: Required value/]],
  ['nobody to apply to', 'TrafficPolicy', {}, [/^spec\.appliesTo: Required value/]],
  [
    'neither Subnets nor a selector',
    'TrafficPolicy',
    { appliesTo: {} },
    [/^spec\.appliesTo: .*exactly one of subnetRefs and portSelector/],
  ],
  [
    'Subnets and a selector',
    'TrafficPolicy',
    { appliesTo: { subnetRefs: [{ name: 'a' }], portSelector: {} } },
    [/^spec\.appliesTo: .*exactly one of subnetRefs and portSelector/],
  ],
  [
    'a value where none is compared',
    'TrafficPolicy',
    selecting({ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] }),
    [/^spec\.appliesTo\.portSelector\.matchExpressions\[0\]: .*values is for operator In and NotIn/],
  ],
  [
    'no value to compare with',
    'TrafficPolicy',
    selecting({ matchExpressions: [{ key: 'a', operator: 'In' }] }),
    [/^spec\.appliesTo\.portSelector\.matchExpressions\[0\]: .*values is for operator In and NotIn/],
  ],
  [
    'a label that is a match',
    'TrafficPolicy',
    selecting({ matchLabels: { tier: 'a || 1' } }),
    [/^spec\.appliesTo\.portSelector\.matchLabels(\.tier|\[tier\]): .*should match/],
  ],
  [
    'a remote that is a match',
    'TrafficPolicy',
    forAll({ ingress: [{ protocol: 'TCP', remote: { cidr: '0.0.0.0/0 || 1' } }] }),
    [/^spec\.ingress\[0\]\.remote\.cidr: .*INVALID_CIDR: not a CIDR/],
  ],
  [
    'ICMP from IPv6',
    'TrafficPolicy',
    forAll({ egress: [{ protocol: 'ICMP', remote: { cidr: '::/0' } }] }),
    [/^spec\.egress\[0\]\.remote\.cidr: .*INVALID_CIDR: protocol ICMP goes with an IPv4/],
  ],
  [
    'ports of ICMP',
    'TrafficPolicy',
    forAll({ ingress: [{ protocol: 'ICMP', ports: { min: 1 } }] }),
    [/^spec\.ingress\[0\]\.ports: .*ports is for protocol TCP, UDP and SCTP/],
  ],
  [
    '65 rules',
    'TrafficPolicy',
    forAll({ ingress: Array(65).fill({ protocol: 'TCP' }) }),
    [/^spec\.ingress: Too many: 65: must have at most 64 items/],
  ],
  [
    'another isolation',
    'TrafficPolicy',
    forAll({ isolation: 'Port' }),
    [/^spec\.isolation: Unsupported value: "Port"/],
  ],
];
