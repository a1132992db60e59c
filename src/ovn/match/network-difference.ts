import { collapseNetworks, containsNetwork, type Family, type Network } from './networks.ts';

/** Returns the network that contains all addresses of a family. */
export function everyAddress(family: Family): Network {
  return { family, first: 0n, prefix: 0 };
}

/**
 * Returns the addresses of `whole` that no network in `holes` contains, as the smallest sorted list of
 * networks. Each hole adds at most one network per bit by which its prefix is longer than the prefix of
 * `whole`.
 */
export function subtractNetworks(whole: Network, holes: readonly Network[]): readonly Network[] {
  if (holes.some((hole) => containsNetwork(hole, whole))) return [];
  const inside = holes.filter((hole) => containsNetwork(whole, hole));
  if (inside.length === 0) return [whole];
  return halves(whole).flatMap((half) => subtractNetworks(half, inside));
}

function halves({ family, first, prefix }: Network): readonly Network[] {
  const size = 1n << BigInt((family === 4 ? 32 : 128) - prefix - 1);
  return [
    { family, first, prefix: prefix + 1 },
    { family, first: first + size, prefix: prefix + 1 },
  ];
}

/**
 * Returns the fewest networks that contain all addresses of `networks` and no address of `avoid`. The two lists must
 * not overlap. Other addresses may be in the result, so it is often much shorter than `networks`. O(n log n).
 */
export function widenNetworks(networks: readonly Network[], avoid: readonly Network[]): readonly Network[] {
  const walls = collapseNetworks(avoid);
  const widened = networks.map((network) => {
    // Of all walls, one of the two neighbours in the order of addresses has the longest common prefix.
    const next = positionAfter(walls, network);
    const common = [walls[next - 1], walls[next]].map((wall) => (wall ? commonBits(wall, network) + 1 : 0));
    const prefix = Math.min(network.prefix, Math.max(...common));
    const host = BigInt((network.family === 4 ? 32 : 128) - prefix);
    return { family: network.family, first: (network.first >> host) << host, prefix };
  });
  return collapseNetworks(widened);
}

/** Returns the position of the first network that begins after `network`, in a sorted list. */
function positionAfter(sorted: readonly Network[], { first }: Network): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as Network).first > first) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Returns the number of leading bits that the addresses of two disjoint networks have in common. */
function commonBits(a: Network, b: Network): number {
  const bits = a.family === 4 ? 32 : 128;
  const difference = a.first ^ b.first;
  return difference === 0n ? bits : bits - difference.toString(2).length;
}
