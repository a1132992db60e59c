/** Generators of worlds and packets. Values come from small sets with boundary values, so that packets match rules. */
import fc from 'fast-check';
import type { Group, Packet, Policy, PortOf, Rule, World } from './model.ts';

const subnets = { a: '10.1.1.0/24', b: '10.1.2.0/24' } as const;
const vpc = '10.1.0.0/16';
const groupNames = ['red', 'green', 'blue'] as const;
const cidrs4 = [
  '0.0.0.0/0',
  vpc,
  subnets.a,
  subnets.b,
  '10.1.1.0/28',
  '10.1.1.11/32',
  '192.0.2.0/24',
  '192.0.2.128/25',
  '198.51.100.7/32',
  '128.0.0.0/1',
];
const cidrs6 = ['::/0', '2001:db8::/32', '2001:db8:1::/48', '2001:db8:1::7/128', 'fe80::/10'];
/** Addresses inside the CIDRs, at their boundaries, and just outside. */
const addresses4 = [
  '10.1.1.15',
  '10.1.1.16',
  '10.1.2.200',
  '10.1.255.255',
  '10.2.0.0',
  '192.0.2.127',
  '192.0.2.128',
  '198.51.100.7',
  '198.51.100.8',
  '169.254.0.9',
  '8.8.8.8',
];
/** Destinations: DHCP servers, broadcast, multicast and reserved addresses. */
const destinations4 = [
  '10.1.1.1',
  '10.1.2.1',
  '255.255.255.255',
  '224.0.0.18',
  '239.255.255.255',
  '240.0.0.0',
];
/** The source of a host without an address. */
const sources4 = ['0.0.0.0'];
const destinations6 = ['ff02::1', 'ff0e::1'];
const addresses6 = ['2001:db8::1', '2001:db8:1::7', '2001:db8:1::8', '2001:db9::1', 'fe80::5', 'fd00::1'];
const edges = [1, 22, 67, 68, 79, 80, 81, 1023, 1024, 8080, 65_534, 65_535];

const cidr = fc.oneof(fc.constantFrom(...cidrs4), fc.constantFrom(...cidrs6));
const portRange = fc
  .tuple(fc.constantFrom(...edges), fc.option(fc.constantFrom(...edges), { nil: undefined }))
  .map(([a, b]) => (b === undefined ? { min: a } : { min: Math.min(a, b), max: Math.max(a, b) }));
const message = fc.record(
  { type: fc.constantFrom(0, 3, 8, 128, 135, 255), code: fc.constantFrom(0, 1, 255) },
  { requiredKeys: ['type'] },
);

/** A rule that the schema accepts. */
const rule = (withGroups: boolean): fc.Arbitrary<Rule> =>
  fc
    .record({
      protocol: fc.constantFrom<Rule['protocol'][]>('TCP', 'TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6', 'All'),
      ports: fc.option(portRange, { nil: undefined }),
      icmp: fc.option(message, { nil: undefined }),
      remote: fc.oneof(
        fc.constant(undefined),
        cidr.map((each) => ({ cidr: each })),
        withGroups
          ? fc.constantFrom(...groupNames, 'missing').map((name) => ({ securityGroupRef: { name } }))
          : fc.constant(undefined),
      ),
    })
    .map(({ protocol, ports, icmp, remote }) => {
      const isIcmp = protocol === 'ICMP' || protocol === 'ICMPv6';
      const fits =
        !isIcmp ||
        remote === undefined ||
        !('cidr' in remote) ||
        remote.cidr.includes(':') === (protocol === 'ICMPv6');
      return {
        protocol,
        ...(ports && !isIcmp && protocol !== 'All' && { ports }),
        ...(icmp && isIcmp && { icmp }),
        ...(remote && fits && { remote }),
      };
    });

const group = fc.record({
  ingress: fc.array(rule(true), { maxLength: 4 }),
  egress: fc.array(rule(true), { maxLength: 4 }),
  stateful: fc.constantFrom<Group['stateful'][]>('Enabled', 'Enabled', 'Disabled'),
});

/** A policy. Most policies do not restrict one of the directions, so that some packets pass. */
const policy: fc.Arbitrary<Policy> = fc
  .record({
    appliesTo: fc.constantFrom<Policy['appliesTo']>(
      { subnetRefs: [{ name: 'a' }] },
      { subnetRefs: [{ name: 'a' }, { name: 'b' }] },
      { portSelector: {} },
      { portSelector: { matchLabels: { tier: 'web' } } },
      { portSelector: { matchLabels: { tier: 'db', env: 'test' } } },
    ),
    ingress: fc.option(fc.array(rule(false), { maxLength: 5 }), { nil: undefined }),
    egress: fc.option(fc.array(rule(false), { maxLength: 5 }), { nil: undefined }),
    isolation: fc.constantFrom<Policy['isolation'][]>('None', 'None', 'None', 'Subnet', 'VPC'),
  })
  .map(({ appliesTo, ingress, egress, isolation }) => ({
    appliesTo,
    isolation,
    ...(ingress && { ingress }),
    ...(egress && { egress }),
  }));

