import { Fifo } from './fifo.ts';

/**
 * A queue in which groups, for example namespaces, take turns. An item waits for at most one item of each other group
 * and for the earlier items of its own group. All operations are O(1), except for the groups that `shift` skips.
 */
export class TurnQueue<T> {
  readonly #queues = new Map<string, Fifo<T>>();
  readonly #turns = new Fifo<string>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of groups with items. */
  get groups(): number {
    return this.#queues.size;
  }

  /** The number of items of a group. */
  sizeOf(group: string): number {
    return this.#queues.get(group)?.size ?? 0;
  }

  push(group: string, item: T): void {
    let queue = this.#queues.get(group);
    if (queue === undefined) {
      this.#queues.set(group, (queue = new Fifo()));
      this.#turns.push(group);
    }
    queue.push(item);
    this.#size++;
  }

  /**
   * Removes and returns the next item. A group for which `isBusy` is true keeps its items and its turn comes later.
   *
   * @returns undefined if no item remains, or all groups with items are busy
   */
  shift(isBusy: (group: string) => boolean = () => false): T | undefined {
    for (let left = this.#turns.size; left > 0; left--) {
      const group = this.#turns.shift();
      const queue = group === undefined ? undefined : this.#queues.get(group);
      if (group === undefined || queue === undefined) continue;
      if (isBusy(group)) {
        this.#turns.push(group);
        continue;
      }
      const item = queue.shift();
      if (queue.size === 0) this.#queues.delete(group);
      else this.#turns.push(group);
      this.#size--;
      return item;
    }
    return undefined;
  }
}
