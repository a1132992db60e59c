import { lastAddress, networkOf, overlaps, widthOf, type Cidr } from '../api/cidr.ts';
import { Listeners } from './listeners.ts';

/** A block of addresses and its owner. */
interface Block {
  readonly owner: string;
  readonly cidr: Cidr;
}

interface CidrPoolOptions {
  /** The range that `allocate` divides into blocks. Claims can be outside the parent. */
  readonly parent: Cidr;
  /** The prefix length of allocated blocks; not shorter than the prefix of the parent. */
  readonly blockPrefix: number;
  /**
   * The end at which `allocate` starts; the default is 'lowest'. Users usually choose blocks from the low
   * end, so 'highest' avoids conflicts between claimed and allocated blocks.
   */
  readonly from?: 'lowest' | 'highest';
}

/**
 * The result of a claim. `overlap`: the block overlaps the block `with` of the owner `holder`.
 * `holds-another`: the owner must first release the block that it holds (`held`).
 */
export type BlockClaimResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly refused: 'overlap'; readonly holder: string; readonly with: Cidr }
  | { readonly ok: false; readonly refused: 'holds-another'; readonly held: Cidr };

/** Called with a block after its owner released the block. */
type BlockReleaseListener = (cidr: Cidr) => void;

/**
 * Blocks of addresses that do not overlap, for example the VPCs of a cluster or the Subnets of a VPC.
 *
 * Guarantees:
 * - Two granted blocks never overlap. An owner has at most one block.
 * - Operations are idempotent: the same call by the same owner changes nothing and returns the same result.
 * - `allocate` grants the free block that is nearest to the end at which the pool starts.
 *
 * Look-ups and claims are O(log n) in the number of held blocks, plus an array insertion. `allocate` skips
 * the claimed blocks between the first block that can be free and the first free block. Contested blocks
 * exist only after conflicting adoptions; the pool searches them linearly.
 */
export class CidrPool {
  readonly parent: Cidr;
  readonly #blockPrefix: number;
  readonly #descending: boolean;
  /** The granted blocks, sorted by family and base. */
  readonly #blocks: Block[] = [];
  /**
   * The adopted blocks that overlap an earlier block, by owner, in the order of adoption. These blocks are in
   * use, so the pool does not grant them to other owners.
   */
  readonly #contested = new Map<string, Block>();
  readonly #cidrs = new Map<string, Cidr>();
  /**
   * The address at which `allocate` continues. No block between the start of the search and this address is
   * free.
   */
  #next: bigint;
  readonly #released = new Listeners<[Cidr]>();

  /**
   * @throws RangeError when the block prefix is shorter than the prefix of the parent or longer than an
   *   address
   */
  constructor({ parent, blockPrefix, from = 'lowest' }: CidrPoolOptions) {
    if (blockPrefix < parent.prefix || blockPrefix > widthOf(parent.family)) {
      throw new RangeError(`A block of /${blockPrefix} does not fit into the parent /${parent.prefix}.`);
    }
    this.parent = parent;
    this.#blockPrefix = blockPrefix;
    this.#descending = from === 'highest';
    this.#next = this.#descending ? last(parent) : parent.base;
  }

  /**
   * Returns the block that `owner` holds, of any size. Otherwise grants the nearest free block of the parent. A block
   * that is smaller than the blocks of the pool (`blockPrefix`) comes from the first free block that the pool has not
   * passed yet.
   */
  allocate(owner: string, blockPrefix = this.#blockPrefix): Cidr | 'exhausted' {
    const held = this.heldBy(owner);
    if (held !== undefined) return held;
    const contested = this.#cidrs.get(owner);
    if (contested !== undefined) this.#moveNextTo(contested);
    const next = () => this.#candidate(blockPrefix);
    for (let cidr = next(); cidr !== undefined; cidr = next()) {
      const obstacle = this.overlapping(cidr, owner);
      // The search continues after the obstacle, which can be smaller or larger than a block.
      this.#next = this.#descending
        ? min(cidr.base, obstacle?.cidr.base) - 1n
        : max(last(cidr), obstacle && last(obstacle.cidr)) + 1n;
      if (obstacle === undefined) {
        this.#grant({ owner, cidr });
        return cidr;
      }
    }
    return 'exhausted';
  }

  /** Grants exactly `cidr` to `owner`. The block can have any size and can be outside the parent. */
  claim(owner: string, cidr: Cidr): BlockClaimResult {
    const held = this.heldBy(owner);
    if (held !== undefined)
      return equal(held, cidr) ? { ok: true } : { ok: false, refused: 'holds-another', held };
    const other = this.overlapping(cidr, owner);
    if (other !== undefined) return { ok: false, refused: 'overlap', holder: other.owner, with: other.cidr };
    this.#grant({ owner, cidr });
    return { ok: true };
  }

