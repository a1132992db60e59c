import {
  and,
  collapseNetworks,
  containsNetwork,
  everyAddress,
  ip,
  is,
  number,
  or,
  subtractNetworks,
  widenNetworks,
  type Family,
  type Match,
  type Network,
  type Range,
} from '../../ovn/index.ts';

/**
 * The complement of a list of rules, without negation.
 *
 * OVN's `!` is not a complement. `!(tcp.dst == 80)` still requires TCP, so a drop on `ip && !(…)` admits UDP
 * (ovn-sb(5): prerequisites are not negated). `!=` with several addresses multiplies in ovn-controller. Therefore the
 * code divides the packets into parts in which only one field matters, and lists the values of each part that no rule
 * contains:
 *
 * 1. addresses: two CIDRs are disjoint, or one contains the other. So the CIDRs of the rules divide the address space
 *    into regions, and the same rules apply within a region;
 * 2. protocols: the protocols without any rule in a region form one set of protocol numbers;
 * 3. ports (or ICMP type and code as one number): the gaps between the listed values.
 *
 * ovn-controller makes a flow for each combination of a port, a network and a protocol number (`ip.proto`). So one
 * drop covers the about 250 protocols that rules cannot distinguish, for all regions at once and with as few networks
 * as possible: a network may also contain addresses of which nothing is listed. If no rule lists all protocols, this
 * drop is the same for all lists ({@link commonDrop}), and ovn-controller makes its flows once for each port.
 */

/** The protocols that rules distinguish. All other protocols are identified by their number. */
export type Transport = 'tcp' | 'udp' | 'sctp' | 'icmp';

/** A rule for one IP version. */
export interface Listed {
  /** Undefined: any address. */
  readonly network?: Network;
  /**
   * Undefined: all protocols of IP. `values` contains ports, or ICMP types and codes as `type * 256 + code`;
   * undefined: all.
   */
  readonly transport?: { readonly protocol: Transport; readonly values?: Range };
}

const transports: readonly Transport[] = ['tcp', 'udp', 'sctp', 'icmp'];
const allValues: Range = { min: 0, max: 65_535 };

/** Returns the protocol number (IANA). */
const protocolNumber = (family: Family, transport: Transport): number =>
  ({ tcp: 6, udp: 17, sctp: 132, icmp: family === 4 ? 1 : 58 })[transport];

/** Matches the protocols of IP that rules do not distinguish. */
const otherProtocols: Readonly<Record<Family, Match>> = { 4: otherProtocolsOf(4), 6: otherProtocolsOf(6) };

function otherProtocolsOf(family: Family): Match {
  const numbers = transports.map((transport) => protocolNumber(family, transport));
  const ranges = numbers.map((value) => ({ min: value, max: value }));
  return number('ip.proto', ...gaps(ranges, 255));
}

/** A match in the complement of every list that lists something, but nowhere all protocols. */
export const commonDrop: Readonly<Record<Family, Match>> = {
  4: and(is('ip4'), otherProtocols[4]),
  6: and(is('ip6'), otherProtocols[6]),
};

/**
 * Returns matches of which at least one is true for exactly those packets of the IP version that no rule lists. `side`
 * is the address to which the networks of the rules apply. The order depends on addresses and protocols, and not on
 * the order of the rules.
 */
export function complement(family: Family, side: 'src' | 'dst', rules: readonly Listed[]): readonly Match[] {
  const all = regions(family, rules);
  const open = networksOf(all, ({ profile }) => profile === undefined);
  const closed = networksOf(all, ({ profile }) => profile?.size === 0);
  const partly = all.flatMap(({ networks, profile }) =>
    profile === undefined || profile.size === 0 ? [] : [{ networks, profile }],
  );
  const some = partly.flatMap(({ networks }) => networks);
  const drop = (networks: readonly Network[], avoid: readonly Network[], what: Match): readonly Match[] => {
    const exact = collapseNetworks(networks);
    const wide = widenNetworks(exact, avoid);
    return exact.length === 0 ? [] : [and(ip(family, side, wide.length < exact.length ? wide : exact), what)];
  };
  return [
    ...(closed.length === 0 ? [] : [ip(family, side, closed)]),
    ...(open.length > 0
      ? drop(some, open, otherProtocols[family])
      : some.length > 0
        ? [commonDrop[family]]
        : []),
    ...transports.flatMap((transport) => {
      const lists = ({ profile }: Region): boolean => profile === undefined || profile.has(transport);
      const without = networksOf(partly, ({ profile }) => !profile.has(transport));
      return drop(without, networksOf(all, lists), isTransport(family, transport));
    }),
    ...partly.flatMap(({ networks, profile }) =>
      [...profile].flatMap(([transport, ranges]) => {
        const rest = gaps(ranges, allValues.max);
        return rest.length === 0 ? [] : [and(ip(family, side, networks), valuesOf(family, transport, rest))];
      }),
    ),
  ];
}

