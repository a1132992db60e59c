import type { Priority } from '../types.ts';
import { TurnQueue } from './turn-queue.ts';

const order: readonly Priority[] = ['edit', 'repair', 'resync'];

/**
 * A lower priority comes first after this number of keys without it. So a stream of edits delays repairs and resyncs by
 * a factor only: a new Port waits for repairs, because its Subnet wakes it.
 */
const MAX_KEYS_BETWEEN = { repair: 3, resync: 15 } as const;
const owed = ['resync', 'repair'] as const;

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
  /** The number of keys that were taken since the last key of a lower priority. */
  readonly #since = { repair: 0, resync: 0 };

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
    // A priority whose namespaces are busy stays owed, so that it does not miss its turn each time.
    const overdue = owed.filter((priority) => this.#since[priority] >= MAX_KEYS_BETWEEN[priority]);
    for (const priority of [...overdue, ...order]) {
      let entry = this.#levels[priority].shift(isBusy);
      while (entry?.isSuperseded === true) entry = this.#levels[priority].shift(isBusy);
      if (entry === undefined) continue;
      this.#entries.delete(entry.key);
      for (const each of owed) this.#since[each] = each === priority ? 0 : this.#since[each] + 1;
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
