import { resources } from '../../api/index.ts';
import { mostSimilar } from '../../base/index.ts';
import { keyOf, NAMESPACE_INDEX, type Kind, type KubeObject } from '../../reconcile/index.ts';
import type { KindName, Stores } from './env.ts';

/** The number of names that the operator compares with a missing name. */
const MAX_NAMES = 1000;

/**
 * Returns the names of existing objects that the missing references of an object most likely mean. The result contains
 * only objects in the namespace of the object, because its author can read these. Tenants cannot list the kinds without
 * a namespace.
 */
export function likelyNames(
  stores: Stores,
  { references = {} }: Kind<KubeObject>,
  object: KubeObject,
): readonly string[] {
  const { namespace } = object.metadata;
  if (namespace === undefined) return [];
  const prefix = `${namespace}/`;
  const found = new Set<string>();
  for (const { to, keys } of Object.values(references)) {
    if (!isNamespaced(to)) continue;
    const store = stores[to];
    for (const key of keys(object)) {
      // A key with another form is an alias.
      const name = key.slice(prefix.length);
      if (!key.startsWith(prefix) || !/^[a-z0-9][a-z0-9.-]*$/.test(name) || store.get(key) !== undefined)
        continue;
      const similar = mostSimilar(name, namesIn(store.keysByIndex(NAMESPACE_INDEX, namespace), prefix));
      if (similar !== undefined && `${prefix}${similar}` !== keyOf(object)) found.add(similar);
    }
  }
  return [...found];
}

function* namesIn(keys: Iterable<string>, prefix: string): Iterable<string> {
  let count = 0;
  for (const key of keys) {
    if (++count > MAX_NAMES) return;
    yield key.slice(prefix.length);
  }
}

const isNamespaced = (kind: string): kind is KindName =>
  Object.hasOwn(resources, kind) && resources[kind as KindName].namespaced;
