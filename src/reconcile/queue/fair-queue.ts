import type { Priority } from '../types.ts';
import { Fifo } from './fifo.ts';

const order: readonly Priority[] = ['edit', 'repair', 'resync'];

/**
 * Every n-th key comes from the lowest waiting priority, so that a stream of edits does not starve a resync.
 */
const LOWEST_PRIORITY_INTERVAL = 16;

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
  readonly #levels: Readonly<Record<Priority, PriorityLevel>> = {
    edit: new PriorityLevel(),
    repair: new PriorityLevel(),
    resync: new PriorityLevel(),
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
    this.#levels[priority].push(entry);
    return old === undefined;
  }

  take(): WaitingKey | undefined {
    if (this.#entries.size === 0) return undefined;
    const isLowestFirst = ++this.#taken % LOWEST_PRIORITY_INTERVAL === 0;
    for (const priority of isLowestFirst ? order.toReversed() : order) {
      const entry = this.#levels[priority].shift();
      if (entry === undefined) continue;
      this.#entries.delete(entry.key);
      return entry;
    }
    return undefined;
  }
}

/** The keys of one priority: one queue per namespace, and the order of the namespaces. */
class PriorityLevel {
  readonly #queues = new Map<string, Fifo<Entry>>();
  readonly #turns = new Fifo<string>();

  push(entry: Entry): void {
    const namespace = namespaceOf(entry.key);
    let queue = this.#queues.get(namespace);
    if (queue === undefined) {
      this.#queues.set(namespace, (queue = new Fifo()));
      this.#turns.push(namespace);
    }
    queue.push(entry);
  }

  shift(): Entry | undefined {
    for (let namespace = this.#turns.shift(); namespace !== undefined; namespace = this.#turns.shift()) {
      const queue = this.#queues.get(namespace);
      let entry = queue?.shift();
      while (entry?.isSuperseded === true) entry = queue?.shift();
      if (queue === undefined || queue.size === 0) this.#queues.delete(namespace);
      else this.#turns.push(namespace);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }
}

function namespaceOf(key: string): string {
  const slash = key.indexOf('/');
  return slash < 0 ? '' : key.slice(0, slash);
}
