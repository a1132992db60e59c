import { collapseNetworks, parseMac, parseNetwork } from './networks.ts';
import type { Family, Network } from './networks.ts';
import { asSymbol } from '../model/names.ts';
import type { OvnSymbol } from '../model/names.ts';

/**
 * OVN match expressions (ovn-sb(5), "Expressions") as a tree built from typed values only. Nothing that a tenant
 * writes gets into a match as text: addresses are parsed and printed anew, numbers are range-checked, and ports and
 * sets are addressed by symbols made from UIDs. `printMatch` gives the text; the order in which networks, numbers and
 * MACs were given leaves no trace in it.
 */
export type Match =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'predicate'; readonly name: Predicate }
  | { readonly kind: 'networks'; readonly field: AddressField; readonly networks: readonly Network[] }
  | { readonly kind: 'addressSet'; readonly field: AddressField; readonly set: OvnSymbol }
  | { readonly kind: 'numbers'; readonly field: NumberField; readonly ranges: readonly Range[] }
  | { readonly kind: 'macs'; readonly field: MacField; readonly macs: readonly string[] }
  | { readonly kind: 'port'; readonly field: PortField; readonly port: LogicalPort }
  | { readonly kind: 'not'; readonly of: Match }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Match[] };

/** Predicates of OVN that stand alone. */
export type Predicate =
  | 'ip'
  | 'ip4'
  | 'ip6'
  | 'ip4.mcast'
  | 'ip6.mcast'
  | 'arp'
  | 'nd'
  | 'nd_ns'
  | 'nd_na'
  | 'nd_rs'
  | 'nd_ra'
  | 'tcp'
  | 'udp'
  | 'sctp'
  | 'icmp'
  | 'icmp4'
  | 'icmp6'
  | 'eth.bcast'
  | 'eth.mcast'
  | 'ip.is_frag'
  | 'ct.est'
  | 'ct.new'
  | 'ct.rel'
  | 'ct.rpl'
  | 'ct.inv';

export type AddressField =
  'ip4.src' | 'ip4.dst' | 'ip6.src' | 'ip6.dst' | 'arp.spa' | 'arp.tpa' | 'nd.target';
export type MacField = 'eth.src' | 'eth.dst' | 'arp.sha' | 'arp.tha' | 'nd.sll' | 'nd.tll';
export type PortField = 'inport' | 'outport';
export type NumberField = keyof typeof numberFields;

/** The largest value of each numeric field, whether OVN calls it nominal, and what says that it has any value. */
const numberFields = {
  'tcp.src': { max: 65535, nominal: false, any: 'tcp' },
  'tcp.dst': { max: 65535, nominal: false, any: 'tcp' },
  'udp.src': { max: 65535, nominal: false, any: 'udp' },
  'udp.dst': { max: 65535, nominal: false, any: 'udp' },
  'sctp.src': { max: 65535, nominal: false, any: 'sctp' },
  'sctp.dst': { max: 65535, nominal: false, any: 'sctp' },
  'icmp4.type': { max: 255, nominal: true, any: 'icmp4' },
  'icmp4.code': { max: 255, nominal: true, any: 'icmp4' },
  'icmp6.type': { max: 255, nominal: true, any: 'icmp6' },
  'icmp6.code': { max: 255, nominal: true, any: 'icmp6' },
  'ip.proto': { max: 255, nominal: true, any: 'ip' },
} as const satisfies Record<string, { max: number; nominal: boolean; any: Predicate }>;

/** A closed interval of integers. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** One logical port by name, or all that are in a port group. */
export type LogicalPort = { readonly name: string } | { readonly group: OvnSymbol };

/** A match that cannot be expressed. Whoever builds it must fail closed (invariant 10). */
export class MatchError extends Error {
  override readonly name = 'MatchError';
  readonly code = 'INVALID_MATCH';
}

/** Everything, and nothing. */
export const always: Match = { kind: 'constant', value: true };
export const never: Match = { kind: 'constant', value: false };

/** Both and all; of nothing it is `always`. Constants are folded and nested conjunctions flattened. */
export function and(...of: readonly Match[]): Match {
  return combine('and', of);
}

/** Either or any; of nothing it is `never`. */
export function or(...of: readonly Match[]): Match {
  return combine('or', of);
}

function combine(kind: 'and' | 'or', of: readonly Match[]): Match {
  const neutral = kind === 'and';
  const parts: Match[] = [];
  for (const part of of) {
    if (part.kind === 'constant') {
      if (part.value !== neutral) return part;
    } else if (part.kind === kind) parts.push(...part.of);
    else parts.push(part);
  }
  const [only] = parts;
  if (only === undefined) return neutral ? always : never;
  return parts.length === 1 ? only : { kind, of: parts };
}

/**
 * The packets that have the fields compared in `of` and do not match it, e.g. `not(ip(4, 'src', …))`: IPv4 packets from
 * elsewhere. That is OVN's `!`, and it is no complement: a comparison implies its protocol (its prerequisite), which
 * OVN does not negate, so `ip && !(tcp.dst == 80)` lets every UDP packet be. Say what should happen to the packets of
 * other protocols beside it.
 *
 * @throws MatchError where OVN would refuse the text (ports, protocols and other nominal fields can be tested
 * positively only) and where comparisons of several protocols are mixed, so that nobody could say what it means.
 */
export function not(of: Match): Match {
  if (of.kind === 'constant') return of.value ? never : always;
  const protocols = new Set<string>();
  collectProtocols(of, protocols);
  if (protocols.size > 1) {
    throw new MatchError(
      `OVN's negation of comparisons of ${[...protocols].join(' and ')} together is no complement`,
    );
  }
  return of.kind === 'not' ? of.of : { kind: 'not', of };
}

