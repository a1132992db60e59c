import { lastAddress, type Address, type AddressRange, type Cidr } from '../api/cidr.ts';
import { FreeList } from './free-list.ts';
import { clip, contains, normalise, size, subtract, type Interval } from './intervals.ts';
import { Listeners } from './listeners.ts';

/** What an address pool may hand out; the part of it that can change while addresses are held. */
export interface AddressRanges {
  /** The router's address in the subnet; absent when it has none. */
  readonly gateway?: Address | undefined;
  /** Where `allocate` looks; empty: the whole CIDR. What reaches outside the CIDR is ignored. */
  readonly allocationPools?: readonly AddressRange[];
  /** Addresses that no one gets, not even by an explicit claim. */
  readonly reservedRanges?: readonly AddressRange[];
}

/** Why an explicit address cannot be had by anyone, whoever asks. */
export type Unusable = 'outside' | 'network' | 'broadcast' | 'gateway' | 'reserved';

/** The answer to a claim. `taken` names the holder; `holds-another` what the owner holds and must release first. */
export type ClaimResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly refused: Unusable }
  | { readonly ok: false; readonly refused: 'taken'; readonly holder: string }
  | { readonly ok: false; readonly refused: 'holds-another'; readonly held: Address };

/** The answer to an adoption: what was there before and stands against it. */
export type AdoptResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly conflict: 'wrong-family' }
  | { readonly ok: false; readonly conflict: 'taken'; readonly holder: string }
  | { readonly ok: false; readonly conflict: 'holds-another'; readonly held: Address };

/** `total`: what `allocate` may ever give; `used`: held, wherever; `available`: what it can give now. Capped at 2^53-1. */
export interface AddressCounts {
  readonly total: number;
  readonly used: number;
  readonly available: number;
}

/** Called after an address became free or changed hands; without it after `reconfigure`: any address may now be free. */
export type ReleaseListener = (address: Address | undefined) => void;

/**
 * The addresses of one subnet, each held by at most one owner, each owner holding at most one.
 *
 * Guarantees: an address that is held is never given to a second owner, whatever the order of calls and whatever
 * happened to the ranges since; the same call by the same owner changes nothing and gives the same answer;
 * `allocate` gives an address of the allocation pools that nobody had yet, the lowest first, and when all were
 * somebody's the one that has been free for longest (see FreeList, also for what a restart forgets). Every operation
 * but the constructor and `reconfigure` is O(log n), amortised; memory grows with the addresses held at once, not with
 * the size of the CIDR.
 *
 * Assumes that `release` is called only when the rows that used the address are gone.
 * Owners are opaque; an object's UID is a good one, as it is never used again.
 */
export class AddressPool {
  readonly cidr: Cidr;
  readonly #bounds: Interval;
  #gateway: bigint | undefined;
  #reserved: readonly Interval[] = [];
  #allocatable: readonly Interval[] = [];
  #allocatableSize = 0n;
  #allocatableUsed = 0;
  #free = new FreeList([]);
  /** The holder; after it those that adoption found with the same address, in order. Nearly always one. */
  readonly #owners = new Map<bigint, string | string[]>();
  readonly #addresses = new Map<string, bigint>();
  readonly #released = new Listeners<[Address | undefined]>();

  constructor(cidr: Cidr, ranges: AddressRanges = {}) {
    this.cidr = cidr;
    this.#bounds = { start: cidr.base, end: lastAddress(cidr).value };
    this.#configure(ranges);
  }

  /**
   * The address that `owner` holds, else the next free one of the allocation pools, now held by it.
   * An owner that adoption found in conflict gives up its claim to the contested address.
   */
  allocate(owner: string): Address | 'exhausted' {
    const held = this.heldBy(owner);
    if (held !== undefined) return held;
    const value = this.#free.take((v) => this.#owners.has(v));
    if (value === undefined) return 'exhausted';
    this.#forget(owner);
    this.#hold(owner, value);
    return this.#address(value);
  }

  /**
   * Holds exactly `address` for `owner`. It may lie outside the allocation pools, not outside the CIDR or in a
   * reserved range. What the owner already holds is granted again, even when the ranges would refuse it today.
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
    this.#forget(owner);
    this.#hold(owner, address.value);
    return { ok: true };
  }

  /**
   * Rebuilds: records that `owner` uses `address`, because status or a row says so. It is accepted wherever it
   * lies, as it is in use. When another owner has it, that one stays the holder and the conflict is reported; but
   * the address is not free before both have released it, and passes to the second when the first does.
   * The result depends on the order of adoptions: see `rebuild`.
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

  /** Frees what `owner` holds; nothing when it holds nothing. Call it when the rows that used the address are gone. */
  release(owner: string): void {
    const value = this.#addresses.get(owner);
    if (value === undefined) return;
    const holder = this.#holder(value);
    this.#forget(owner);
    if (holder === owner) this.#released.call(this.#address(value));
  }

  /** Who holds `address`. */
  holder(address: Address): string | undefined {
    return address.family === this.cidr.family ? this.#holder(address.value) : undefined;
  }

  /** What `owner` holds. */
  heldBy(owner: string): Address | undefined {
    const value = this.#addresses.get(owner);
    return value !== undefined && this.#holder(value) === owner ? this.#address(value) : undefined;
  }

  /** Why nobody could claim `address`, apart from its being taken; undefined when it could be claimed. */
  unusable({ family, value }: Address): Unusable | undefined {
    const { start, end } = this.#bounds;
    if (family !== this.cidr.family || value < start || value > end) return 'outside';
    if (value === start) return 'network';
    if (value === end && family === 4) return 'broadcast';
    if (value === this.#gateway) return 'gateway';
    return contains(this.#reserved, value) ? 'reserved' : undefined;
  }

  counts(): AddressCounts {
    return {
      total: toCount(this.#allocatableSize),
      used: this.#owners.size,
      available: toCount(this.#allocatableSize - BigInt(this.#allocatableUsed)),
    };
  }

  /** Replaces all ranges. Who holds an address keeps it, even where the new ranges would refuse it. Linear in what is held. */
  reconfigure(ranges: AddressRanges): void {
    this.#configure(ranges);
    this.#released.call(undefined);
  }

  /** Wakes those that wait for an address; the listener runs after the change. Returns how to stop listening. */
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
    this.#free = new FreeList(this.#allocatable, this.#free);
  }

  #holder(value: bigint): string | undefined {
    const owners = this.#owners.get(value);
    return typeof owners === 'object' ? owners[0] : owners;
  }

  #hold(owner: string, value: bigint): void {
    const owners = this.#owners.get(value);
    this.#addresses.set(owner, value);
    if (owners === undefined) {
      this.#owners.set(value, owner);
      if (contains(this.#allocatable, value)) this.#allocatableUsed++;
    } else if (typeof owners === 'object') {
      owners.push(owner);
    } else {
      this.#owners.set(value, [owners, owner]);
    }
  }

  /** Removes `owner` from the address that it holds or contests. */
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
    this.#free.give(value);
  }

  #address(value: bigint): Address {
    return { family: this.cidr.family, value };
  }
}

function toInterval({ start, end }: AddressRange): Interval {
  return { start: start.value, end: end.value };
}

function toCount(n: bigint): number {
  return n > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(n);
}
