import type { KubeObject, ReadStore } from '../../reconcile/index.ts';
import type { KindName, Stores } from '../common/env.ts';
import { kindNames, modules } from '../kinds.ts';

/**
 * Yields the objects of all kinds that prevent the deletion of an object of `kind`, the oldest ones of each kind first.
 * `keys` are the keys by which references name that object. The caller takes only as many objects as it names.
 */
export function* usersOf(stores: Stores, kind: KindName, keys: readonly string[]): Iterable<KubeObject> {
  for (const user of kindNames) {
    const reference = modules[user].keeps?.[kind];
    if (reference === undefined) continue;
    const store: ReadStore<KubeObject> = stores[user];
    for (const key of keys) yield* store.oldestFirst(reference, key);
  }
}