const port = (subnet: 'a' | 'b', ip: string): fc.Arbitrary<PortOf> =>
  fc.record({
    subnet: fc.constant(subnet),
    ip: fc.constant(ip),
    labels: fc.constantFrom<PortOf['labels'][]>(
      {},
      { tier: 'web' },
      { tier: 'db' },
      { tier: 'db', env: 'test' },
    ),
    groups: fc.subarray([...groupNames], { minLength: 0, maxLength: 3 }),
    filtered: fc.constantFrom(true, true, true, false),
  });

/** A world: one VPC with two Subnets, three groups, up to two policies and four Ports. */
export const world: fc.Arbitrary<World> = fc.record({
  vpc: fc.constant(vpc),
  subnets: fc.constant(subnets),
  groups: fc.record({ red: group, green: group, blue: group }),
  policies: fc.array(policy, { maxLength: 2 }),
  ports: fc.record({
    a1: port('a', '10.1.1.11'),
    a2: port('a', '10.1.1.12'),
    b1: port('b', '10.1.2.11'),
    b2: port('b', '10.1.2.12'),
  }),
});

/** DHCP requests, and answers from the port of a server and from other ports. */
const dhcp = fc.constantFrom(
  { protocol: 17, sourcePort: 68, port: 67 },
  { protocol: 17, sourcePort: 67, port: 68 },
  { protocol: 17, sourcePort: 1067, port: 68 },
  { protocol: 17, sourcePort: 547, port: 546 },
  { protocol: 17, sourcePort: 1547, port: 546 },
);

const headers = fc.oneof(
  dhcp,
  fc.record({
    protocol: fc.constantFrom(6, 6, 17, 132),
    sourcePort: fc.constantFrom(68, 40_000),
    port: fc.oneof(fc.constantFrom(...edges), fc.integer({ min: 1, max: 65_535 })),
  }),
  fc.record({
    protocol: fc.constantFrom(1, 58),
    icmp: fc.record({
      type: fc.constantFrom(0, 3, 5, 8, 128, 134, 135, 136, 137, 255),
      code: fc.constantFrom(0, 1, 255),
    }),
  }),
  fc.record({ protocol: fc.constantFrom(2, 47, 50, 112) }),
);

/** A packet between two Ports of the world, or between a Port and an external host. OVN does not know the IPv6 addresses. */
export function packetIn(
  { ports }: World,
  isPair: (from: string, to: string) => boolean = () => true,
): fc.Arbitrary<Packet> {
  const names = Object.keys(ports);
  const pairs = [...names, undefined].flatMap((from) =>
    [...names, undefined]
      .filter((to) => from !== to && (from === undefined || to === undefined || isPair(from, to)))
      .map((to) => ({ from, to })),
  );
  const own = Object.values(ports).map(({ ip }) => ip);
  const end = (name: string | undefined, version: 4 | 6, outsider: string, outsider6: string) => ({
    ...(name !== undefined && { port: name }),
    ip: version === 6 ? outsider6 : name === undefined ? outsider : (ports[name]?.ip ?? ''),
  });
  return fc
    .record({
      pair: fc.constantFrom(...pairs),
      version: fc.constantFrom<(4 | 6)[]>(4, 4, 4, 6),
      // Includes addresses of Ports, because rules match the address, not the real origin of the packet.
      from4: fc.constantFrom(...addresses4, ...own, ...sources4),
      to4: fc.constantFrom(...addresses4, ...own, ...destinations4),
      from6: fc.constantFrom(...addresses6),
      to6: fc.constantFrom(...addresses6, ...destinations6),
      ttl: fc.constantFrom(64, 255),
      isMulticastFrame: fc.constantFrom(false, false, false, true),
      rest: headers,
    })
    .map(({ pair, version, from4, to4, from6, to6, ttl, isMulticastFrame, rest }) => ({
      from: end(pair.from, version, from4, from6),
      to: end(pair.to, version, to4, to6),
      ttl,
      isMulticastFrame,
      ...rest,
    }));
}

/** Limits for the operator: random policies may exceed the defaults, and would then forbid everything. */
export const unlimited = {
  rulesPerGroup: 100,
  matchesPerGroup: Infinity,
  groupsPerPort: 16,
  policiesPerPort: 32,
  matchesPerPort: Infinity,
};
