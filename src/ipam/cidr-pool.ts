import { lastAddress, networkOf, overlaps, widthOf, type Cidr } from '../api/cidr.ts';
import { Listeners } from './listeners.ts';

/** A block and who holds it. */
export interface Block {
  readonly owner: string;
  readonly cidr: Cidr;
}

export interface CidrPoolOptions {
  /** What `allocate` gives blocks out of; claims may lie outside it. */
  readonly parent: Cidr;
  /** The prefix length of the blocks that `allocate` gives; not shorter than the parent's. */
  readonly blockPrefix: number;
  /**
   * From which end `allocate` starts; the lowest by default. People number by hand from the low end, so where
   * chosen and allocated blocks mix, allocating from the high end keeps them out of each other's way.
   */
  readonly from?: 'lowest' | 'highest';
}

/** The answer to a claim of a block. `overlap` names the holder with the lowest overlapping block. */
export type BlockClaimResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly refused: 'overlap'; readonly holder: string; readonly with: Cidr }
  | { readonly ok: false; readonly refused: 'holds-another'; readonly held: Cidr };

/** Called with a block after its holder released it. */
export type BlockReleaseListener = (cidr: Cidr) => void;

/**
 * Blocks of addresses that never overlap: the VPCs of a cluster, the Subnets of a VPC.
 *
 * Guarantees: two granted blocks never overlap; an owner holds at most one; the same call by the same owner
 * changes nothing and gives the same answer; `allocate` gives the free block nearest to the end it starts from.
 * Look-ups and claims are O(log n) in the blocks held (and an array insert); `allocate` walks the blocks between
 * the first one that may be free and the one that is, which is none unless blocks there were claimed by hand.
 * Contested blocks, which only adoption brings, are looked at one by one.
 */
export class CidrPool {
  readonly parent: Cidr;
  readonly #blockPrefix: number;
  readonly #descending: boolean;
  /** Granted blocks, sorted by base; they do not overlap. */
  readonly #blocks: Block[] = [];
  /** By owner, in the order of adoption: blocks that overlapped a granted one. In use, so not given to anyone. */
  readonly #contested = new Map<string, Block>();
  readonly #cidrs = new Map<string, Cidr>();
  /** The first address that may be in a free block; no block before it is, seen from the end that `allocate` starts from. */
  #next: bigint;
  readonly #released = new Listeners<[Cidr]>();

  /** Throws a RangeError when the block prefix is shorter than the parent's or longer than an address. */
  constructor({ parent, blockPrefix, from = 'lowest' }: CidrPoolOptions) {
    if (blockPrefix < parent.prefix || blockPrefix > widthOf(parent.family)) {
      throw new RangeError(`a /${blockPrefix} does not fit in a /${parent.prefix}`);
    }
    this.parent = parent;
    this.#blockPrefix = blockPrefix;
    this.#descending = from === 'highest';
    this.#next = this.#descending ? last(parent) : parent.base;
  }