  /**
   * Records during a rebuild that `owner` uses `cidr`. When the block overlaps a block of another owner, that
   * owner stays the holder and the result reports the conflict. The pool does not grant a contested block to
   * a third owner. `owner` becomes the holder when no earlier block overlaps `cidr` any more.
   *
   * The result depends on the order of adoptions: adopt the older objects first.
   */
  adopt(owner: string, cidr: Cidr): BlockClaimResult {
    const known = this.#cidrs.get(owner);
    if (known !== undefined && !equal(known, cidr))
      return { ok: false, refused: 'holds-another', held: known };
    const result = this.claim(owner, cidr);
    if (!result.ok && known === undefined) {
      this.#cidrs.set(owner, cidr);
      this.#contested.set(owner, { owner, cidr });
    }
    return result;
  }

  /**
   * Frees the block of `owner`, if any. Call this method only after the rows that used the block are removed.
   */
  release(owner: string): void {
    const cidr = this.#forget(owner);
    if (cidr !== undefined) this.#grantContested(cidr);
  }

  /** The block that `owner` holds. */
  heldBy(owner: string): Cidr | undefined {
    return this.#contested.has(owner) ? undefined : this.#cidrs.get(owner);
  }

  /**
   * Returns a block in use that overlaps `cidr`: the lowest granted block, otherwise a contested block.
   * Ignores the block of the owner `except`.
   */
  overlapping(cidr: Cidr, except?: string): Block | undefined {
    const granted = this.#granted(cidr, except);
    if (granted !== undefined) return granted;
    for (const block of this.#contested.values()) {
      if (block.owner !== except && overlaps(block.cidr, cidr)) return block;
    }
    return undefined;
  }

  /** The granted blocks, sorted by family and base. */
  blocks(): readonly Block[] {
    return this.#blocks;
  }

  /**
   * Registers a listener for released blocks. The pool calls the listener after the change.
   *
   * @returns a function that removes the listener
   */
  onRelease(listener: BlockReleaseListener): () => void {
    return this.#released.add(listener);
  }

  /** The lowest granted block that overlaps `cidr`, without the block of `except`. */
  #granted(cidr: Cidr, except?: string): Block | undefined {
    const index = this.#search(cidr);
    const block = this.#blocks[index]?.owner === except ? this.#blocks[index + 1] : this.#blocks[index];
    return block !== undefined && overlaps(block.cidr, cidr) ? block : undefined;
  }

  /** The index of the first granted block that does not end before `cidr`. */
  #search(cidr: Cidr): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (before((this.#blocks[middle] as Block).cidr, cidr)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grant(block: Block): void {
    const freed = this.#forget(block.owner);
    this.#insert(block);
    if (freed !== undefined) this.#grantContested(freed);
  }

  #insert(block: Block): void {
    this.#cidrs.set(block.owner, block.cidr);
    this.#blocks.splice(this.#search(block.cidr), 0, block);
  }

  /** Grants the contested blocks that no earlier block overlaps any more after `freed` became free. */
  #grantContested(freed: Cidr): void {
    const waiting: Block[] = [];
    for (const block of [...this.#contested.values()]) {
      // A contested block that does not overlap `freed` stays contested, and can still block a later one.
      const stillWaits =
        !overlaps(block.cidr, freed) ||
        this.#granted(block.cidr) !== undefined ||
        waiting.some((earlier) => overlaps(earlier.cidr, block.cidr));
      if (stillWaits) {
        waiting.push(block);
      } else {
        this.#forget(block.owner);
        this.#insert(block);
      }
    }
    this.#released.call(freed);
  }

  /**
   * Removes the granted or contested block of `owner`.
   *
   * @returns the removed block
   */
  #forget(owner: string): Cidr | undefined {
    const cidr = this.#cidrs.get(owner);
    if (cidr === undefined) return undefined;
    this.#cidrs.delete(owner);
    const index = this.#search(cidr);
    if (this.#blocks[index]?.owner === owner) this.#blocks.splice(index, 1);
    else this.#contested.delete(owner);
    this.#moveNextTo(cidr);
    return cidr;
  }

  /** Moves `#next` back so that `allocate` checks the blocks of `cidr` again. */
  #moveNextTo(cidr: Cidr): void {
    if (!overlaps(cidr, this.parent)) return;
    const nearest = this.#descending ? min(last(cidr), last(this.parent)) : max(cidr.base, this.parent.base);
    if (this.#descending ? nearest > this.#next : nearest < this.#next) this.#next = nearest;
  }

  /** The block at `#next`; undefined when `#next` is outside the parent. */
  #candidate(blockPrefix: number): Cidr | undefined {
    if (this.#next < this.parent.base || this.#next > last(this.parent)) return undefined;
    return networkOf({ family: this.parent.family, value: this.#next }, blockPrefix);
  }
}

function last(cidr: Cidr): bigint {
  return lastAddress(cidr).value;
}

function equal(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.base === b.base && a.prefix === b.prefix;
}

/** Whether `a` ends before `b` starts. IPv4 sorts before IPv6. */
function before(a: Cidr, b: Cidr): boolean {
  return a.family === b.family ? last(a) < b.base : a.family < b.family;
}

function min(a: bigint, b: bigint = a): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint = a): bigint {
  return a > b ? a : b;
}
