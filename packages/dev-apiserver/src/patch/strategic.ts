import { badRequest } from '../model/errors.ts';
import { clone, equalJson, isObject, setMember } from '../model/objects.ts';
import type { Json, JsonObject } from '../model/objects.ts';

/**
 * The merge strategy of a list in a built-in kind: by a key of its items, or as a set of scalars. A patch
 * replaces all other lists.
 */
type ListStrategy = { readonly key: string } | 'set';

const everyKind: Readonly<Record<string, ListStrategy>> = {
  'metadata.finalizers': 'set',
  'metadata.ownerReferences': { key: 'uid' },
};
const perKind: Readonly<Record<string, Readonly<Record<string, ListStrategy>>>> = {
  Namespace: { 'status.conditions': { key: 'type' } },
};

/**
 * Applies a strategic merge patch to an object of a built-in kind (Kubernetes documentation, "Strategic merge
 * patch"). It is a merge patch in which some lists merge by key, with the directives `$patch`, `$retainKeys`,
 * `$setElementOrder/…` and `$deleteFromPrimitiveList/…`. `$setElementOrder` determines the order of the items
 * that it names. Takes ownership of `target`.
 *
 * @throws ApiError 400 for an unknown directive
 */
export function strategicMergePatch(target: JsonObject, patch: JsonObject, kind: string): Json {
  return mergeObject(target, patch, '', { ...everyKind, ...perKind[kind] });
}

type Strategies = Readonly<Record<string, ListStrategy>>;

function mergeObject(
  target: JsonObject,
  patch: JsonObject,
  path: string,
  strategies: Strategies,
): JsonObject {
  const directive = patch['$patch'];
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge')
    throw badRequest(`Unexpected directive "${JSON.stringify(directive)}" in patch`);
  const result = target;
  const retained = patch['$retainKeys'];
  if (Array.isArray(retained)) {
    for (const key of Object.keys(result)) if (!retained.includes(key)) Reflect.deleteProperty(result, key);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$') || value === undefined) continue;
    const at = path === '' ? key : `${path}.${key}`;
    const current = Object.hasOwn(result, key) ? result[key] : undefined;
    if (value === null) Reflect.deleteProperty(result, key);
    else if (isObject(value))
      setMember(result, key, mergeObject(isObject(current) ? current : {}, value, at, strategies));
    else if (Array.isArray(value))
      setMember(result, key, mergeList(Array.isArray(current) ? current : [], value, strategies[at]));
    else setMember(result, key, value);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (!Array.isArray(value)) continue;
    const [directiveName, field = ''] = key.split(/\/(.*)/s);
    const list = Object.hasOwn(result, field) ? result[field] : undefined;
    if (!Array.isArray(list)) continue;
    if (directiveName === '$deleteFromPrimitiveList') {
      result[field] = list.filter((item) => !value.some((gone) => equalJson(gone, item)));
    } else if (directiveName === '$setElementOrder') {
      result[field] = ordered(list, value, strategies[path === '' ? field : `${path}.${field}`]);
    }
  }
  return result;
}

function mergeList(
  current: readonly Json[],
  patch: readonly Json[],
  strategy: ListStrategy | undefined,
): Json[] {
  if (strategy === undefined) return clone([...patch]);
  if (strategy === 'set')
    return [...current, ...patch.filter((item) => !current.some((old) => equalJson(old, item)))];
  const items = patch.filter(isObject);
  const replaces = items.some((item) => item['$patch'] === 'replace');
  const result = replaces ? [] : current.filter(isObject);
  for (const item of items) {
    if (item['$patch'] === 'replace') continue;
    const index = result.findIndex((old) => equalJson(old[strategy.key], item[strategy.key]));
    const old = result[index];
    if (item['$patch'] === 'delete') {
      if (old !== undefined) result.splice(index, 1);
    } else if (old === undefined) result.push(withoutDirectives(item));
    else result[index] = mergeObject(old, item, '', {});
  }
  return result;
}

/** Sorts the items that `order` names into that order. The other items follow at the end. */
function ordered(list: readonly Json[], order: readonly Json[], strategy: ListStrategy | undefined): Json[] {
  const rank = (item: Json): number => {
    const key = typeof strategy === 'object' ? strategy.key : undefined;
    const index = order.findIndex((wanted) =>
      key === undefined
        ? equalJson(wanted, item)
        : isObject(wanted) && isObject(item) && equalJson(wanted[key], item[key]),
    );
    return index === -1 ? order.length : index;
  };
  return list
    .map((item) => ({ item, rank: rank(item) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

function withoutDirectives(object: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(object))
    if (!key.startsWith('$')) setMember(result, key, clone(value));
  return result;
}
