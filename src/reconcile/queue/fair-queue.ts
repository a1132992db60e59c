import type { Priority } from '../types.ts';
import { TurnQueue } from './turn-queue.ts';

const order: readonly Priority[] = ['edit', 'repair', 'resync'];

/**
 * Every n-th key comes from the lowest waiting priority, so that a stream of edits does not starve a resync.
 */
const LOWEST_PRIORITY_INTERVAL = 16;
/**
 * Every n-th key is a repair. So the edits of one namespace delay the repairs of another one by a factor only: a new
 * Port waits for repairs, because its Subnet wakes it.
 */
const REPAIR_INTERVAL = 4;
const repairFirst: readonly Priority[] = ['repair', 'edit', 'resync'];

/** The higher of two priorities. */
export function higherPriority(a: Priority, b: Priority): Priority {
  return order.indexOf(a) < order.indexOf(b) ? a : b;
}

/** A waiting key. A change of the priority creates a new entry and marks the old entry as superseded. */
interface Entry {
  readonly key: string;
  readonly priority: Priority;
  readonly since: number;
  isSuperseded: boolean;
}

/** A key taken from the queue. `since` is the time at which the key was added, by the clock of the caller. */
interface WaitingKey {
  readonly key: string;
  readonly priority: Priority;
  readonly since: number;
}

/**
 * The waiting keys, each once. The queue returns keys by priority. Within a priority, the namespaces take
 * turns, so that one namespace with ten thousand keys delays a key of another namespace by one turn only.
 */
export class FairQueue {
  readonly #entries = new Map<string, Entry>();
  readonly #levels: Readonly<Record<Priority, TurnQueue<Entry>>> = {
    edit: new TurnQueue(),
    repair: new TurnQueue(),
    resync: new TurnQueue(),
  };
  #taken = 0;

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Adds a key, or raises the priority of a waiting key.
   *
   * @returns whether the key is new
   */
  add(key: string, priority: Priority, now: number): boolean {
    const old = this.#entries.get(key);
    if (old !== undefined) {
      if (higherPriority(old.priority, priority) === old.priority) return false;
      old.isSuperseded = true;
    }
    const entry: Entry = { key, priority, since: old?.since ?? now, isSuperseded: false };
    this.#entries.set(key, entry);
    this.#levels[priority].push(namespaceOf(key), entry);
    return old === undefined;
  }

  /** Takes the next key of a namespace for which `isBusy` is false. */
  take(isBusy?: (namespace: string) => boolean): WaitingKey | undefined {
    if (this.#entries.size === 0) return undefined;
    const turn = ++this.#taken;
    const levels =
      turn % LOWEST_PRIORITY_INTERVAL === 0
        ? order.toReversed()
        : turn % REPAIR_INTERVAL === 0
          ? repairFirst
          : order;
    for (const priority of levels) {
      let entry = this.#levels[priority].shift(isBusy);
      while (entry?.isSuperseded === true) entry = this.#levels[priority].shift(isBusy);
      if (entry === undefined) continue;
      this.#entries.delete(entry.key);
      return entry;
    }
    return undefined;
  }
}

/** Returns the namespace in a key; an empty text for a cluster-scoped object. */
export function namespaceOf(key: string): string {
  const slash = key.indexOf('/');
  return slash < 0 ? '' : key.slice(0, slash);
}
