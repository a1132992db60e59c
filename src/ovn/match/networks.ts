import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An address family: IPv4 or IPv6. */
export type Family = 4 | 6;

/**
 * A network `address/prefix` whose host bits are zero. A single address has the full prefix length. Only the
 * functions of this file make networks, so the text of every network is a valid OVN constant.
 */
export interface Network {
  readonly family: Family;
  /** The first address as an unsigned integer of 32 or 128 bits. */
  readonly first: bigint;
  readonly prefix: number;
}

/** A text is not an IP address or network, so no match can contain it. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
  readonly code = 'INVALID_ADDRESS';
}

function width(family: Family): number {
  return family === 4 ? 32 : 128;
}

/**
 * Parses `10.0.0.0/8`, `10.0.0.1`, `2001:db8::/32` or `2001:db8::1`. The function clears the host bits,
 * because OVN rejects a match whose constant has bits outside its mask.
 *
 * @throws AddressError for any other text: short or octal IPv4, zone identifiers, prefix lengths out of range
 */
export function parseNetwork(text: string): Network {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const family = isIPv4(address) ? 4 : isIPv6(address) && !address.includes('%') ? 6 : undefined;
  if (family === undefined) throw new AddressError(`${JSON.stringify(text)} is not an IP address or network`);
  const bits = width(family);
  const prefixText = slash < 0 ? String(bits) : text.slice(slash + 1);
  const prefix = /^(0|[1-9][0-9]{0,2})$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  if (!(prefix <= bits))
    throw new AddressError(
      `${JSON.stringify(text)} has an invalid prefix length; use 0 to ${bits} for IPv${family}`,
    );
  let first = 0n;
  for (const byte of ipaddr.parse(address).toByteArray()) first = (first << 8n) | BigInt(byte);
  return { family, first: clearHostBits(first, bits, prefix), prefix };
}

function clearHostBits(value: bigint, bits: number, prefix: number): bigint {
  const host = BigInt(bits - prefix);
  return (value >> host) << host;
}

/** Returns the canonical text of a network: `10.0.0.0/8`, or `10.0.0.1` for a single address. */
export function formatNetwork(network: Network): string {
  const bits = width(network.family);
  const bytes: number[] = [];
  for (let shift = bits - 8; shift >= 0; shift -= 8)
    bytes.push(Number((network.first >> BigInt(shift)) & 0xffn));
  const address = ipaddr.fromByteArray(bytes).toString();
  return network.prefix === bits ? address : `${address}/${network.prefix}`;
}

/**
 * Returns the smallest sorted list of networks that contains exactly the same addresses: the function removes
 * duplicates and contained networks, and joins adjacent halves. The same set of addresses always gives the
 * same list. O(n log n).
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

/** Returns whether `outer` contains every address of `inner`. */
export function containsNetwork(outer: Network, inner: Network): boolean {
  return (
    outer.family === inner.family &&
    outer.prefix <= inner.prefix &&
    clearHostBits(inner.first, width(outer.family), outer.prefix) === outer.first
  );
}

/** Returns the network whose two halves are the last two networks; undefined if there is none. */
function join(networks: readonly Network[]): Network | undefined {
  const high = networks.at(-1);
  const low = networks.at(-2);
  if (high === undefined || low === undefined) return undefined;
  if (low.family !== high.family || low.prefix !== high.prefix || low.prefix === 0) return undefined;
  const size = 1n << BigInt(width(low.family) - low.prefix);
  if (low.first % (2n * size) !== 0n || low.first + size !== high.first) return undefined;
  return { family: low.family, first: low.first, prefix: low.prefix - 1 };
}
