import { jsonEqual } from '../../base/index.ts';
import { compareVersions } from '../resource-version.ts';
import { keyOf, type KubeObject } from '../types.ts';
import { IndexTable } from './index-table.ts';

/**
 * A change of an object. `deleted` contains the last known state. The replacement of an object by an object
 * with the same name and another UID results in `deleted` and then `added`.
 */
export type Change<T> =
  | { readonly type: 'added'; readonly key: string; readonly object: T }
  | { readonly type: 'updated'; readonly key: string; readonly old: T; readonly object: T }
  | { readonly type: 'deleted'; readonly key: string; readonly object: T };

/**
 * The last known state of the objects of a kind, by key, UID and index. Every look-up is O(1). The objects
 * are immutable.
 */
export interface ReadStore<T extends KubeObject> {
  readonly size: number;
  get(key: string): T | undefined;
  byUid(uid: string): T | undefined;
  values(): Iterable<T>;
  keys(): Iterable<string>;
  /**
   * The objects with `value` in `index`, a declared index or reference.
   *
   * @throws Error for an unknown index
   */
  byIndex(index: string, value: string): Iterable<T>;
  /**
   * The keys of the objects with `value` in `index`. The set is valid only until the next change, so callers
   * must copy the set before an `await`.
   */
  keysByIndex(index: string, value: string): ReadonlySet<string>;
  /**
   * The objects with `value` in `index` in the order of precedence ({@link precedenceOf}): the oldest object first.
   * The cost depends only on the number of objects that the caller takes. The store must not change meanwhile.
   */
  oldestFirst(index: string, value: string): Iterable<T>;
  /**
   * Calls `listener` after every change of the store.
   *
   * @returns a function that removes the listener
   */
  subscribe(listener: (change: Change<T>) => void): () => void;
}

/** A store that reflectors and status writers can change. */
export class Store<T extends KubeObject> implements ReadStore<T> {
  readonly #objects = new Map<string, T>();
  readonly #uids = new Map<string, T>();
  readonly #indexes = new Map<string, IndexTable<T>>();
  readonly #listeners = new Set<(change: Change<T>) => void>();

  readonly #onError: (what: string, error: unknown) => void;

  /**
   * @param indexes index name → function that returns the index values of an object
   * @param onError called when an index function or a listener throws, so that an error in one declaration
   *   does not stop the watch. The object then has no values in that index.
   */
  constructor(
    indexes: Readonly<Record<string, (object: T) => readonly string[]>> = {},
    onError: (what: string, error: unknown) => void = rethrow,
  ) {
    this.#onError = onError;
    for (const [name, valuesOf] of Object.entries(indexes)) {
      const safeValuesOf = (object: T): readonly string[] => {
        try {
          return valuesOf(object);
        } catch (error) {
          onError(`index ${name}`, error);
          return [];
        }
      };
      this.#indexes.set(name, new IndexTable(safeValuesOf));
    }
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  byUid(uid: string): T | undefined {
    return this.#uids.get(uid);
  }

  values(): Iterable<T> {
    return this.#objects.values();
  }

  keys(): Iterable<string> {
    return this.#objects.keys();
  }

  *byIndex(index: string, value: string): Iterable<T> {
    for (const key of this.keysByIndex(index, value)) {
      const object = this.#objects.get(key);
      if (object !== undefined) yield object;
    }
  }

  keysByIndex(index: string, value: string): ReadonlySet<string> {
    return this.#table(index).keys(value);
  }

  *oldestFirst(index: string, value: string): Iterable<T> {
    for (const key of this.#table(index).oldestFirst(value, (each) => this.#objects.get(each))) {
      const object = this.#objects.get(key);
      if (object !== undefined) yield object;
    }
  }

  subscribe(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Adds or updates an object. Ignores an older resourceVersion unless `force` is set, because events can
   * arrive late or twice. Ignores an equal object. An object with another UID replaces the previous object
   * with the same key.
   */
  upsert(object: T, { force }: { readonly force: boolean } = { force: false }): void {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    if (old === undefined) {
      this.#put(key, undefined, object);
      this.#notify({ type: 'added', key, object });
      return;
    }
    const isOlder = compareVersions(object.metadata.resourceVersion, old.metadata.resourceVersion) < 0;
    if (isOlder && !force) return;
    if (old.metadata.uid !== object.metadata.uid) {
      this.#drop(key, old);
      this.#put(key, undefined, object);
      this.#notify({ type: 'added', key, object });
    } else if (!jsonEqual(old, object)) {
      this.#put(key, old, object);
      this.#notify({ type: 'updated', key, old, object });
    }
  }

  /**
   * Updates an object from the response of a write. Ignores the object if the store does not contain its UID,
   * because the object can be deleted already.
   */
  refresh(object: T): void {
    if (this.#objects.get(keyOf(object))?.metadata.uid === object.metadata.uid) this.upsert(object);
  }

  /** Removes an object. An object with the same key and another UID stays. */
  delete(object: T): void {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    if (old?.metadata.uid === object.metadata.uid) this.#drop(key, old);
  }

  /** Removes all objects whose key is not in `keys`, at the end of a complete list. */
  retain(keys: ReadonlySet<string>): void {
    for (const [key, object] of this.#objects) if (!keys.has(key)) this.#drop(key, object);
  }

  #table(index: string): IndexTable<T> {
    const table = this.#indexes.get(index);
    if (table === undefined) throw new Error(`the store has no index ${index}`);
    return table;
  }

  #put(key: string, old: T | undefined, object: T): void {
    this.#objects.set(key, object);
    this.#uids.set(object.metadata.uid, object);
    for (const table of this.#indexes.values()) table.update(key, old, object);
  }

  #drop(key: string, old: T): void {
    this.#objects.delete(key);
    this.#uids.delete(old.metadata.uid);
    for (const table of this.#indexes.values()) table.update(key, old, undefined);
    this.#notify({ type: 'deleted', key, object: old });
  }

  #notify(change: Change<T>): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#onError('listener', error);
      }
    }
  }
}

function rethrow(_what: string, error: unknown): never {
  throw error;
}
