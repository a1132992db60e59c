import { jsonEqual } from '../../base/index.ts';
import { compareVersions } from '../resource-version.ts';
import { keyOf, type KubeObject } from '../types.ts';
import { IndexTable } from './index-table.ts';

/**
 * What happened to a key. `deleted` carries the object as last seen. An object that was replaced by a namesake
 * with another UID is a `deleted` and then an `added`.
 */
export type Change<T> =
  | { readonly type: 'added'; readonly key: string; readonly object: T }
  | { readonly type: 'updated'; readonly key: string; readonly old: T; readonly object: T }
  | { readonly type: 'deleted'; readonly key: string; readonly object: T };

/** The objects of a kind as last heard of, by key, UID and index. Every look-up is O(1); nothing may be changed. */
export interface ReadStore<T extends KubeObject> {
  readonly size: number;
  get(key: string): T | undefined;
  byUid(uid: string): T | undefined;
  values(): Iterable<T>;
  keys(): Iterable<string>;
  /** Objects that have `value` in `index` (a declared index or reference); throws for an unknown index. */
  byIndex(index: string, value: string): Iterable<T>;
  /** Their keys: `.size` counts without looking at any. Of the moment: copy it before waiting for anything. */
  keysByIndex(index: string, value: string): ReadonlySet<string>;
  /** Calls `listener` with every change, after the store shows it; returns what ends that. */
  subscribe(listener: (change: Change<T>) => void): () => void;
}

/** The writable side, for what feeds it. */
export class Store<T extends KubeObject> implements ReadStore<T> {
  readonly #objects = new Map<string, T>();
  readonly #uids = new Map<string, T>();
  readonly #indexes = new Map<string, IndexTable<T>>();
  readonly #listeners = new Set<(change: Change<T>) => void>();

  readonly #onError: (what: string, error: unknown) => void;

  /**
   * `onError` hears of an index function or listener that threw: a mistake in one kind's declaration must not end
   * the watch of all. The object has no values in that index then.
   */
  constructor(
    indexes: Readonly<Record<string, (object: T) => readonly string[]>> = {},
    onError: (what: string, error: unknown) => void = rethrow,
  ) {
    this.#onError = onError;
    for (const [name, valuesOf] of Object.entries(indexes)) {
      const careful = (object: T): readonly string[] => {
        try {
          return valuesOf(object);
        } catch (error) {
          onError(`index ${name}`, error);
          return [];
        }
      };
      this.#indexes.set(name, new IndexTable(careful));
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
    const table = this.#indexes.get(index);
    if (table === undefined) throw new Error(`no such index: ${index}`);
    return table.keys(value);
  }

  subscribe(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Takes in an object as it was at its resourceVersion. Ignored when the store has something newer under that
   * key (events may come late, or twice) and `force` does not say otherwise, or the very same. One of another
   * UID replaces what was there.
   */
  upsert(object: T, { force }: { readonly force: boolean } = { force: false }): void {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    if (old === undefined) {
      this.#put(key, undefined, object);
      this.#tell({ type: 'added', key, object });
      return;
    }
    const isOlder = compareVersions(object.metadata.resourceVersion, old.metadata.resourceVersion) < 0;
    if (isOlder && !force) return;
    if (old.metadata.uid !== object.metadata.uid) {
      this.#drop(key, old);
      this.#put(key, undefined, object);
      this.#tell({ type: 'added', key, object });
    } else if (!jsonEqual(old, object)) {
      this.#put(key, old, object);
      this.#tell({ type: 'updated', key, old, object });
    }
  }

  /** Takes in an object only as news of one that is here (the answer to a write): it never brings one back. */
  refresh(object: T): void {
    if (this.#objects.get(keyOf(object))?.metadata.uid === object.metadata.uid) this.upsert(object);
  }

  /** Removes this very object; a namesake with another UID stays. */
  delete(object: T): void {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    if (old?.metadata.uid === object.metadata.uid) this.#drop(key, old);
  }

  /** Removes everything whose key is not in `keys`: the end of a complete list. */
  retain(keys: ReadonlySet<string>): void {
    for (const [key, object] of this.#objects) if (!keys.has(key)) this.#drop(key, object);
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
    this.#tell({ type: 'deleted', key, object: old });
  }

  #tell(change: Change<T>): void {
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
