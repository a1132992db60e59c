import type { Priority } from '../types.ts';
import { Fifo } from './fifo.ts';

const order: readonly Priority[] = ['edit', 'repair', 'resync'];

/** Of so many keys given out, one comes from the lowest priority that waits: a stream of edits starves nobody. */
const lowestEvery = 16;

/** The priority that goes first. */
export function higher(a: Priority, b: Priority): Priority {
  return order.indexOf(a) < order.indexOf(b) ? a : b;
}

/** A waiting key. It sits in one lane; promoting it leaves a dead entry behind in the old one. */
interface Entry {
  readonly key: string;
  readonly priority: Priority;
  readonly since: number;
  dead: boolean;
}

/** What is taken: `since` is when the key began to wait, by the clock of whoever added it. */
export interface Taken {
  readonly key: string;
  readonly priority: Priority;
  readonly since: number;
}

/**
 * Waiting keys, each once: by priority, and within a priority one key of each namespace in turn, so a namespace
 * with ten thousand keys delays another's one key by a single turn.
 */
export class Lanes {
  readonly #entries = new Map<string, Entry>();
  readonly #classes: Readonly<Record<Priority, PriorityClass>> = {
    edit: new PriorityClass(),
    repair: new PriorityClass(),
    resync: new PriorityClass(),
  };
  #taken = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** Adds a key, or raises its priority; whether it was not there before. */
  add(key: string, priority: Priority, now: number): boolean {
    const old = this.#entries.get(key);
    if (old !== undefined) {
      if (higher(old.priority, priority) === old.priority) return false;
      old.dead = true;
    }
    const entry: Entry = { key, priority, since: old?.since ?? now, dead: false };
    this.#entries.set(key, entry);
    this.#classes[priority].push(entry);
    return old === undefined;
  }

  take(): Taken | undefined {
    if (this.#entries.size === 0) return undefined;
    const fromBelow = ++this.#taken % lowestEvery === 0;
    for (const priority of fromBelow ? order.toReversed() : order) {
      const entry = this.#classes[priority].shift();
      if (entry === undefined) continue;
      this.#entries.delete(entry.key);
      return entry;
    }
    return undefined;
  }
}

/** The keys of one priority: a lane for each namespace that has some, and the turns they take. */
class PriorityClass {
  readonly #lanes = new Map<string, Fifo<Entry>>();
  readonly #turns = new Fifo<string>();

  push(entry: Entry): void {
    const namespace = namespaceOf(entry.key);
    let lane = this.#lanes.get(namespace);
    if (lane === undefined) {
      this.#lanes.set(namespace, (lane = new Fifo()));
      this.#turns.push(namespace);
    }
    lane.push(entry);
  }

  shift(): Entry | undefined {
    for (let namespace = this.#turns.shift(); namespace !== undefined; namespace = this.#turns.shift()) {
      const lane = this.#lanes.get(namespace);
      let entry = lane?.shift();
      while (entry?.dead === true) entry = lane?.shift();
      if (lane === undefined || lane.size === 0) this.#lanes.delete(namespace);
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
