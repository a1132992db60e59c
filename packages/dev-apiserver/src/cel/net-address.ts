/**
 * Parses IP addresses and CIDR prefixes as strictly as the CEL library of Kubernetes: like Go's netip
 * package, and without IPv4-mapped IPv6 addresses and zones.
 * Source: k8s.io/apiserver/pkg/cel/library/{ip,cidr}.go.
 */

/** An address: its family, and its bytes as one integer. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A prefix as written. `address` may have host bits. */
export interface Prefix {
  readonly address: Address;
  readonly length: number;
}

/** Returns the number of bits in an address of a family. */
export const bits = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/**
 * Parses an address. Returns undefined for other text, and for leading zeros, zones and IPv4-mapped
 * addresses.
 */
export function parseIp(text: string): Address | undefined {
  if (text.includes(':')) {
    const value = parse6(text);
    return value === undefined || value >> 32n === 0xffffn ? undefined : { family: 6, value };
  }
  const value = parse4(text);
  return value === undefined ? undefined : { family: 4, value };
}

/** Parses a prefix. Returns undefined for other text. The length is decimal without leading zeros. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return undefined;
  const address = parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (
    address === undefined ||
    !/^(?:0|[1-9]\d{0,2})$/.test(length) ||
    Number(length) > bits(address.family)
  ) {
    return undefined;
  }
  return { address, length: Number(length) };
}

/** Returns the prefix with its host bits set to zero. */
export function masked({ address, length }: Prefix): Prefix {
  const host = BigInt(bits(address.family) - length);
  return { address: { family: address.family, value: (address.value >> host) << host }, length };
}

/** Returns true when the prefix contains the address. Returns false for an address of the other family. */
export function contains(prefix: Prefix, address: Address): boolean {
  const host = BigInt(bits(prefix.address.family) - prefix.length);
  return prefix.address.family === address.family && prefix.address.value >> host === address.value >> host;
}

/** Formats an address in canonical form: dotted decimal, or RFC 5952 for IPv6. */
export function formatIp({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    Number((value >> BigInt(112 - 16 * index)) & 0xffffn),
  );
  const hex = groups.map((group) => group.toString(16)).join(':');
  // RFC 5952 §4.2 compresses the longest run of zero groups, the first of equal ones, and never a single
  // group.
  const run = [...hex.matchAll(/\b0(?::0\b)+/g)].reduce(
    (best, [found]) => (found.length > best.length ? found : best),
    '',
  );
  return run === '' ? hex : hex.replace(run, '::').replace(/:{3,4}/, '::');
}

function parse4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return BigInt(parts.reduce((value, part) => value * 256 + Number(part), 0));
}

function parse6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1);
  const tail = last?.at(-1);
  if (last !== undefined && tail?.includes('.') === true) {
    const v4 = parse4(tail);
    if (v4 === undefined) return undefined;
    last.splice(-1, 1, (v4 >> 16n).toString(16), (v4 & 0xffffn).toString(16));
  }
  const count = groups.reduce((sum, half) => sum + half.length, 0);
  if (halves.length === 2 ? count > 7 : count !== 8) return undefined;
  if (!groups.flat().every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const full =
    halves.length === 2
      ? [...(groups[0] ?? []), ...Array<string>(8 - count).fill('0'), ...(groups[1] ?? [])]
      : groups.flat();
  return full.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
