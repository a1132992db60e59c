import type { KubeObject, ReadStore } from '../../reconcile/index.ts';
import type { KindName, Stores } from '../common/env.ts';
import { kindNames, modules } from '../kinds.ts';

/**
 * Returns the objects of all kinds that prevent the deletion of an object of `kind`. `keys` are the keys by which
 * references name that object.
 */
export function usersOf(stores: Stores, kind: KindName, keys: readonly string[]): readonly KubeObject[] {
  const users: KubeObject[] = [];
  for (const user of kindNames) {
    const reference = modules[user].keeps?.[kind];
    if (reference === undefined) continue;
    const store: ReadStore<KubeObject> = stores[user];
    for (const key of keys) users.push(...store.byIndex(reference, key));
  }
  return users;
}
