import { asSymbol } from '../model/names.ts';
import type { OvnSymbol } from '../model/names.ts';
import { collapseNetworks, parseNetwork } from './networks.ts';
import type { Family, Network } from './networks.ts';

/**
 * An OVN match expression (ovn-sb(5), "Expressions") as a tree of typed values. A match never contains text
 * from a tenant: the builders parse addresses and print them again, check the range of numbers, and refer to
 * ports and sets by symbols that the operator makes from UIDs. `printMatch` returns the text of a tree. The
 * text does not depend on the order of networks and numbers in the input.
 */
export type Match =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'predicate'; readonly name: Predicate }
  | { readonly kind: 'networks'; readonly field: AddressField; readonly networks: readonly Network[] }
  | { readonly kind: 'addressSet'; readonly field: AddressField; readonly set: OvnSymbol }
  | { readonly kind: 'numbers'; readonly field: NumberField; readonly ranges: readonly Range[] }
  | { readonly kind: 'port'; readonly field: PortField; readonly port: LogicalPort }
  | { readonly kind: 'not'; readonly of: Match }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Match[] };

/** Predicates of OVN that need no operand. */
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

type AddressField = 'ip4.src' | 'ip4.dst' | 'ip6.src' | 'ip6.dst' | 'arp.spa' | 'arp.tpa' | 'nd.target';
type PortField = 'inport' | 'outport';
type NumberField = keyof typeof numberFields;

/**
 * For each numeric field: its largest value, whether it is nominal in OVN, and the predicate for any value.
 */
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
  'arp.op': { max: 65535, nominal: true, any: 'arp' },
  'ip.proto': { max: 255, nominal: true, any: 'ip' },
} as const satisfies Record<string, { max: number; nominal: boolean; any: Predicate }>;

/** A closed interval of integers. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** One logical port by its name, or all ports of a port group. */
type LogicalPort = { readonly name: string } | { readonly group: OvnSymbol };

/**
 * OVN cannot express a match. The caller must fail closed: it must not replace the match with a wider one.
 */
export class MatchError extends Error {
  override readonly name = 'MatchError';
  readonly code = 'INVALID_MATCH';
}

/** Matches every packet. */
export const always: Match = { kind: 'constant', value: true };

/** Matches no packet. */
export const never: Match = { kind: 'constant', value: false };

/** Conjunction; `always` without operands. The function folds constants and flattens nested conjunctions. */
export function and(...of: readonly Match[]): Match {
  return combine('and', of);
}

/** Disjunction; `never` without operands. The function folds constants and flattens nested disjunctions. */
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
 * Matches the packets that have the fields in `of` and do not match `of`. Example: `not(ip(4, 'src', …))`
 * matches IPv4 packets from other sources. This is OVN's `!`, and it is not a complement. A comparison
 * implies its protocol (its prerequisite), and OVN does not negate the prerequisite: `ip && !(tcp.dst == 80)`
 * does not match UDP packets. The caller must handle the packets of other protocols separately.
 *
 * @throws MatchError when OVN rejects the negation (OVN cannot negate ports, protocols and other nominal
 * fields), and when the comparisons imply several protocols, because the result is then ambiguous
 */
export function not(of: Match): Match {
  if (of.kind === 'constant') return of.value ? never : always;
  const protocols = new Set<string>();
  collectProtocols(of, protocols);
  if (protocols.size > 1) {
    throw new MatchError(
      `cannot negate comparisons of ${[...protocols].join(' and ')} together: ` +
        "OVN's negation is not a complement; negate each comparison separately",
    );
  }
  return of.kind === 'not' ? of.of : { kind: 'not', of };
}

/**
 * Adds the protocols that the comparisons imply to `protocols`.
 *
 * @throws MatchError when OVN cannot negate a part of the match
 */
function collectProtocols(match: Match, protocols: Set<string>): void {
  if (match.kind === 'constant') return;
  if ('of' in match) {
    for (const part of match.kind === 'not' ? [match.of] : match.of) collectProtocols(part, protocols);
    return;
  }
  const name = match.kind === 'predicate' ? match.name : match.field;
  if (!isNegatable(match)) throw new MatchError(`OVN cannot negate a comparison of ${name}`);
  protocols.add(name.slice(0, name.indexOf('.')));
}

