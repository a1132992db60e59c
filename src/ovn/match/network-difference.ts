import { containsNetwork, type Family, type Network } from './networks.ts';

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
