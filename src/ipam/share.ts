import { containsAddress, formatCidr, lastAddress, type Address, type Cidr } from '../api/cidr.ts';
import { contains, size, subtract, type Interval } from './intervals.ts';
import type { SharedRanges } from './shared-ranges.ts';

/** The part of an address pool that sharing needs. */
interface Pool {
  readonly cidr: Cidr;
  readonly shared: SharedRanges;
  readonly used: number;
  readonly allocatable: readonly Interval[];
  held(): Iterable<bigint>;
  holder(address: Address): string | undefined;
  heldBy(owner: string): Address | undefined;
  freeNetwork(network: Cidr): void;
  readonly link: { isTaken(value: bigint): boolean; changed(): void };
}

/**
 * Makes `owner` share networks inside the CIDR of the pool with other owners. It also keeps the networks that it
 * shared before (see {@link keepShared}). A network that contains the address of another owner is refused, and so is a
 * network whose first address another pool of the link uses or blocks. On a link with other pools, share only single
 * addresses.
 *
 * @returns the refused networks → the owner of an address inside; undefined: another pool of the link
 */
export function share(
  pool: Pool,
  owner: string,
  networks: readonly Cidr[],
): ReadonlyMap<Cidr, string | undefined> {
  const refused = new Map<Cidr, string | undefined>();
  for (const network of networks) {
    if (pool.shared.ownersOf(network).has(owner)) continue;
    const holder = foreignHolder(pool, owner, network);
    if (holder !== undefined || pool.link.isTaken(network.base)) refused.set(network, holder);
    else {
      pool.shared.add(owner, network);
      pool.link.changed();
    }
  }
  return refused;
}

/**
 * Makes `owner` share only those of its networks that are in `networks`. Call this function only after the rows that
 * used the others are removed.
 */
export function keepShared(pool: Pool, owner: string, networks: readonly Cidr[]): void {
  const kept = new Set(networks.map(formatCidr));
  for (const network of pool.shared.sharedBy(owner)) {
    if (kept.has(formatCidr(network)) || !pool.shared.remove(owner, network)) continue;
    pool.freeNetwork(network);
    pool.link.changed();
  }
}

/** Returns the number of allocatable addresses that owners share and that no owner holds. */
export function unusedShares(pool: Pool): bigint {
  const { shared, allocatable } = pool;
  const union = shared.union();
  if (union.length === 0) return 0n;
  let unused = size(allocatable) - size(subtract(allocatable, union));
  // Only a sharer can hold a shared address.
  for (const owner of shared.owners()) {
    const own = pool.heldBy(owner);
    if (own !== undefined && contains(union, own.value) && contains(allocatable, own.value)) unused--;
  }
  return unused;
}

/**
 * Returns another owner of an address in the network. The cost is linear in the number of addresses in the network or
 * in the pool, whichever is smaller, for the first owner that shares the network, and constant for further owners.
 */
function foreignHolder(pool: Pool, owner: string, network: Cidr): string | undefined {
  const sharers = pool.shared.ownersOf(network);
  // Nobody holds an address that two owners share.
  if (sharers.size > 1) return undefined;
  for (const sharer of sharers) {
    const own = pool.heldBy(sharer);
    return own !== undefined && containsAddress(network, own) ? sharer : undefined;
  }
  const { value: end } = lastAddress(network);
  const isSmall = end - network.base < BigInt(pool.used);
  for (const value of isSmall ? valuesOf(network.base, end) : pool.held()) {
    const address = { family: network.family, value };
    const holder = containsAddress(network, address) ? pool.holder(address) : undefined;
    if (holder !== undefined && holder !== owner) return holder;
  }
  return undefined;
}

function* valuesOf(start: bigint, end: bigint): Generator<bigint> {
  for (let value = start; value <= end; value++) yield value;
}
