import { lastAddress, widthOf, type Address, type AddressRange, type Cidr } from '../api/cidr.ts';
import type {
  AddressCounts,
  AddressRanges,
  AdoptResult,
  ClaimResult,
  ReleaseListener,
  Unusable,
} from './address-results.ts';
import { FreeList } from './free-list.ts';
import { clip, contains, normalise, size, subtract, toCount, type Interval } from './intervals.ts';
import { LinkMembership } from './link-membership.ts';
import { Listeners } from './listeners.ts';
import { keepShared, unusedShares } from './share.ts';
import { SharedRanges } from './shared-ranges.ts';

/**
 * The addresses of one subnet. An address has at most one owner; an owner has at most one address. Instead, any number
 * of owners can share an address as a part of a network. No owner can have an address that another owner shares.
 * Pools of subnets on the same link share an `AddressLink` (see `link`): then an address belongs to one pool of the
 * link.
 *
 * Guarantees:
 * - The pool never grants a held address to a second owner, in any order of calls and after any change of the
 *   ranges.
 * - Operations are idempotent: the same call by the same owner changes nothing and returns the same result.
 * - `allocate` grants the lowest address of the allocation pools that was never used. When all addresses were
 *   used, `allocate` grants the address that has been free for the longest time. FreeList describes the order
 *   and the effect of a restart.
 * - Every operation except the constructor and `reconfigure` is O(log n), amortised. The memory grows with
 *   the number of held addresses, not with the size of the CIDR.
 *
 * The caller must call `release` only after the rows that used the address are removed.
 * Owners are opaque strings. Object UIDs are suitable, because Kubernetes never reuses a UID.
 */
export class AddressPool {
  readonly cidr: Cidr;
  readonly #bounds: Interval;
  #gateway: bigint | undefined;
  #reserved: readonly Interval[] = [];
  #allocatable: readonly Interval[] = [];
  #allocatableSize = 0n;
  #allocatableUsed = 0;
  #freeList = new FreeList([]);
  /**
   * The holder of each address. An array when adoption found several owners of one address: the holder first,
   * then the others in the order of adoption.
   */
  readonly #owners = new Map<bigint, string | string[]>();
  readonly #addresses = new Map<string, bigint>();
  readonly #released = new Listeners<[Address | undefined]>();
  /** The networks that owners share (see `share`). */
  readonly shared = new SharedRanges();
  /** The other pools on the same link. */
  readonly link = new LinkMembership(this);

  constructor(cidr: Cidr, ranges: AddressRanges = {}) {
    this.cidr = cidr;
    this.#bounds = { start: cidr.base, end: lastAddress(cidr).value };
    this.#configure(ranges);
  }

  /**
   * Returns the address that `owner` holds. Otherwise grants the next free address of the allocation pools.
   * An owner that lost a conflict during adoption gives up its claim to the contested address.
   */
  allocate(owner: string): Address | 'exhausted' {
    const held = this.heldBy(owner);
    if (held !== undefined) return held;
    const value = this.#freeList.take((v) => this.#takenUntil(owner, v));
    if (value === undefined) return 'exhausted';
    this.#forget(owner);
    this.#hold(owner, value);
    return this.#address(value);
  }

  /**
   * Grants exactly `address` to `owner`. The address can be outside the allocation pools, but must be inside
   * the CIDR and outside the reserved ranges. The claim of an address that the owner already holds succeeds,
   * even when the current ranges exclude the address.
   */
  claim(owner: string, address: Address): ClaimResult {
    const held = this.heldBy(owner);
    if (held !== undefined) {
      const same = held.family === address.family && held.value === address.value;
      return same ? { ok: true } : { ok: false, refused: 'holds-another', held };
    }
    const refused = this.unusable(address);
    if (refused !== undefined) return { ok: false, refused };
    const holder = this.#holder(address.value);
    if (holder !== undefined) return { ok: false, refused: 'taken', holder };
    const sharer = this.shared.other(owner, address);
    if (sharer !== undefined) return { ok: false, refused: 'shared', holder: sharer.owner };
    if (this.link.isTaken(address.value)) return { ok: false, refused: 'taken-on-link' };
    this.#forget(owner);
    this.#hold(owner, address.value);
    return { ok: true };
  }

