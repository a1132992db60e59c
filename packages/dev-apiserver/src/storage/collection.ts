import type { ApiObject } from '../model/objects.ts';

/** One object as it is stored. Immutable; `json` caches its serialised forms (see encode.ts). */
export interface Entry {
  readonly key: string;
  /** The store's revision at which this state was written: the object's resourceVersion. */
  readonly revision: number;
  readonly object: ApiObject;
  json: string | undefined;
}

/** One change of a collection. */
export interface Change {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The new state; for DELETED the last state, with the deletion's resourceVersion. */
  readonly entry: Entry;
  /** The state before; undefined for ADDED. */
  readonly previous: Entry | undefined;
  /** Serialised watch events by format, so that many watchers cost one serialisation. */
  readonly encoded: Map<string, string>;
}

/** The revision counter that all collections of a server share, like etcd's. */
export class Revisions {
  current = 1;

  /** The next revision. */
  next(): number {
    this.current += 1;
    return this.current;
  }
}

/** Keys in byte order, sorted when somebody asks and kept while keys arrive in order. */
class SortedKeys {
  readonly #keys = new Set<string>();
  #sorted: string[] | undefined = [];

  add(key: string): void {
    this.#keys.add(key);
    if (this.#sorted === undefined) return;
    const last = this.#sorted.at(-1);
    if (last === undefined || last < key) this.#sorted.push(key);
    else this.#sorted = undefined;
  }

  delete(key: string): void {
    if (!this.#keys.delete(key)) return;
    if (this.#sorted?.at(-1) === key) this.#sorted.pop();
    else this.#sorted = undefined;
  }

  get size(): number {
    return this.#keys.size;
  }

  sorted(): readonly string[] {
    return (this.#sorted ??= [...this.#keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  }
}

/**
 * The objects of one resource with their recent history.
 *
 * Guarantees: everything here is synchronous, so that a caller's read, check and write are one transaction;
 * listeners see every change once, in the order of revisions, before the writer's call returns; lists are in
 * the order of keys, as etcd's are; the cost of a write does not grow with the number of objects.
 */
export class Collection {
  readonly #revisions: Revisions;
  readonly #historyLimit: number;
  readonly #entries = new Map<string, Entry>();
  readonly #all = new SortedKeys();
  readonly #namespaces = new Map<string, SortedKeys>();
  readonly #listeners = new Set<(change: Change) => void>();
  #history: Change[] = [];
  #compacted: number;

  /** `historyLimit`: how many changes are kept for watches that start in the past and for continued lists. */
  constructor(revisions: Revisions, historyLimit: number) {
    this.#revisions = revisions;
    this.#historyLimit = historyLimit;
    this.#compacted = revisions.current;
  }

  /** The revision of the last write to any collection of the server. */
  get revision(): number {
    return this.#revisions.current;
  }

  /** Changes at this revision and before are forgotten. */
  get compactedRevision(): number {
    return this.#compacted;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Every entry, in no promised order. */
  values(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  /** Entries in key order, of one namespace or of all. */
  list(namespace?: string): Entry[] {
    const keys = namespace === undefined ? this.#all : this.#namespaces.get(namespace);
    if (keys === undefined) return [];
    const entries: Entry[] = [];
    for (const key of keys.sorted()) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  /**
   * Entries in key order as they were at a revision, by taking back the changes since.
   * Undefined when the history no longer reaches back that far.
   */
  listAt(revision: number, namespace?: string): Entry[] | undefined {
    if (revision < this.#compacted) return undefined;
    const since = this.changesSince(revision);
    if (since.length === 0) return this.list(namespace);
    const then = new Map<string, Entry>();
    for (const entry of this.list(namespace)) then.set(entry.key, entry);
    for (const change of since.toReversed()) {
      if (namespace !== undefined && change.entry.object.metadata.namespace !== namespace) continue;
      if (change.previous === undefined) then.delete(change.entry.key);
      else then.set(change.entry.key, change.previous);
    }
    return [...then.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Writes a new state of an object; its resourceVersion is set here. `object` belongs to the store from now on. */
  put(key: string, object: ApiObject): Entry {
    const previous = this.#entries.get(key);
    const revision = this.#revisions.next();
    object.metadata.resourceVersion = String(revision);
    const entry: Entry = { key, revision, object, json: undefined };
    this.#entries.set(key, entry);
    if (previous === undefined) {
      this.#all.add(key);
      this.#namespaceKeys(object.metadata.namespace)?.add(key);
    }
    const type = previous === undefined ? 'ADDED' : 'MODIFIED';
    this.#publish({ revision, type, entry, previous, encoded: new Map() });
    return entry;
  }

  /** Removes an object; `last` is its state to show in the DELETED event when it differs from the stored one. */
  delete(key: string, last?: ApiObject): Entry | undefined {
    const previous = this.#entries.get(key);
    if (previous === undefined) return undefined;
    const revision = this.#revisions.next();
    const from = last ?? previous.object;
    const object = { ...from, metadata: { ...from.metadata, resourceVersion: String(revision) } };
    const entry: Entry = { key, revision, object, json: undefined };
    this.#entries.delete(key);
    this.#all.delete(key);
    this.#namespaceKeys(object.metadata.namespace)?.delete(key);
    this.#publish({ revision, type: 'DELETED', entry, previous, encoded: new Map() });
    return entry;
  }

  /** Replaces how every object reads, in place: no event, no new resourceVersion. */
  reread(read: (object: ApiObject) => ApiObject): void {
    for (const [key, { revision, object }] of this.#entries) {
      this.#entries.set(key, { key, revision, object: read(object), json: undefined });
    }
  }

  /** The kept changes after a revision, oldest first. */
  changesSince(revision: number): readonly Change[] {
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#history[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#history.slice(low);
  }

  /** Calls the listener for every change from now on; the returned function ends that. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets all history: watches from before now are answered 410, as after etcd's compaction. */
  compact(): void {
    this.#history = [];
    this.#compacted = this.#revisions.current;
  }

  #publish(change: Change): void {
    this.#history.push(change);
    // Trimming in halves keeps the cost of a write constant on average.
    if (this.#history.length > this.#historyLimit * 2) {
      const kept = this.#history.slice(-this.#historyLimit);
      this.#compacted = (kept[0]?.revision ?? change.revision) - 1;
      this.#history = kept;
    }
    for (const listener of this.#listeners) listener(change);
    // Late watchers are rare and can serialise again; the history would hold several times the objects' size.
    change.encoded.clear();
    if (change.previous !== undefined) change.previous.json = undefined;
    if (change.type === 'DELETED') change.entry.json = undefined;
  }

  #namespaceKeys(namespace: string | undefined): SortedKeys | undefined {
    if (namespace === undefined || namespace === '') return undefined;
    let keys = this.#namespaces.get(namespace);
    if (keys === undefined) this.#namespaces.set(namespace, (keys = new SortedKeys()));
    return keys;
  }
}
