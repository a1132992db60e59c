import type { KubeObject, ReadStore } from '../../reconcile/index.ts';
import type { Stores } from '../common/env.ts';
import { kindNames } from '../kinds.ts';

/**
 * Returns the stores of all kinds and of Namespaces. Each access calls `storeOf`, so the stores may be created later.
 */
export function storesFrom(storeOf: (kind: string) => ReadStore<KubeObject>): Stores {
  const stores = {};
  for (const kind of ['Namespace', ...kindNames])
    Object.defineProperty(stores, kind, { enumerable: true, get: () => storeOf(kind) });
  return stores as Stores;
}
