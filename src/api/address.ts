import ipaddr from 'ipaddr.js';

/** IP version. */
export type Family = 4 | 6;

/** An IP address as a number, so that code for ranges and pools uses plain arithmetic. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/**
 * The result of a parser: the value, or a message for the user that says what is wrong and what to write instead.
 * Users often write invalid input, so a parser returns a result for it and does not throw.
 */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: 'INVALID_CIDR'; readonly message: string };

export interface ParseOptions {
  /** The parser rejects addresses of the other family. */
  readonly family?: Family;
}

/** The error of the `must` parsers, with the message of the parser. A retry with the same value fails again. */
class InvalidCidrError extends Error {
  readonly code = 'INVALID_CIDR';
  override readonly name = 'InvalidCidrError';
}

/** The number of bits of an address of the family. */
export const widthOf = (family: Family): 32 | 128 => (family === 4 ? 32 : 128);

/**
 * Parses an IPv4 address in dotted decimal or an IPv6 address (RFC 4291 §2.2), as strictly as Go's net/netip and the
 * CEL function `isIP`. The parser rejects octal numbers and leading zeros in IPv4, zones, IPv4-mapped IPv6 addresses
 * and surrounding spaces.
 */
export function parseAddress(text: string, { family }: ParseOptions = {}): Parsed<Address> {
  const address = parseV4(text) ?? parseV6(text);
  const wanted = family === 4 ? 'an IPv4 address' : family === 6 ? 'an IPv6 address' : 'an IP address';
  if (address === undefined) return invalid(`${quote(text)} is not an IP address; write ${wanted}`);
  if (family !== undefined && address.family !== family) {
    return invalid(`${quote(text)} is an IPv${address.family} address; write ${wanted}`);
  }
  return { ok: true, value: address };
}

/**
 * Parses an address like `parseAddress`, for values that were checked before.
 *
 * @throws InvalidCidrError INVALID_CIDR when the text is not a valid address
 */
export function mustParseAddress(text: string, options?: ParseOptions): Address {
  return orThrow(parseAddress(text, options));
}

/**
 * The canonical text of an address: dotted decimal for IPv4, RFC 5952 for IPv6. Two addresses are equal exactly when
 * their canonical texts are equal.
 */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) {
    const n = Number(value);
    return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
  }
  const parts = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  return new ipaddr.IPv6(parts).toRFC5952String();
}

/**
 * Whether a machine can have the address: the address is not unspecified, loopback, link-local, multicast or IPv4
 * broadcast. The function follows the CEL method `isGlobalUnicast`: private and documentation addresses qualify.
 */
export function isGlobalUnicast({ family, value }: Address): boolean {
  if (value === 0n) return false;
  if (family === 6) return value !== 1n && value >> 118n !== 0x3fan && value >> 120n !== 0xffn;
  const n = Number(value);
  return n >>> 24 !== 127 && n >>> 16 !== 0xa9fe && n >>> 28 !== 0xe && n !== 0xffffffff;
}

/** The result of a parser that rejects its input with `message`. */
export function invalid(message: string): {
  readonly ok: false;
  readonly code: 'INVALID_CIDR';
  readonly message: string;
} {
  return { ok: false, code: 'INVALID_CIDR', message };
}

/**
 * Returns the parsed value.
 *
 * @throws InvalidCidrError INVALID_CIDR when the parser rejected its input
 */
export function orThrow<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new InvalidCidrError(parsed.message);
  return parsed.value;
}

/** User text for a message, quoted and escaped. Long text is cut, so that the message of a condition stays short. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}

function parseV4(text: string): Address | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  const value = text.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return { family: 4, value: BigInt(value) };
}

function parseV6(text: string): Address | undefined {
  // ipaddr.js accepts more than net/netip: zones, groups of any length, and a `::` that replaces no group.
  const tail = /[^:]*$/.exec(text)?.[0] ?? '';
  const embedded = tail.includes('.');
  if (embedded && parseV4(tail) === undefined) return undefined;
  const groups = (embedded ? text.slice(0, -tail.length) + '0:0' : text).split(':');
  if (!groups.every((group) => /^[0-9a-f]{0,4}$/i.test(group))) return undefined;
  const given = groups.filter((group) => group !== '').length;
  if (text.includes('::') ? given > 7 : given !== 8) return undefined;
  if (!ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  if (address.isIPv4MappedAddress()) return undefined;
  return { family: 6, value: address.parts.reduce((sum, part) => (sum << 16n) | BigInt(part), 0n) };
}
