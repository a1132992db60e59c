import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The two families, as people number them. */
export type Family = 4 | 6;

/**
 * A range of addresses `address/prefix` whose host bits are zero; a single address has the full prefix.
 * Only the functions here make one, so whatever is printed from it is a valid OVN constant.
 */
export interface Network {
  readonly family: Family;
  /** The first address as an unsigned integer of 32 or 128 bits. */
  readonly first: bigint;
  readonly prefix: number;
}

/** A value that is not an address, network or MAC, refused before it could come near a match. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
  readonly code = 'INVALID_ADDRESS';
}

function width(family: Family): number {
  return family === 4 ? 32 : 128;
}

/**
 * Reads `10.0.0.0/8`, `10.0.0.1`, `2001:db8::/32` or `2001:db8::1`. Host bits are cleared: OVN refuses a match
 * whose constant has bits outside its mask.
 *
 * @throws AddressError for anything else: short or octal IPv4, zone identifiers, prefixes out of range.
 */
export function parseNetwork(text: string): Network {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const family = isIPv4(address) ? 4 : isIPv6(address) && !address.includes('%') ? 6 : undefined;
  if (family === undefined) throw new AddressError(`not an IP address or network: ${JSON.stringify(text)}`);
  const bits = width(family);
  const prefixText = slash < 0 ? String(bits) : text.slice(slash + 1);
  const prefix = /^(0|[1-9][0-9]{0,2})$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  if (!(prefix <= bits))
    throw new AddressError(`not a prefix length for IPv${family}: ${JSON.stringify(text)}`);
  let first = 0n;
  for (const byte of ipaddr.parse(address).toByteArray()) first = (first << 8n) | BigInt(byte);
  return { family, first: clearHostBits(first, bits, prefix), prefix };
}

function clearHostBits(value: bigint, bits: number, prefix: number): bigint {
  const host = BigInt(bits - prefix);
  return (value >> host) << host;
}

/** The one text of a network: `10.0.0.0/8`, and a single address without its prefix (`10.0.0.1`). */
export function formatNetwork(network: Network): string {
  const bits = width(network.family);
  const bytes: number[] = [];
  for (let shift = bits - 8; shift >= 0; shift -= 8)
    bytes.push(Number((network.first >> BigInt(shift)) & 0xffn));
  const address = ipaddr.fromByteArray(bytes).toString();
  return network.prefix === bits ? address : `${address}/${network.prefix}`;
}

/**
 * The fewest networks that hold exactly the same addresses, sorted: duplicates and contained networks go, adjacent
 * halves join. The same set of addresses always gives the same list. O(n log n).
 */
export function collapseNetworks(networks: readonly Network[]): readonly Network[] {
  const sorted = [...networks].sort(
    (a, b) => a.family - b.family || (a.first < b.first ? -1 : a.first > b.first ? 1 : a.prefix - b.prefix),
  );
  const out: Network[] = [];
  for (const next of sorted) {
    const last = out.at(-1);
    if (last !== undefined && containsNetwork(last, next)) continue;
    out.push(next);
    for (let joined = join(out); joined !== undefined; joined = join(out)) out.splice(-2, 2, joined);
  }
  return out;
}

/** Whether every address of `inner` is one of `outer`. */
export function containsNetwork(outer: Network, inner: Network): boolean {
  return (
    outer.family === inner.family &&
    outer.prefix <= inner.prefix &&
    clearHostBits(inner.first, width(outer.family), outer.prefix) === outer.first
  );
}

/** The parent of the last two networks when they are its two halves. */
function join(networks: readonly Network[]): Network | undefined {
  const high = networks.at(-1);
  const low = networks.at(-2);
  if (high === undefined || low === undefined) return undefined;
  if (low.family !== high.family || low.prefix !== high.prefix || low.prefix === 0) return undefined;
  const size = 1n << BigInt(width(low.family) - low.prefix);
  if (low.first % (2n * size) !== 0n || low.first + size !== high.first) return undefined;
  return { family: low.family, first: low.first, prefix: low.prefix - 1 };
}

/**
 * A MAC address in the form OVN prints: six pairs of lower-case hex digits with colons.
 *
 * @throws AddressError for any other notation.
 */
export function parseMac(text: string): string {
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(text)) {
    throw new AddressError(`not a MAC address: ${JSON.stringify(text)}`);
  }
  return text.toLowerCase();
}
