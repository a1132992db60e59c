import type { Cidr } from '../../api/index.ts';
import { CidrPool, type BlockClaimResult } from '../../ipam/index.ts';

/**
 * The address blocks of all VPCs. Within one organization none overlap, so that its projects can be connected;
 * organizations know nothing of each other, so each may use any private range. Blocks that are allocated are ones
 * that no VPC at all uses, as long as there are such.
 */
export class VpcBlocks {
  readonly #newPool: () => CidrPool;
  readonly #everywhere: CidrPool;
  readonly #organizations = new Map<string, CidrPool>();
  /** VPC's UID → its organization. */
  readonly #homes = new Map<string, string>();

  readonly #freed: (organization: string) => void;

  /** `freed` is told of an organization in which a block came free. */
  constructor(parent: Cidr, blockPrefix: number, freed: (organization: string) => void) {
    this.#freed = freed;
    this.#newPool = () => new CidrPool({ parent, blockPrefix });
    this.#everywhere = this.#newPool();
  }

  /** The VPC's block, else a free one that is then its own. */
  allocate(organization: string, uid: string): Cidr | 'exhausted' {
    this.#moveTo(organization, uid);
    const pool = this.#pool(organization);
    const held = pool.heldBy(uid);
    if (held !== undefined) return held;
    const unused = this.#everywhere.allocate(uid);
    if (unused !== 'exhausted' && pool.claim(uid, unused).ok) return unused;
    const block = pool.allocate(uid);
    if (block !== 'exhausted') this.#everywhere.adopt(uid, block);
    return block;
  }

  /** Holds exactly this block. */
  claim(organization: string, uid: string, block: Cidr): BlockClaimResult {
    this.#moveTo(organization, uid);
    const result = this.#pool(organization).claim(uid, block);
    if (result.ok) this.#everywhere.adopt(uid, block);
    return result;
  }

  /** Rebuilds: the VPC uses this block, as its status or its rows say. */
  adopt(organization: string, uid: string, block: Cidr): BlockClaimResult {
    this.#homes.set(uid, organization);
    this.#everywhere.adopt(uid, block);
    return this.#pool(organization).adopt(uid, block);
  }

  /** Frees the VPC's block; its rows are gone. */
  release(uid: string): void {
    const organization = this.#homes.get(uid);
    if (organization === undefined) return;
    this.#homes.delete(uid);
    this.#everywhere.release(uid);
    this.#pool(organization).release(uid);
  }

  /** A namespace can be given to another organization; its VPC's block goes with it. */
  #moveTo(organization: string, uid: string): void {
    const home = this.#homes.get(uid);
    if (home !== undefined && home !== organization) this.release(uid);
    this.#homes.set(uid, organization);
  }

  #pool(organization: string): CidrPool {
    const known = this.#organizations.get(organization);
    if (known !== undefined) return known;
    const pool = this.#newPool();
    pool.onRelease(() => this.#freed(organization));
    this.#organizations.set(organization, pool);
    return pool;
  }
}
