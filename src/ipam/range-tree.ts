import { overlaps, widthOf, type Cidr } from '../api/cidr.ts';

/** A node stands for a network; its children are the two halves of the network. A missing node is a free network. */
interface Node {
  /** How often this network itself, or a network that contains the parent, was added. */
  exact: number;
  /** The prefix length of the largest free block inside this network; Infinity if no address is free. */
  largestFree: number;
  lower: Node | undefined;
  upper: Node | undefined;
}

/**
 * The networks that are in use, of any size. They can overlap, and one network can be in use several times. All
 * operations cost O(address width), whatever the number of networks is.
 */
export class RangeTree {
  #root: Node | undefined;
  readonly #parent: Cidr;

  /** @param parent the network that `firstFree` divides into blocks; the tree ignores networks outside it */
  constructor(parent: Cidr) {
    this.#parent = parent;
  }

  add(cidr: Cidr): void {
    if (overlaps(cidr, this.#parent)) this.#root = this.#changed(this.#root, this.#parent.prefix, cidr, 1);
  }

  /** Removes a network that was added before. */
  remove(cidr: Cidr): void {
    if (overlaps(cidr, this.#parent)) this.#root = this.#changed(this.#root, this.#parent.prefix, cidr, -1);
  }

  /**
   * Returns the lowest block of this size inside the parent that overlaps no added network; undefined if there is none
   * or the block is larger than the parent.
   */
  firstFree(prefix: number): Cidr | undefined {
    const { family, base: first, prefix: from } = this.#parent;
    if (prefix < from || freeIn(this.#root, from) > prefix) return undefined;
    let base = first;
    let node = this.#root;
    for (let at = from + 1; node !== undefined && at <= prefix; at++) {
      if (freeIn(node.lower, at) <= prefix) {
        node = node.lower;
      } else {
        base += 1n << BigInt(widthOf(family) - at);
        node = node.upper;
      }
    }
    return { family, base, prefix };
  }

  /** Returns the node of the network with this prefix length after a change of `cidr`; undefined if it is free. */
  #changed(node: Node | undefined, prefix: number, cidr: Cidr, amount: 1 | -1): Node | undefined {
    const changed = node ?? { exact: 0, largestFree: prefix, lower: undefined, upper: undefined };
    if (cidr.prefix <= prefix) {
      changed.exact += amount;
    } else {
      const isUpper = ((cidr.base >> BigInt(widthOf(cidr.family) - prefix - 1)) & 1n) === 1n;
      if (isUpper) changed.upper = this.#changed(changed.upper, prefix + 1, cidr, amount);
      else changed.lower = this.#changed(changed.lower, prefix + 1, cidr, amount);
    }
    if (changed.exact === 0 && changed.lower === undefined && changed.upper === undefined) return undefined;
    changed.largestFree =
      changed.exact > 0
        ? Infinity
        : Math.min(freeIn(changed.lower, prefix + 1), freeIn(changed.upper, prefix + 1));
    return changed;
  }
}

const freeIn = (node: Node | undefined, prefix: number): number =>
  node === undefined ? prefix : node.largestFree;