/**
 * OVN calls fields without masks nominal. It cannot negate nominal fields or predicates of nominal fields.
 */
function isNegatable(match: Exclude<Match, { kind: 'constant' } | { of: unknown }>): boolean {
  if (match.kind === 'port') return false;
  if (match.kind === 'numbers') return !isNominal(match.field);
  return match.kind !== 'predicate' || match.name.includes('.');
}

/** OVN compares nominal fields only with `==`: it supports no ranges and no negation. */
function isNominal(field: NumberField): boolean {
  return numberFields[field].nominal;
}

/** Matches a predicate such as `ip4` or `nd`. */
export function is(name: Predicate): Match {
  return { kind: 'predicate', name };
}

/** Matches packets from a logical switch port or router port, or from any port of a port group. */
export function inport(port: LogicalPort): Match {
  return { kind: 'port', field: 'inport', port: checkPort(port) };
}

/** Matches packets to a logical port, or to any port of a port group. */
export function outport(port: LogicalPort): Match {
  return { kind: 'port', field: 'outport', port: checkPort(port) };
}

function checkPort(port: LogicalPort): LogicalPort {
  if ('group' in port) return { group: asSymbol(port.group) };
  if (!/^[A-Za-z0-9_.:-]{1,255}$/.test(port.name)) {
    throw new MatchError(`${JSON.stringify(port.name)} is not a valid name of a logical port`);
  }
  return { name: port.name };
}

/**
 * Matches packets whose address in `field` is in one of the networks. Returns `never` for an empty list, and
 * the predicate of the family for a list that contains all addresses (`0.0.0.0/0`).
 *
 * @throws AddressError when a text is not a network
 * @throws MatchError when a network has the wrong family for the field
 */
export function address(field: AddressField, networks: readonly (Network | string)[]): Match {
  const typed = networks.map((network) => (typeof network === 'string' ? parseNetwork(network) : network));
  const family = familyOf(field);
  if (typed.some((network) => network.family !== family)) {
    throw new MatchError(`${field} accepts only IPv${family} addresses`);
  }
  const collapsed = collapseNetworks(typed);
  const [first] = collapsed;
  if (first === undefined) return never;
  if (first.prefix === 0)
    return is(field.startsWith('arp.') ? 'arp' : field === 'nd.target' ? 'nd' : family === 4 ? 'ip4' : 'ip6');
  return { kind: 'networks', field, networks: collapsed };
}

/** Matches packets whose source or destination is in one of the networks (see {@link address}). */
export function ip(family: Family, side: 'src' | 'dst', networks: readonly (Network | string)[]): Match {
  return address(`ip${family}.${side}`, networks);
}

/**
 * Matches packets whose source or destination is an address of a port in the port group. ovn-northd maintains
 * these addresses as the address set `$<group>_ip4` (or `_ip6`).
 */
export function ipOfGroup(family: Family, side: 'src' | 'dst', group: OvnSymbol): Match {
  return { kind: 'addressSet', field: `ip${family}.${side}`, set: asSymbol(`${group}_ip${family}`) };
}

function familyOf(field: AddressField): Family {
  return field.startsWith('ip6') || field === 'nd.target' ? 6 : 4;
}

/**
 * Matches packets whose number in `field` is one of the values, or in one of the ranges. The function joins
 * overlapping and adjacent ranges. It replaces a range of a nominal field by its values, because OVN compares
 * nominal fields only for equality. Returns `never` for an empty list, and the predicate of the protocol for
 * all values.
 *
 * @throws MatchError when a bound is not an integer or out of range, and when `min` is greater than `max`
 */
export function number(field: NumberField, ...values: readonly (number | Range)[]): Match {
  const { max: limit, any } = numberFields[field];
  const ranges = values.map((value) => (typeof value === 'number' ? { min: value, max: value } : value));
  for (const { min, max } of ranges) {
    if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0 || max > limit || min > max) {
      throw new MatchError(`${field} accepts integers from 0 to ${limit}, not ${min} to ${max}`);
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
