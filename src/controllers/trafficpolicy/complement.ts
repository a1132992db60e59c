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
  type Family,
  type Match,
  type Network,
  type Range,
} from '../../ovn/index.ts';

/**
 * What a list of rules does not have, said positively.
 *
 * OVN's `!` is no complement: `!(tcp.dst == 80)` still asks for TCP, so a drop on `ip && !(…)` lets UDP pass (ovn-sb(5):
 * prerequisites are not negated), and `!=` with several addresses multiplies out in ovn-controller. So the packets are
 * cut into pieces in which only one field counts, and of each piece the part that no rule lists is spelled out:
 *
 * 1. addresses: CIDRs contain one another or are disjoint, so the CIDRs of the rules cut the address space into
 *    regions within each of which the same rules apply;
 * 2. protocols: those of which a region lists nothing go by their numbers, all in one set;
 * 3. ports (or ICMP type and code, as one number): the gaps between what is listed.
 */

/** The protocols that rules tell apart; all others go by their number alone. */
export type Transport = 'tcp' | 'udp' | 'sctp' | 'icmp';

/** One rule, for one IP version. */
export interface Listed {
  /** Unset: any address. */
  readonly network?: Network;
  /** Unset: all of IP. Ports, or ICMP types and codes as `type * 256 + code`; `values` unset: all. */
  readonly transport?: { readonly protocol: Transport; readonly values?: Range };
}

const transports: readonly Transport[] = ['tcp', 'udp', 'sctp', 'icmp'];
const every: Range = { min: 0, max: 65_535 };

/** Numbers of protocols (IANA). */
const protocolNumber = (family: Family, transport: Transport): number =>
  ({ tcp: 6, udp: 17, sctp: 132, icmp: family === 4 ? 1 : 58 })[transport];

/**
 * Matches that together are true of exactly the packets of the IP version that no rule lists; `side` is the end that
 * the rules' networks are of. In the order of addresses and protocols, whatever the order of the rules.
 */
export function complement(family: Family, side: 'src' | 'dst', rules: readonly Listed[]): readonly Match[] {
  return regions(family, rules).flatMap(({ networks, profile }) =>
    unlisted(family, profile).map((rest) => and(ip(family, side, networks), ...rest)),
  );
}

/** What of each protocol is listed; undefined: all of IP is. */
type Profile = ReadonlyMap<Transport, readonly Range[]> | undefined;

interface Region {
  readonly networks: readonly Network[];
  readonly profile: Profile;
}

/** The address space in regions in which the same is listed. */
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

/** Each network once; unlike `collapseNetworks`, with those that are inside others. */
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
      transport?.protocol === protocol ? [transport.values ?? every] : [],
    );
    return ranges.length === 0 ? [] : [[protocol, joined(ranges)] as const];
  });
  return new Map(entries);
}

/** What a profile leaves out, each as conditions that go together. */
function unlisted(family: Family, profile: Profile): readonly (readonly Match[])[] {
  if (profile === undefined) return [];
  if (profile.size === 0) return [[]];
  const listed = [...profile.keys()].map((transport) => protocolNumber(family, transport));
  const others = number(
    'ip.proto',
    ...gaps(
      listed.map((value) => ({ min: value, max: value })),
      255,
    ),
  );
  const parts = [...profile].flatMap(([transport, ranges]): (readonly Match[])[] => {
    const rest = gaps(ranges, every.max);
    return rest.length === 0 ? [] : [[valuesOf(family, transport, rest)]];
  });
  return [[others], ...parts];
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

/** A range of `type * 256 + code`, cut where the type changes. */
function byType({ min, max }: Range): readonly Range[] {
  const cuts: Range[] = [];
  for (let at = min; at <= max; at = (at | 255) + 1) cuts.push({ min: at, max: Math.min(max, at | 255) });
  return cuts;
}

/** Sorted, without overlaps. */
function joined(ranges: readonly Range[]): readonly Range[] {
  const out: Range[] = [];
  for (const next of [...ranges].sort((a, b) => a.min - b.min || a.max - b.max)) {
    const last = out.at(-1);
    if (last === undefined || next.min > last.max + 1) out.push(next);
    else out[out.length - 1] = { min: last.min, max: Math.max(last.max, next.max) };
  }
  return out;
}

/** What is between the ranges, from 0 to `max`. */
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
