/**
 * The functions that Kubernetes adds to CEL.
 * Source: k8s.io/apiserver/pkg/cel/library (ip.go, cidr.go, lists.go, regex.go) and the string extensions of
 * cel-go.
 */
import { quote } from '../schema/field-error.ts';
import { goRegExp } from '../schema/go-regexp.ts';
import {
  bits,
  contains,
  formatIp,
  masked,
  parseIp,
  parsePrefix,
  type Address,
  type Prefix,
} from './net-address.ts';

/** A value of CEL type `net.IP`. */
export class Ip {
  readonly address: Address;

  constructor(address: Address) {
    this.address = address;
  }

  equals(other: Ip): boolean {
    return this.address.family === other.address.family && this.address.value === other.address.value;
  }

  toString(): string {
    return formatIp(this.address);
  }
}

/** A value of CEL type `net.CIDR`. It keeps host bits. */
export class Cidr {
  readonly prefix: Prefix;

  constructor(prefix: Prefix) {
    this.prefix = prefix;
  }

  equals(other: Cidr): boolean {
    return (
      this.prefix.length === other.prefix.length &&
      new Ip(this.prefix.address).equals(new Ip(other.prefix.address))
    );
  }

  toString(): string {
    return `${formatIp(this.prefix.address)}/${this.prefix.length}`;
  }
}

/** The receiver `ip` in `ip.isCanonical(...)`. */
export class IpNamespace {
  readonly name = 'ip';
}
export const ipNamespace = new IpNamespace();

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the signature beside it says the types
type Handler = (...args: any[]) => unknown;

/**
 * Internal names of functions that the library implements differently: `matches` with JavaScript patterns,
 * `join` for arrays only, and `int("")` as 0.
 */
export const RE2_MATCHES = 'matchesRe2';
export const JOIN_ITEMS = 'joinItems';
export const STRICT_INT = 'strictInt';

/**
 * The signatures of the functions in the notation of the library, with their handlers. Handlers throw Error
 * with the message of cel-go.
 */
export const celFunctions: readonly (readonly [signature: string, handler: Handler])[] = [
  ['isIP(string): bool', (text: string) => parseIp(text) !== undefined],
  ['ip(string): net.IP', (text: string) => toIp(text)],
  [
    'IpNamespace.isCanonical(string): bool',
    (_ip: IpNamespace, text: string) => toIp(text).toString() === text,
  ],
  ['string(net.IP): string', String],
  ['net.IP.family(): int', ({ address }: Ip) => BigInt(address.family)],
  ['net.IP.isUnspecified(): bool', ({ address }: Ip) => address.value === 0n],
  ['net.IP.isLoopback(): bool', within('127.0.0.0/8', '::1/128')],
  ['net.IP.isLinkLocalMulticast(): bool', within('224.0.0.0/24', 'ff02::/16')],
  ['net.IP.isLinkLocalUnicast(): bool', within('169.254.0.0/16', 'fe80::/10')],
  ['net.IP.isGlobalUnicast(): bool', isGlobalUnicast],

  ['isCIDR(string): bool', (text: string) => parsePrefix(text) !== undefined],
  ['cidr(string): net.CIDR', (text: string) => toCidr(text)],
  ['string(net.CIDR): string', String],
  ['net.CIDR.containsIP(net.IP): bool', ({ prefix }: Cidr, { address }: Ip) => contains(prefix, address)],
  [
    'net.CIDR.containsIP(string): bool',
    ({ prefix }: Cidr, text: string) => contains(prefix, parsedArgument(parseIp(text))),
  ],
  ['net.CIDR.containsCIDR(net.CIDR): bool', containsCidr],
  ['net.CIDR.containsCIDR(string): bool', (cidr: Cidr, text: string) => containsCidr(cidr, toCidr(text))],
  ['net.CIDR.ip(): net.IP', ({ prefix }: Cidr) => new Ip(prefix.address)],
  ['net.CIDR.masked(): net.CIDR', ({ prefix }: Cidr) => new Cidr(masked(prefix))],
  ['net.CIDR.prefixLength(): int', ({ prefix }: Cidr) => BigInt(prefix.length)],

  [`string.${RE2_MATCHES}(string): bool`, (text: string, pattern: string) => goRegExp(pattern).test(text)],
  [`${STRICT_INT}(int): int`, (value: bigint) => value],
  [`${STRICT_INT}(double): int`, (value: number) => BigInt(Math.trunc(value))],
  [`${STRICT_INT}(string): int`, toInt],
  [
    `${STRICT_INT}(google.protobuf.Timestamp): int`,
    (time: Date) => BigInt(Math.floor(time.valueOf() / 1000)),
  ],
  ['string.find(string): string', (text: string, pattern: string) => goRegExp(pattern).exec(text)?.[0] ?? ''],
  ['string.findAll(string): list<string>', (text: string, pattern: string) => findAll(text, pattern)],
  [
    'string.findAll(string, int): list<string>',
    (text: string, pattern: string, n: bigint) => findAll(text, pattern, Number(n)),
  ],
  ['string.charAt(int): string', charAt],
  [
    'string.replace(string, string): string',
    (text: string, from: string, to: string) => text.replaceAll(from, () => to),
  ],
  ['string.replace(string, string, int): string', replaceSome],

  [
    'list<T>.isSorted(): bool',
    onItems((list: Ordered[]) => list.every((item, index) => index === 0 || !less(item, list[index - 1]))),
  ],
  [`list<string>.${JOIN_ITEMS}(): string`, onItems((list: string[]) => list.join(''))],
  [`list<string>.${JOIN_ITEMS}(string): string`, onItems((list: string[], by: string) => list.join(by))],
  ['list<int>.sum(): int', onItems((list: bigint[]) => list.reduce((sum, item) => sum + item, 0n))],
  ['list<double>.sum(): double', onItems((list: number[]) => list.reduce((sum, item) => sum + item, 0))],
  ['list<T>.min(): T', onItems((list: Ordered[]) => extreme(list, 'min', (a, b) => less(a, b)))],
  ['list<T>.max(): T', onItems((list: Ordered[]) => extreme(list, 'max', (a, b) => less(b, a)))],
  ['list<T>.indexOf(T): int', onItems((list: unknown[], item: unknown) => BigInt(list.indexOf(item)))],
  [
    'list<T>.lastIndexOf(T): int',
    onItems((list: unknown[], item: unknown) => BigInt(list.lastIndexOf(item))),
  ],
];