  /**
   * Records during a rebuild that `owner` uses `address` according to its status or a row. The ranges do not
   * matter, because the address is in use. When another owner already holds the address, that owner stays the
   * holder and the result reports the conflict. A contested address becomes free only after all its owners
   * have released it; when the holder releases the address, it passes to the next owner.
   *
   * The result depends on the order of adoptions: adopt the older objects first.
   */
  adopt(owner: string, address: Address): AdoptResult {
    if (address.family !== this.cidr.family) return { ok: false, conflict: 'wrong-family' };
    const known = this.#addresses.get(owner);
    if (known !== undefined && known !== address.value) {
      return { ok: false, conflict: 'holds-another', held: this.#address(known) };
    }
    const holder = this.#holder(address.value);
    if (holder === owner) return { ok: true };
    if (known === undefined) this.#hold(owner, address.value);
    return holder === undefined ? { ok: true } : { ok: false, conflict: 'taken', holder };
  }

  /**
   * Frees the address of `owner`, if any, and its shared networks. Call this method only after the rows that used the
   * addresses are removed.
   */
  release(owner: string): void {
    keepShared(this, owner, []);
    const value = this.#addresses.get(owner);
    if (value === undefined) return;
    const holder = this.#holder(value);
    this.#forget(owner);
    if (holder === owner) this.#released.call(this.#address(value));
  }

  /** Makes the addresses of a network available that no owner shares any more. */
  freeNetwork({ family, base, prefix }: Cidr): void {
    if (prefix === widthOf(family)) this.#freeList.free(base);
    else this.#freeList.rewind(base);
    this.#released.call(undefined);
  }

  /** Makes an address available that other pools of the link no longer use; undefined: any address. */
  freed(value: bigint | undefined): void {
    if (value !== undefined && this.#owners.has(value)) return;
    if (value === undefined) this.#freeList = new FreeList(this.#allocatable, this.#freeList);
    else this.#freeList.free(value);
    this.#released.call(value === undefined ? undefined : this.#address(value));
  }

  /** The ranges that no other pool of a link may use. */
  blocked(): readonly Interval[] {
    const { start, end } = this.#bounds;
    const last = this.cidr.family === 4 ? [{ start: end, end }] : [];
    return [...this.#reserved, ...this.shared.union(), { start, end: start }, ...last];
  }

  isHeld(value: bigint): boolean {
    return this.#owners.has(value);
  }

  /** The addresses that owners hold. */
  held(): Iterable<bigint> {
    return this.#owners.keys();
  }

  /** The number of addresses that owners hold. */
  get used(): number {
    return this.#owners.size;
  }

  get gateway(): bigint | undefined {
    return this.#gateway;
  }

  /** The addresses that `allocate` can grant when no address is held, normalised. */
  get allocatable(): readonly Interval[] {
    return this.#allocatable;
  }

  /** The owner that holds `address`. */
  holder(address: Address): string | undefined {
    return address.family === this.cidr.family ? this.#holder(address.value) : undefined;
  }

  /** The address that `owner` holds. */
  heldBy(owner: string): Address | undefined {
    const value = this.#addresses.get(owner);
    return value !== undefined && this.#holder(value) === owner ? this.#address(value) : undefined;
  }

  /**
   * @returns why no owner can claim `address`; undefined when a claim is possible while no other owner holds
   *   the address
   */
  unusable({ family, value }: Address): Unusable | undefined {
    const { start, end } = this.#bounds;
    if (family !== this.cidr.family || value < start || value > end) return 'outside';
    if (value === start) return 'network';
    if (value === end && family === 4) return 'broadcast';
    if (value === this.#gateway) return 'gateway';
    return contains(this.#reserved, value) ? 'reserved' : undefined;
  }

  counts(): AddressCounts {
    const taken = unusedShares(this) + this.link.countTaken(this.#allocatable);
    return {
      total: toCount(this.#allocatableSize),
      used: this.#owners.size,
      available: toCount(this.#allocatableSize - BigInt(this.#allocatableUsed) - taken),
    };
  }

  /**
   * Replaces all ranges. Owners keep their addresses, even addresses that the new ranges exclude. The cost is
   * linear in the number of held addresses.
   */
  reconfigure(ranges: AddressRanges): void {
    this.#configure(ranges);
    this.#released.call(undefined);
  }

  /**
   * Registers a listener for freed addresses. The pool calls the listener after the change.
   *
   * @returns a function that removes the listener
   */
  onRelease(listener: ReleaseListener): () => void {
    return this.#released.add(listener);
  }

  #configure({ gateway, allocationPools = [], reservedRanges = [] }: AddressRanges): void {
    const { start, end } = this.#bounds;
    const usable = { start: start + 1n, end: this.cidr.family === 4 ? end - 1n : end };
    this.#gateway = gateway?.value;
    this.#reserved = clip(reservedRanges.map(toInterval), this.#bounds);
    const pools = allocationPools.length === 0 ? [usable] : allocationPools.map(toInterval);
    const holes = this.#gateway === undefined ? [] : [{ start: this.#gateway, end: this.#gateway }];
    this.#allocatable = subtract(clip(pools, usable), normalise([...this.#reserved, ...holes]));
    this.#allocatableSize = size(this.#allocatable);
    this.#allocatableUsed = 0;
    for (const value of this.#owners.keys()) if (contains(this.#allocatable, value)) this.#allocatableUsed++;
    this.#freeList = new FreeList(this.#allocatable, this.#freeList);
    this.link.changed();
  }

  /** The last address of the range that `owner` cannot have and that contains `value`. */
  #takenUntil(owner: string, value: bigint): bigint | undefined {
    if (this.#owners.has(value) || this.link.isTaken(value)) return value;
    const other = this.shared.other(owner, this.#address(value));
    return other && lastAddress(other.cidr).value;
  }

  #holder(value: bigint): string | undefined {
    const owners = this.#owners.get(value);
    return typeof owners === 'object' ? owners[0] : owners;
  }

  #hold(owner: string, value: bigint): void {
    const owners = this.#owners.get(value);
    this.#addresses.set(owner, value);
    this.link.add(value);
    if (owners === undefined) {
      this.#owners.set(value, owner);
      if (contains(this.#allocatable, value)) this.#allocatableUsed++;
    } else if (typeof owners === 'object') {
      owners.push(owner);
    } else {
      this.#owners.set(value, [owners, owner]);
    }
  }

  /** Removes `owner` from the owners of its address, whether it is the holder or lost a conflict. */
  #forget(owner: string): void {
    const value = this.#addresses.get(owner);
    if (value === undefined) return;
    this.#addresses.delete(owner);
    const owners = this.#owners.get(value);
    if (typeof owners === 'object') {
      const others = owners.filter((other) => other !== owner);
      this.#owners.set(value, others.length === 1 ? (others[0] as string) : others);
      return;
    }
    this.#owners.delete(value);
    if (contains(this.#allocatable, value)) this.#allocatableUsed--;
    this.#freeList.free(value);
    this.link.remove(value);
  }

  #address(value: bigint): Address {
    return { family: this.cidr.family, value };
  }
}

function toInterval({ start, end }: AddressRange): Interval {
  return { start: start.value, end: end.value };
}