function networksOf<R extends Region>(
  all: readonly R[],
  condition: (region: R) => boolean,
): readonly Network[] {
  return all.filter(condition).flatMap(({ networks }) => networks);
}

const isTransport = (family: Family, transport: Transport): Match =>
  is(transport === 'icmp' ? (family === 4 ? 'icmp4' : 'icmp6') : transport);

/** The listed values of each protocol; undefined: all of IP is listed. */
type Profile = ReadonlyMap<Transport, readonly Range[]> | undefined;

interface Region {
  readonly networks: readonly Network[];
  readonly profile: Profile;
}

/** Divides the address space into regions with the same listed values. */
function regions(family: Family, rules: readonly Listed[]): readonly Region[] {
  const whole = everyAddress(family);
  const all = collapseEqual([whole, ...rules.flatMap(({ network }) => network ?? [])]);
  const byProfile = new Map<string, { networks: Network[]; profile: Profile }>();
  for (const network of all) {
    const inner = all.filter((other) => other !== network && containsNetwork(network, other));
    const own = subtractNetworks(network, inner);
    if (own.length === 0) continue;
    const applying = rules.filter((rule) => containsNetwork(rule.network ?? whole, network));
    const profile = profileOf(applying);
    const key = JSON.stringify(profile === undefined ? 'all' : [...profile]);
    const region = byProfile.get(key);
    if (region === undefined) byProfile.set(key, { networks: [...own], profile });
    else region.networks.push(...own);
  }
  return [...byProfile.values()]
    .map(({ networks, profile }) => ({ networks: collapseNetworks(networks), profile }))
    .sort((a, b) => compare(a.networks[0], b.networks[0]));
}

/** Removes duplicates. Unlike `collapseNetworks`, the function keeps networks inside other networks. */
function collapseEqual(networks: readonly Network[]): readonly Network[] {
  const byText = new Map(networks.map((network) => [`${network.first}/${network.prefix}`, network]));
  return [...byText.values()].sort(compare);
}

function compare(a: Network | undefined, b: Network | undefined): number {
  if (a === undefined || b === undefined) return 0;
  return a.first < b.first ? -1 : a.first > b.first ? 1 : a.prefix - b.prefix;
}

function profileOf(rules: readonly Listed[]): Profile {
  if (rules.some(({ transport }) => transport === undefined)) return undefined;
  const entries = transports.flatMap((protocol) => {
    const ranges = rules.flatMap(({ transport }) =>
      transport?.protocol === protocol ? [transport.values ?? allValues] : [],
    );
    return ranges.length === 0 ? [] : [[protocol, joined(ranges)] as const];
  });
  return new Map(entries);
}

function valuesOf(family: Family, transport: Transport, ranges: readonly Range[]): Match {
  if (transport !== 'icmp') return and(is(transport), number(`${transport}.dst`, ...ranges));
  const field = family === 4 ? 'icmp4' : 'icmp6';
  const whole: Range[] = [];
  const some: Match[] = [];
  for (const { min, max } of ranges.flatMap(byType)) {
    const type = min >> 8;
    if (max - min === 255) whole.push({ min: type, max: type });
    else
      some.push(
        and(number(`${field}.type`, type), number(`${field}.code`, { min: min & 255, max: max & 255 })),
      );
  }
  return and(is(field), or(number(`${field}.type`, ...whole), ...some));
}

/** Divides a range of `type * 256 + code` where the type changes. */
function byType({ min, max }: Range): readonly Range[] {
  const cuts: Range[] = [];
  for (let at = min; at <= max; at = (at | 255) + 1) cuts.push({ min: at, max: Math.min(max, at | 255) });
  return cuts;
}

/** Sorts ranges and joins overlapping and adjacent ranges. */
function joined(ranges: readonly Range[]): readonly Range[] {
  const out: Range[] = [];
  for (const next of [...ranges].sort((a, b) => a.min - b.min || a.max - b.max)) {
    const last = out.at(-1);
    if (last === undefined || next.min > last.max + 1) out.push(next);
    else out[out.length - 1] = { min: last.min, max: Math.max(last.max, next.max) };
  }
  return out;
}

/** Returns the values between the ranges, from 0 to `max`. */
function gaps(ranges: readonly Range[], max: number): readonly Range[] {
  const out: Range[] = [];
  let next = 0;
  for (const range of joined(ranges)) {
    if (range.min > next) out.push({ min: next, max: range.min - 1 });
    next = range.max + 1;
  }
  if (next <= max) out.push({ min: next, max });
  return out;
}
