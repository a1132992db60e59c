import type { AddressLink, LinkMember } from './address-link.ts';
import type { Interval } from './intervals.ts';

/** The part of an address pool that a link needs. */
interface Pool {
  /** The address of the router in the subnet. */
  readonly gateway: bigint | undefined;
  /** The addresses that owners hold. */
  held(): Iterable<bigint>;
  isHeld(value: bigint): boolean;
  /** The ranges that no other machine on the link may use. */
  blocked(): readonly Interval[];
  /** Called when a value is free again on the link; undefined: any value can be free. */
  freed(value: bigint | undefined): void;
}

/** The membership of an address pool in an {@link AddressLink}. The pool reports its changes. */
export class LinkMembership implements LinkMember {
  readonly #pool: Pool;
  #link: AddressLink | undefined;
  #gateway: bigint | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  isOn(link: AddressLink): boolean {
    return this.#link === link;
  }

  /** Whether another pool of the link uses or blocks the address. */
  isTaken(value: bigint): boolean {
    return this.#link?.isTakenElsewhere(this, value) === true;
  }

  /** The number of addresses of `intervals` (normalised) that other pools of the link use or block. */
  countTaken(intervals: readonly Interval[]): bigint {
    return this.#link?.countTakenElsewhere(this, intervals) ?? 0n;
  }

  /**
   * Returns an address that this pool uses and that a pool of `link` uses or blocks; undefined if this pool can join
   * the link.
   */
  conflictOn(link: AddressLink): bigint | undefined {
    for (const value of this.#used()) if (link.isTakenElsewhere(this, value)) return value;
    return link.usedIn(this, this.#pool.blocked());
  }

  /** Joins a link, and leaves the previous one. The pool keeps its addresses, also those that the link refuses. */
  join(link: AddressLink): void {
    if (this.#link === link) return;
    this.leave();
    this.#link = link;
    this.#gateway = this.#pool.gateway;
    link.block(this, this.#pool.blocked());
    for (const value of this.#used()) link.add(this, value);
  }

  /** Leaves the link. The machines of the pool must no longer be on the link. */
  leave(): void {
    const link = this.#link;
    if (link === undefined) return;
    for (const value of this.#used()) link.remove(this, value);
    this.#link = undefined;
    link.leave(this);
    this.#pool.freed(undefined);
  }

  /** Records that the pool uses an address. */
  add(value: bigint): void {
    this.#link?.add(this, value);
  }

  /** Records that the pool no longer uses an address. */
  remove(value: bigint): void {
    if (value !== this.#gateway) this.#link?.remove(this, value);
  }

  /** Records that the gateway or the blocked ranges of the pool may have changed. */
  changed(): void {
    const link = this.#link;
    if (link === undefined) return;
    const before = this.#gateway;
    this.#gateway = this.#pool.gateway;
    if (before !== undefined && before !== this.#gateway && !this.#pool.isHeld(before))
      link.remove(this, before);
    if (this.#gateway !== undefined) link.add(this, this.#gateway);
    link.block(this, this.#pool.blocked());
  }

  freed(value: bigint | undefined): void {
    this.#pool.freed(value);
  }

  *#used(): Iterable<bigint> {
    yield* this.#pool.held();
    const gateway = this.#link === undefined ? this.#pool.gateway : this.#gateway;
    if (gateway !== undefined) yield gateway;
  }
}