/** Adapts a handler to lists. A list is an array, or a Set when its order is irrelevant. */
function onItems(handler: Handler): Handler {
  return (list: Iterable<unknown>, argument: unknown) => handler(Array.from(list), argument);
}

type Ordered = bigint | number | string | boolean | undefined;

const less = (a: Ordered, b: Ordered): boolean => a !== undefined && b !== undefined && a < b;

function extreme(
  list: readonly Ordered[],
  name: string,
  before: (a: Ordered, b: Ordered) => boolean,
): Ordered {
  if (list.length === 0) throw new Error(`${name} called on empty list`);
  return list.reduce((best, item) => (before(item, best) ? item : best));
}

function toIp(text: string): Ip {
  const address = parseIp(text);
  if (address === undefined)
    throw new Error(
      `IP Address ${quote(text)} parse error during conversion from string: ParseAddr(${quote(text)}): unable to parse IP`,
    );
  return new Ip(address);
}

function toCidr(text: string): Cidr {
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return new Cidr(prefix);
  const problem = text.includes('/') ? 'ParseAddr: unable to parse IP' : "no '/'";
  const doing = 'network address parse error during conversion from string';
  throw new Error(`${doing}: ${doing}: netip.ParsePrefix(${quote(text)}): ${problem}`);
}

function toInt(text: string): bigint {
  const value = /^[+-]?\d+$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || BigInt.asIntN(64, value) !== value) {
    throw new Error("type conversion error from 'string' to 'int'");
  }
  return value;
}

/** Rejects an invalid address in a text argument. cel-go reports only this message. */
function parsedArgument<T>(parsed: T | undefined): T {
  if (parsed === undefined) throw new Error('no such overload');
  return parsed;
}

function containsCidr({ prefix }: Cidr, { prefix: inner }: Cidr): boolean {
  return inner.length >= prefix.length && contains(prefix, masked(inner).address);
}

function within(...prefixes: string[]): (ip: Ip) => boolean {
  const parsed = prefixes.map((text) => toCidr(text).prefix);
  return ({ address }) => parsed.some((prefix) => contains(prefix, address));
}

const isMulticast = within('224.0.0.0/4', 'ff00::/8');
const isLocal = within('127.0.0.0/8', '::1/128', '169.254.0.0/16', 'fe80::/10');

function isGlobalUnicast(ip: Ip): boolean {
  const { family, value } = ip.address;
  const isBroadcast = family === 4 && value === (1n << BigInt(bits(4))) - 1n;
  return value !== 0n && !isBroadcast && !isMulticast(ip) && !isLocal(ip);
}

function findAll(text: string, pattern: string, limit = -1): string[] {
  const all = Array.from(text.matchAll(new RegExp(goRegExp(pattern), 'gu')), ([found]) => found);
  return limit < 0 ? all : all.slice(0, limit);
}

function charAt(text: string, index: bigint): string {
  const chars = Array.from(text);
  if (index < 0n || index > BigInt(chars.length)) throw new Error(`index out of range: ${index.toString()}`);
  return chars[Number(index)] ?? '';
}

function replaceSome(text: string, from: string, to: string, count: bigint): string {
  let left = count < 0n ? Infinity : Number(count);
  return text.replaceAll(from, (found) => (left-- > 0 ? to : found));
}