  /** The block that `owner` holds, of whatever size, else the nearest free one of the parent, now held by it. */
  allocate(owner: string): Cidr | 'exhausted' {
    const held = this.heldBy(owner);
    if (held !== undefined) return held;
    const contested = this.#cidrs.get(owner);
    if (contested !== undefined) this.#mayBeFree(contested);
    for (let cidr = this.#candidate(); cidr !== undefined; cidr = this.#candidate()) {
      const obstacle = this.overlapping(cidr, owner);
      // Past the obstacle, which may be smaller than a block or many times as large.
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

  /** Holds exactly `cidr` for `owner`, inside or outside the parent, of whatever size. */
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
   * Rebuilds: records that `owner` uses `cidr`. When it overlaps a block of another owner, that one stays the
   * holder and the conflict is reported; but what `owner` uses is not given to a third before it releases it, and
   * it becomes the holder when nothing adopted before it overlaps it any more.
   * The result depends on the order of adoptions: see `rebuild`.
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

  /** Frees what `owner` holds; nothing when it holds nothing. Call it when the rows that used the block are gone. */
  release(owner: string): void {
    const cidr = this.#forget(owner);
    if (cidr !== undefined) this.#settle(cidr);
  }

  /** What `owner` holds. */
  heldBy(owner: string): Cidr | undefined {
    return this.#contested.has(owner) ? undefined : this.#cidrs.get(owner);
  }

  /** A block in use that overlaps `cidr`, that of `except` left out: the lowest granted one before any contested one. */
  overlapping(cidr: Cidr, except?: string): Block | undefined {
    const granted = this.#granted(cidr, except);
    if (granted !== undefined) return granted;
    for (const block of this.#contested.values()) {
      if (block.owner !== except && overlaps(block.cidr, cidr)) return block;
    }
    return undefined;
  }

  /** The blocks granted, sorted by family and base. */
  blocks(): readonly Block[] {
    return this.#blocks;
  }

  /** Wakes those that wait for a block; the listener runs after the change. Returns how to stop listening. */
  onRelease(listener: BlockReleaseListener): () => void {
    return this.#released.add(listener);
  }

  /** The lowest granted block that overlaps `cidr`. */
  #granted(cidr: Cidr, except?: string): Block | undefined {
    const index = this.#search(cidr);
    const block = this.#blocks[index]?.owner === except ? this.#blocks[index + 1] : this.#blocks[index];
    return block !== undefined && overlaps(block.cidr, cidr) ? block : undefined;
  }

  /** The index of the first granted block that does not lie wholly before `cidr`. */
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
    const givenUp = this.#forget(block.owner);
    this.#insert(block);
    if (givenUp !== undefined) this.#settle(givenUp);
  }

  #insert(block: Block): void {
    this.#cidrs.set(block.owner, block.cidr);
    this.#blocks.splice(this.#search(block.cidr), 0, block);
  }

  /** After `freed` came free: grants the contested blocks that nothing adopted before them overlaps any more. */
  #settle(freed: Cidr): void {
    const waiting: Block[] = [];
    for (const block of [...this.#contested.values()]) {
      // What does not overlap the freed block waits for another one; it may still be in the way of a later one.
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

  /** Removes what `owner` holds or contests, and returns it. */
  #forget(owner: string): Cidr | undefined {
    const cidr = this.#cidrs.get(owner);
    if (cidr === undefined) return undefined;
    this.#cidrs.delete(owner);
    const index = this.#search(cidr);
    if (this.#blocks[index]?.owner === owner) this.#blocks.splice(index, 1);
    else this.#contested.delete(owner);
    this.#mayBeFree(cidr);
    return cidr;
  }

  /** Has `allocate` look at the blocks of `cidr` again. */
  #mayBeFree(cidr: Cidr): void {
    if (!overlaps(cidr, this.parent)) return;
    const nearest = this.#descending ? min(last(cidr), last(this.parent)) : max(cidr.base, this.parent.base);
    if (this.#descending ? nearest > this.#next : nearest < this.#next) this.#next = nearest;
  }

  /** The block of the pool's size that has the next address that may be free; undefined past the parent's end. */
  #candidate(): Cidr | undefined {
    if (this.#next < this.parent.base || this.#next > last(this.parent)) return undefined;
    return networkOf({ family: this.parent.family, value: this.#next }, this.#blockPrefix);
  }
}

function last(cidr: Cidr): bigint {
  return lastAddress(cidr).value;
}

function equal(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.base === b.base && a.prefix === b.prefix;
}

/** Whether all of `a` comes before all of `b`; IPv4 comes before IPv6. */
function before(a: Cidr, b: Cidr): boolean {
  return a.family === b.family ? last(a) < b.base : a.family < b.family;
}

function min(a: bigint, b: bigint = a): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint = a): bigint {
  return a > b ? a : b;
}
