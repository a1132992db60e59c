import type { Cidr } from '../../api/index.ts';
import { CidrPool, RangeTree, type BlockClaimResult } from '../../ipam/index.ts';

/** A VPC that has a range. */
interface Holder {
  readonly range: Cidr;
  /** The organization in which the VPC got the range. */
  readonly home: string;
  /** The organization of its namespace. An administrator can change it. */
  organization: string;
}

/**
 * The address ranges of all VPCs. Ranges do not overlap within an organization, so that its projects can be
 * connected. Organizations are independent: each can use any private range. The pool allocates a range that no VPC of
 * any organization uses, if there is one.
 *
 * A VPC keeps its range when its namespace gets another organization, because its machines use the range. The range is
 * then taken in both organizations: in the new one, because its projects can be connected with the VPC, and in the
 * first one, because the namespace may return.
 */
export class VPCBlocks {
  readonly #newPool: () => CidrPool;
  readonly #blockPrefix: number;
  /** The ranges of all organizations. */
  readonly #used: RangeTree;
  readonly #organizations = new Map<string, CidrPool>();
  /** By the UID of the VPC. */
  readonly #holders = new Map<string, Holder>();

  readonly #onFreed: (organization: string) => void;

  /** `onFreed` is called with an organization when one of its ranges becomes free. */
  constructor(parent: Cidr, blockPrefix: number, onFreed: (organization: string) => void) {
    this.#onFreed = onFreed;
    this.#newPool = () => new CidrPool({ parent, blockPrefix });
    this.#used = new RangeTree(parent);
    this.#blockPrefix = blockPrefix;
  }

  /** Returns the range that the VPC holds. */
  heldBy(uid: string): Cidr | undefined {
    return this.#holders.get(uid)?.range;
  }

  /** Returns the organization in which the VPC got its range. */
  homeOf(uid: string): string | undefined {
    return this.#holders.get(uid)?.home;
  }

  /**
   * Allocates a range for a VPC that holds none.
   *
   * @param minPrefix the shortest prefix length of the range; a longer one than that of the pool gives a smaller range
   */
  allocate(organization: string, uid: string, minPrefix = 0): Cidr | 'exhausted' {
    const pool = this.#pool(organization);
    const prefix = Math.max(this.#blockPrefix, minPrefix);
    const unused = this.#used.firstFree(prefix);
    const block = unused !== undefined && pool.claim(uid, unused).ok ? unused : pool.allocate(uid, prefix);
    if (block !== 'exhausted') this.#add(uid, { range: block, home: organization, organization });
    return block;
  }

  /** Holds exactly this range for a VPC that holds none. */
  claim(organization: string, uid: string, block: Cidr): BlockClaimResult {
    const result = this.#pool(organization).claim(uid, block);
    if (result.ok) this.#add(uid, { range: block, home: organization, organization });
    return result;
  }

  /**
   * Restores the range that a VPC has according to its status or its rows.
   *
   * @param home the organization in which the VPC got the range
   */
  adopt(home: string, uid: string, block: Cidr): BlockClaimResult {
    const pool = this.#pool(home);
    // A range belongs to the organization more than that of a VPC which came later, whatever the order of adoptions.
    const guests: string[] = [];
    for (let at = pool.overlapping(block, uid); at !== undefined; at = pool.overlapping(block, uid)) {
      if (this.homeOf(at.owner) === home) break;
      pool.release(at.owner);
      guests.push(at.owner);
    }
    this.#add(uid, { range: block, home, organization: home });
    const result = pool.adopt(uid, block);
    for (const guest of guests) pool.adopt(guest, this.heldBy(guest) ?? block);
    return result;
  }

  /** Records the present organization of a VPC that holds a range. The range is taken in this organization too. */
  place(uid: string, organization: string): void {
    const holder = this.#holders.get(uid);
    if (holder === undefined || holder.organization === organization) return;
    const before = holder.organization;
    holder.organization = organization;
    if (before !== holder.home) this.#pool(before).release(uid);
    if (organization !== holder.home) this.#pool(organization).adopt(uid, holder.range);
  }

  /** Whether the range of a VPC overlaps a range that its present organization had before. */
  isContested(uid: string): boolean {
    const holder = this.#holders.get(uid);
    if (holder === undefined) return false;
    const { range, home, organization } = holder;
    const pool = this.#pool(organization);
    return organization === home
      ? pool.heldBy(uid) === undefined
      : pool.overlapping(range, uid) !== undefined;
  }

  /** Releases the range of a VPC whose rows were removed. */
  release(uid: string): void {
    const holder = this.#holders.get(uid);
    if (holder === undefined) return;
    this.#holders.delete(uid);
    this.#used.remove(holder.range);
    for (const organization of new Set([holder.home, holder.organization]))
      this.#pool(organization).release(uid);
  }

  #add(uid: string, holder: Holder): void {
    if (this.#holders.has(uid)) return;
    this.#holders.set(uid, holder);
    this.#used.add(holder.range);
  }

  #pool(organization: string): CidrPool {
    const known = this.#organizations.get(organization);
    if (known !== undefined) return known;
    const pool = this.#newPool();
    pool.onRelease(() => this.#onFreed(organization));
    this.#organizations.set(organization, pool);
    return pool;
  }
}
