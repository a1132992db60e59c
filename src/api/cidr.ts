import {
  type Address,
  type Family,
  formatAddress,
  invalid,
  orThrow,
  parseAddress,
  type Parsed,
  type ParseOptions,
  quote,
  widthOf,
} from './address.ts';

export * from './address.ts';

/** A network: its first address and its prefix length. The host bits of `base` are 0. */
export interface Cidr {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

/** The addresses from `start` to `end`, both included. Both have the same family, and `start` is not after `end`. */
export interface AddressRange {
  readonly start: Address;
  readonly end: Address;
}

/**
 * Parses `address/prefix`. The address must satisfy `parseAddress`. The prefix length must not have a sign or a leading
 * zero. Host bits must be 0; otherwise the message contains the network without host bits.
 */
export function parseCidr(text: string, { family }: ParseOptions = {}): Parsed<Cidr> {
  const wanted =
    family === 6 ? 'an IPv6 network such as 2001:db8::/32' : 'an IPv4 network such as 10.1.0.0/16';
  const slash = text.lastIndexOf('/');
  const length = text.slice(slash + 1);
  if (slash < 0 || !/^(0|[1-9][0-9]{0,2})$/.test(length))
    return invalid(`${quote(text)} is not a CIDR; write ${wanted}`);
  const address = parseAddress(text.slice(0, slash));
  if (!address.ok) return invalid(`${quote(text)} is not a CIDR; write ${wanted}`);
  if (family !== undefined && address.value.family !== family) {
    return invalid(`${quote(text)} is an IPv${address.value.family} network; write ${wanted}`);
  }
  const width = widthOf(address.value.family);
  const prefix = Number(length);
  if (prefix > width)
    return invalid(`${quote(text)} has a prefix longer than ${width} bits; write ${wanted}`);
  const cidr = networkOf(address.value, prefix);
  if (cidr.base !== address.value.value) {
    return invalid(`${quote(text)} has host bits set; write ${formatCidr(cidr)}`);
  }
  return { ok: true, value: cidr };
}

/**
 * Parses a network like `parseCidr`, for settings and for values that were checked before.
 *
 * @throws InvalidCidrError INVALID_CIDR when the text is not a valid network
 */
export function mustParseCidr(text: string, options?: ParseOptions): Cidr {
  return orThrow(parseCidr(text, options));
}

/** Parses a range of the API: two addresses of one family, the lower address first. */
export function parseRange(
  range: { readonly start: string; readonly end: string },
  options: ParseOptions = {},
): Parsed<AddressRange> {
  const start = parseAddress(range.start, options);
  if (!start.ok) return start;
  const end = parseAddress(range.end, { family: start.value.family });
  if (!end.ok) return end;
  if (end.value.value < start.value.value) {
    return invalid(
      `the end of the range ${range.start}-${range.end} is lower than its start; swap start and end`,
    );
  }
  return { ok: true, value: { start: start.value, end: end.value } };
}

/** The canonical text `address/prefix`. Two networks are equal exactly when their canonical texts are equal. */
export const formatCidr = (cidr: Cidr): string => `${formatAddress(firstAddress(cidr))}/${cidr.prefix}`;

/**
 * The network with this prefix length that contains the address.
 *
 * @throws RangeError when the prefix length is invalid for the family
 */
export function networkOf({ family, value }: Address, prefix: number): Cidr {
  const width = widthOf(family);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > width) {
    throw new RangeError(
      `The prefix length of an IPv${family} network must be between 0 and ${width}, not ${prefix}.`,
    );
  }
  const host = BigInt(width - prefix);
  return { family, base: (value >> host) << host, prefix };
}

/** The number of addresses of the network, with the network and broadcast address. */
const sizeOf = ({ family, prefix }: Cidr): bigint => 1n << BigInt(widthOf(family) - prefix);

/** The number of addresses in an IPv4 network. */
export const addressCount = ({ prefix }: Cidr): number => 2 ** (32 - prefix);

/** The first address of the network. In IPv4, this is the network address, which no machine may have. */
export const firstAddress = ({ family, base }: Cidr): Address => ({ family, value: base });

/** The last address of the network. In IPv4, this is the broadcast address, which no machine may have. */
export const lastAddress = (cidr: Cidr): Address => ({
  family: cidr.family,
  value: cidr.base + sizeOf(cidr) - 1n,
});

/** Whether the network contains the address. */
export function containsAddress(cidr: Cidr, address: Address): boolean {
  return (
    cidr.family === address.family && address.value >= cidr.base && address.value < cidr.base + sizeOf(cidr)
  );
}

/** Whether `outer` contains every address of `inner`. */
export function containsCidr(outer: Cidr, inner: Cidr): boolean {
  return outer.prefix <= inner.prefix && containsAddress(outer, firstAddress(inner));
}

/** Whether the networks have a common address. If they have one, one network contains the other. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return containsCidr(a, b) || containsCidr(b, a);
}

/** Whether the network contains every address of the range. */
export function containsRange(cidr: Cidr, { start, end }: AddressRange): boolean {
  return containsAddress(cidr, start) && containsAddress(cidr, end);
}

/** Whether the range contains the address. */
export function inRange({ start, end }: AddressRange, { family, value }: Address): boolean {
  return start.family === family && value >= start.value && value <= end.value;
}
