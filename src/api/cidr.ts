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

/** A network: its first address and the number of leading bits that all its addresses share. Host bits are 0. */
export interface Cidr {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

/** From `start` to `end`, both included, of one family, `start` not after `end`. */
export interface AddressRange {
  readonly start: Address;
  readonly end: Address;
}

/**
 * Parses `address/prefix`, as strictly as `parseAddress`; the prefix length has no sign and no leading zero, and host
 * bits must be 0 (the message then names the network that was meant).
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
  if (prefix > width) return invalid(`${quote(text)} is not a CIDR; the prefix length is at most ${width}`);
  const cidr = networkOf(address.value, prefix);
  if (cidr.base !== address.value.value) {
    return invalid(`${quote(text)} has host bits set; the network is ${formatCidr(cidr)}`);
  }
  return { ok: true, value: cidr };
}

/** As `parseCidr`; throws InvalidCidrError. For values that were checked before, and settings. */
export function mustParseCidr(text: string, options?: ParseOptions): Cidr {
  return orThrow(parseCidr(text, options));
}

/** Parses a range as the API has it: two addresses of one family, in order. */
export function parseRange(
  range: { readonly start: string; readonly end: string },
  options: ParseOptions = {},
): Parsed<AddressRange> {
  const start = parseAddress(range.start, options);
  if (!start.ok) return start;
  const end = parseAddress(range.end, { family: start.value.family });
  if (!end.ok) return end;
  if (end.value.value < start.value.value) {
    return invalid(`the range ${range.start}-${range.end} ends before it starts; swap the two`);
  }
  return { ok: true, value: { start: start.value, end: end.value } };
}

/** `address/prefix` in canonical form. Two networks are equal exactly when it is. */
export const formatCidr = (cidr: Cidr): string => `${formatAddress(firstAddress(cidr))}/${cidr.prefix}`;

/** The network with this prefix length that the address is in. Throws RangeError for a prefix that is too long. */
export function networkOf({ family, value }: Address, prefix: number): Cidr {
  const width = widthOf(family);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > width) {
    throw new RangeError(`an IPv${family} prefix length is from 0 to ${width}, not ${prefix}`);
  }
  const host = BigInt(width - prefix);
  return { family, base: (value >> host) << host, prefix };
}

/** How many addresses the network has, network and broadcast address included. */
export const sizeOf = ({ family, prefix }: Cidr): bigint => 1n << BigInt(widthOf(family) - prefix);

/** The first address of the network: in IPv4 the network address, which no machine may have. */
export const firstAddress = ({ family, base }: Cidr): Address => ({ family, value: base });

/** The last address of the network: in IPv4 the broadcast address, which no machine may have. */
export const lastAddress = (cidr: Cidr): Address => ({
  family: cidr.family,
  value: cidr.base + sizeOf(cidr) - 1n,
});

/** Whether the address is one of the network's. */
export function containsAddress(cidr: Cidr, address: Address): boolean {
  return (
    cidr.family === address.family && address.value >= cidr.base && address.value < cidr.base + sizeOf(cidr)
  );
}

/** Whether every address of `inner` is one of `outer`'s. */
export function containsCidr(outer: Cidr, inner: Cidr): boolean {
  return outer.prefix <= inner.prefix && containsAddress(outer, firstAddress(inner));
}

/** Whether the networks have an address in common (then one contains the other). */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return containsCidr(a, b) || containsCidr(b, a);
}

/** Whether every address of the range is one of the network's. */
export function containsRange(cidr: Cidr, { start, end }: AddressRange): boolean {
  return containsAddress(cidr, start) && containsAddress(cidr, end);
}

/** Whether the address is in the range. */
export function inRange({ start, end }: AddressRange, { family, value }: Address): boolean {
  return start.family === family && value >= start.value && value <= end.value;
}
