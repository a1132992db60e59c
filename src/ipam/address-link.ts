import { contains, normalise, size, subtract, type Interval } from './intervals.ts';
import { SharedValues } from './shared-values.ts';

/** A pool whose machines are on the link. */
export interface LinkMember {
  /** Called when another member no longer uses `value`; undefined: any value can be free. */
  freed(value: bigint | undefined): void;
}

/**
 * The addresses on one link that several address pools use, all of one IP family. Each member uses addresses, and
 * blocks ranges in which the other members may use no address.
 */
export class AddressLink {
  readonly #values = new SharedValues<bigint, LinkMember>();
  readonly #members = new Map<LinkMember, readonly Interval[]>();
  readonly #onFreed: () => void;

  /** `onFreed` is called when an address may have become free. */
  constructor(onFreed: () => void) {
    this.#onFreed = onFreed;
  }

  /** Adds a member, or replaces its blocked ranges. */
  block(member: LinkMember, ranges: readonly Interval[]): void {
    const isNew = !this.#members.has(member);
    this.#members.set(member, normalise(ranges));
    if (!isNew) this.#freed(member, undefined);
  }

  /** Removes a member that uses no address any more. */
  leave(member: LinkMember): void {
    this.#members.delete(member);
    this.#freed(member, undefined);
  }

  add(member: LinkMember, value: bigint): void {
    this.#values.add(member, value);
  }

  remove(member: LinkMember, value: bigint): void {
    this.#values.remove(member, value);
    this.#freed(member, value);
  }

  /** Whether another member uses or blocks the address. The cost is linear in the number of members. */
  isTakenElsewhere(member: LinkMember, value: bigint): boolean {
    if (this.#values.isElsewhere(member, value)) return true;
    for (const [other, ranges] of this.#members) if (other !== member && contains(ranges, value)) return true;
    return false;
  }

  /** Returns an address in `ranges` that another member uses; undefined if there is none. */
  usedIn(member: LinkMember, ranges: readonly Interval[]): bigint | undefined {
    const normal = normalise(ranges);
    for (const value of this.#values.elsewhere(member)) if (contains(normal, value)) return value;
    return undefined;
  }

  /** The number of addresses of `intervals` (normalised) that other members use or block. */
  countTakenElsewhere(member: LinkMember, intervals: readonly Interval[]): bigint {
    const blocked = [...this.#members].flatMap(([other, ranges]) => (other === member ? [] : ranges));
    const left = subtract(intervals, normalise(blocked));
    let taken = size(intervals) - size(left);
    for (const value of this.#values.elsewhere(member)) if (contains(left, value)) taken++;
    return taken;
  }

  #freed(by: LinkMember, value: bigint | undefined): void {
    for (const member of this.#members.keys()) if (member !== by) member.freed(value);
    this.#onFreed();
  }
}
