import type { Cidr } from '../../api/index.ts';
import { CidrPool, type BlockClaimResult } from '../../ipam/index.ts';

/**
 * The address ranges of all VPCs. Ranges do not overlap within an organization, so that its projects can be
 * connected. Organizations are independent: each can use any private range. The pool allocates a range that no VPC of
 * any organization uses, if there is one.
 */
export class VPCBlocks {
  readonly #newPool: () => CidrPool;
  readonly #allOrganizations: CidrPool;
  readonly #organizations = new Map<string, CidrPool>();
  /** UID of the VPC → its organization. */
  readonly #organizationOf = new Map<string, string>();

  readonly #onFreed: (organization: string) => void;

  /** `onFreed` is called with an organization when one of its ranges becomes free. */
  constructor(parent: Cidr, blockPrefix: number, onFreed: (organization: string) => void) {
    this.#onFreed = onFreed;
    this.#newPool = () => new CidrPool({ parent, blockPrefix });
    this.#allOrganizations = this.#newPool();
  }

  /** Returns the range of the VPC, or allocates one. */
  allocate(organization: string, uid: string): Cidr | 'exhausted' {
    this.#moveTo(organization, uid);
    const pool = this.#pool(organization);
    const held = pool.heldBy(uid);
    if (held !== undefined) return held;
    const unused = this.#allOrganizations.allocate(uid);
    if (unused !== 'exhausted' && pool.claim(uid, unused).ok) return unused;
    const block = pool.allocate(uid);
    if (block !== 'exhausted') this.#allOrganizations.adopt(uid, block);
    return block;
  }

  /** Holds exactly this range. */
  claim(organization: string, uid: string, block: Cidr): BlockClaimResult {
    this.#moveTo(organization, uid);
    const result = this.#pool(organization).claim(uid, block);
    if (result.ok) this.#allOrganizations.adopt(uid, block);
    return result;
  }

  /** Restores the range that a VPC has according to its status or its rows. */
  adopt(organization: string, uid: string, block: Cidr): BlockClaimResult {
    this.#organizationOf.set(uid, organization);
    this.#allOrganizations.adopt(uid, block);
    return this.#pool(organization).adopt(uid, block);
  }

  /** Releases the range of a VPC whose rows were removed. */
  release(uid: string): void {
    const organization = this.#organizationOf.get(uid);
    if (organization === undefined) return;
    this.#organizationOf.delete(uid);
    this.#allOrganizations.release(uid);
    this.#pool(organization).release(uid);
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
