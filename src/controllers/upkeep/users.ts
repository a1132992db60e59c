import type { KubeObject, ReadStore } from '../../reconcile/index.ts';
import type { KindName, Stores } from '../common/env.ts';
import { kindNames, modules } from '../kinds.ts';

/** The objects of all kinds that keep an object of `kind` from being deleted; `keys` name the object in references. */
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