/** Which protocols the comparisons imply. @throws MatchError for what OVN can test positively only. */
function collectProtocols(match: Match, protocols: Set<string>): void {
  if (match.kind === 'constant') return;
  if ('of' in match) {
    for (const part of match.kind === 'not' ? [match.of] : match.of) collectProtocols(part, protocols);
    return;
  }
  const name = match.kind === 'predicate' ? match.name : match.field;
  if (!isNegatable(match)) throw new MatchError(`OVN can test ${name} positively only`);
  protocols.add(name.slice(0, name.indexOf('.')));
}

/** OVN calls fields without masks nominal, and the predicates made of them; those it cannot negate. */
function isNegatable(match: Exclude<Match, { kind: 'constant' } | { of: unknown }>): boolean {
  if (match.kind === 'port') return false;
  if (match.kind === 'numbers') return !isNominal(match.field);
  return match.kind !== 'predicate' || match.name.includes('.');
}

/** Nominal fields know `==` alone: no ranges, no negation. */
function isNominal(field: NumberField): boolean {
  return numberFields[field].nominal;
}

/** A predicate such as `ip4` or `nd`. */
export function is(name: Predicate): Match {
  return { kind: 'predicate', name };
}

/** From a port: by the name of its logical switch (or router) port, or any in a port group. */
export function inport(port: LogicalPort): Match {
  return { kind: 'port', field: 'inport', port: checkPort(port) };
}

/** To a port. */
export function outport(port: LogicalPort): Match {
  return { kind: 'port', field: 'outport', port: checkPort(port) };
}

function checkPort(port: LogicalPort): LogicalPort {
  if ('group' in port) return { group: asSymbol(port.group) };
  if (!/^[A-Za-z0-9_.:-]{1,255}$/.test(port.name)) {
    throw new MatchError(`not the name of a logical port of ours: ${JSON.stringify(port.name)}`);
  }
  return { name: port.name };
}

/**
 * The address in `field` is in one of the networks, given typed or as text that is parsed here. Of none it is
 * `never`; of everything (`0.0.0.0/0`) it is the family's predicate.
 *
 * @throws AddressError for text that is no network. @throws MatchError for a network of the field's other family.
 */
export function address(field: AddressField, networks: readonly (Network | string)[]): Match {
  const typed = networks.map((network) => (typeof network === 'string' ? parseNetwork(network) : network));
  const family = familyOf(field);
  if (typed.some((network) => network.family !== family)) {
    throw new MatchError(`${field} compares IPv${family} addresses only`);
  }
  const collapsed = collapseNetworks(typed);
  const [first] = collapsed;
  if (first === undefined) return never;
  if (first.prefix === 0)
    return is(field.startsWith('arp.') ? 'arp' : field === 'nd.target' ? 'nd' : family === 4 ? 'ip4' : 'ip6');
  return { kind: 'networks', field, networks: collapsed };
}

/** Source or destination in networks of one family: `address('ip4.src', …)` with the family as a value. */
export function ip(family: Family, side: 'src' | 'dst', networks: readonly (Network | string)[]): Match {
  return address(`ip${family}.${side}`, networks);
}

/** The address in `field` is in the address set with this name. */
export function addressIn(field: AddressField, set: OvnSymbol): Match {
  return { kind: 'addressSet', field, set: asSymbol(set) };
}

/** Source or destination is an address of a port in the port group: the set `$<group>_ip4` (`_ip6`) that northd makes. */
export function ipOfGroup(family: Family, side: 'src' | 'dst', group: OvnSymbol): Match {
  return addressIn(`ip${family}.${side}`, asSymbol(`${group}_ip${family}`));
}

function familyOf(field: AddressField): Family {
  return field.startsWith('ip6') || field === 'nd.target' ? 6 : 4;
}

/**
 * The number in `field` is one of these, or in one of these ranges. Overlapping and adjacent ranges are joined; of
 * nominal fields, which OVN compares for equality only, they become the set of their values. Of none it is `never`,
 * of every value the protocol's predicate.
 *
 * @throws MatchError when a bound is no integer, out of the field's range, or a range is upside down.
 */
export function number(field: NumberField, ...values: readonly (number | Range)[]): Match {
  const { max: limit, any } = numberFields[field];
  const ranges = values.map((value) => (typeof value === 'number' ? { min: value, max: value } : value));
  for (const { min, max } of ranges) {
    if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0 || max > limit || min > max) {
      throw new MatchError(`${field} takes integers from 0 to ${limit}, not ${min} to ${max}`);
    }
  }
  const joined = joinRanges(ranges);
  const [first] = joined;
  if (first === undefined) return never;
  if (first.min === 0 && first.max === limit) return is(any);
  return { kind: 'numbers', field, ranges: isNominal(field) ? joined.flatMap(singles) : joined };
}

function singles({ min, max }: Range): readonly Range[] {
  return Array.from({ length: max - min + 1 }, (_, at) => ({ min: min + at, max: min + at }));
}

function joinRanges(ranges: readonly Range[]): readonly Range[] {
  const out: Range[] = [];
  for (const next of [...ranges].sort((a, b) => a.min - b.min || a.max - b.max)) {
    const last = out.at(-1);
    if (last !== undefined && next.min <= last.max + 1) {
      out[out.length - 1] = { min: last.min, max: Math.max(last.max, next.max) };
    } else out.push({ min: next.min, max: next.max });
  }
  return out;
}

/** The MAC in `field` is one of these. Of none it is `never`. @throws AddressError for text that is no MAC. */
export function mac(field: MacField, macs: readonly string[]): Match {
  const parsed = [...new Set(macs.map(parseMac))].sort();
  return parsed.length === 0 ? never : { kind: 'macs', field, macs: parsed };
}
