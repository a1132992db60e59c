import type { Cidr } from '../../api/index.ts';
import { CidrPool, RangeTree, type BlockClaimResult } from '../../ipam/index.ts';

/**
 * The address ranges of all VPCs. Ranges do not overlap within an organization, so that its projects can be
 * connected. Organizations are independent: each can use any private range. The pool allocates a range that no VPC of
 * any organization uses, if there is one.
 */
export class VPCBlocks {
  readonly #newPool: () => CidrPool;
  readonly #blockPrefix: number;
  /** The ranges of all organizations. */
  readonly #used: RangeTree;
  /** UID of the VPC → its range in {@link #used}. */
  readonly #ranges = new Map<string, Cidr>();
  readonly #organizations = new Map<string, CidrPool>();
  /** UID of the VPC → its organization. */
  readonly #organizationOf = new Map<string, string>();

  readonly #onFreed: (organization: string) => void;

  /** `onFreed` is called with an organization when one of its ranges becomes free. */
  constructor(parent: Cidr, blockPrefix: number, onFreed: (organization: string) => void) {
    this.#onFreed = onFreed;
    this.#newPool = () => new CidrPool({ parent, blockPrefix });
    this.#used = new RangeTree(parent);
    this.#blockPrefix = blockPrefix;
  }

  /** Returns the range that the VPC holds in the organization. */
  heldBy(organization: string, uid: string): Cidr | undefined {
    return this.#organizationOf.get(uid) === organization ? this.#pool(organization).heldBy(uid) : undefined;
  }

  /**
   * Returns the range of the VPC, or allocates one.
   *
   * @param minPrefix the shortest prefix length of the range; a longer one than that of the pool gives a smaller range
   */
  allocate(organization: string, uid: string, minPrefix = 0): Cidr | 'exhausted' {
    this.#moveTo(organization, uid);
    const pool = this.#pool(organization);
    const held = pool.heldBy(uid);
    if (held !== undefined) return held;
    const prefix = Math.max(this.#blockPrefix, minPrefix);
    const unused = this.#used.firstFree(prefix);
    const block = unused !== undefined && pool.claim(uid, unused).ok ? unused : pool.allocate(uid, prefix);
    if (block !== 'exhausted') this.#use(uid, block);
    return block;
  }

  /** Holds exactly this range. */
  claim(organization: string, uid: string, block: Cidr): BlockClaimResult {
    this.#moveTo(organization, uid);
    const result = this.#pool(organization).claim(uid, block);
    if (result.ok) this.#use(uid, block);
    return result;
  }

  /** Restores the range that a VPC has according to its status or its rows. */
  adopt(organization: string, uid: string, block: Cidr): BlockClaimResult {
    this.#organizationOf.set(uid, organization);
    this.#use(uid, block);
    return this.#pool(organization).adopt(uid, block);
  }

  /** Releases the range of a VPC whose rows were removed. */
  release(uid: string): void {
    const organization = this.#organizationOf.get(uid);
    if (organization === undefined) return;
    this.#organizationOf.delete(uid);
    const range = this.#ranges.get(uid);
    this.#ranges.delete(uid);
    if (range !== undefined) this.#used.remove(range);
    this.#pool(organization).release(uid);
  }

  #use(uid: string, block: Cidr): void {
    if (this.#ranges.has(uid)) return;
    this.#ranges.set(uid, block);
    this.#used.add(block);
  }

  /**
   * Records the organization of a VPC. The organization of a namespace can change; the VPC then releases its range in
   * the previous one.
   */
  #moveTo(organization: string, uid: string): void {
    const previous = this.#organizationOf.get(uid);
    if (previous !== undefined && previous !== organization) this.release(uid);
    this.#organizationOf.set(uid, organization);
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
