import type { ApiObject } from '../model/objects.ts';

/**
 * A stored state of an object. Entries are immutable. `json` caches the serialised object (see
 * wire/encode.ts).
 */
export interface Entry {
  readonly key: string;
  /** The revision of the write that stored this state. It is the resourceVersion of the object. */
  readonly revision: number;
  readonly object: ApiObject;
  json: string | undefined;
}

/** A change of a collection. */
export interface Change {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The new state. For DELETED, the last state with the resourceVersion of the deletion. */
  readonly entry: Entry;
  /** The previous state. Undefined for ADDED. */
  readonly previous: Entry | undefined;
  /** Caches watch events by format, so that the server serialises an event once for all watchers. */
  readonly encoded: Map<string, string>;
}

/** The revision counter of a server. All collections share it, as in etcd. */
export class Revisions {
  current = 1;

  /** Increments the counter and returns the new revision. */
  next(): number {
    this.current += 1;
    return this.current;
  }
}

/** Keys in byte order. Sorts on access, unless the keys were added in order. */
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
 * Guarantees: all methods are synchronous, so that the read, the check and the write of a caller form one
 * transaction. Listeners receive every change once, in the order of revisions, before the call of the writer
 * returns. Lists are in the order of keys, as in etcd. The cost of a write does not depend on the number of
 * objects.
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

  /** `historyLimit` is the number of changes to keep for watches and continued lists. */
  constructor(revisions: Revisions, historyLimit: number) {
    this.#revisions = revisions;
    this.#historyLimit = historyLimit;
    this.#compacted = revisions.current;
  }

  /** The revision of the last write to any collection of the server. */
  get revision(): number {
    return this.#revisions.current;
  }

  /** The last revision whose change is no longer in the history. */
  get compactedRevision(): number {
    return this.#compacted;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Returns all entries in no particular order. */
  values(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  /** Returns the entries of one namespace, or all entries, in key order. */
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
   * Returns the entries at a revision in key order, by undoing later changes. Returns undefined when the
   * history does not reach back to the revision.
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

  /** Writes a state of an object and sets its resourceVersion. The store owns `object` from now on. */
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

  /** Removes an object. `last` is the state for the DELETED event if it differs from the stored state. */
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

  /** Replaces every stored object in place, without an event and without a new resourceVersion. */
  reread(read: (object: ApiObject) => ApiObject): void {
    for (const [key, { revision, object }] of this.#entries) {
      this.#entries.set(key, { key, revision, object: read(object), json: undefined });
    }
  }

  /** Returns the changes in the history after a revision, oldest first. */
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

  /** Calls the listener for every change from now on. The returned function unsubscribes the listener. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Drops the history. Watches of older revisions receive 410, as after a compaction of etcd. */
  compact(): void {
    this.#history = [];
    this.#compacted = this.#revisions.current;
  }

  #publish(change: Change): void {
    this.#history.push(change);
    // Trimming the history in halves keeps the amortised cost of a write constant.
    if (this.#history.length > this.#historyLimit * 2) {
      const kept = this.#history.slice(-this.#historyLimit);
      this.#compacted = (kept[0]?.revision ?? change.revision) - 1;
      this.#history = kept;
    }
    for (const listener of this.#listeners) listener(change);
    // Watches that start in the past are rare and serialise events again. Otherwise the history would need
    // several times the memory of the objects.
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
