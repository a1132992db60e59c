/**
 * Checks the uniqueness of items in lists of type set and map.
 * Source: apiextensions-apiserver/pkg/apiserver/schema/listtype.
 */
import { duplicate, invalid, toJson, type StatusCause } from './field-error.ts';
import { get, isObject, type Json, type JsonObject } from './json.ts';
import type { FieldPath } from './path.ts';
import { memberSchema, type SchemaNode } from './structural.ts';

/** Adds a cause for every repeated value in a set and every repeated key in a map list. */
export function validateListTypes(
  value: Json,
  node: SchemaNode,
  path: FieldPath,
  causes: StatusCause[],
): void {
  if (Array.isArray(value)) {
    if (node.listType === 'set') reportRepeats(value, value, path, causes);
    else if (node.listType === 'map') checkKeys(value, node, path, causes);
    if (node.items === undefined) return;
    for (const [index, item] of value.entries()) {
      if (typeof item !== 'object' || item === null) continue;
      validateListTypes(item, node.items, path.key(index), causes);
      path.up();
    }
  } else if (isObject(value)) {
    for (const [key, inner] of Object.entries(value)) {
      if (typeof inner !== 'object' || inner === null) continue;
      const member = memberSchema(node, key);
      if (member === undefined || member === true) continue;
      if (node.properties.has(key)) path.child(key);
      else path.key(key);
      validateListTypes(inner, member, path, causes);
      path.up();
    }
  }
}

function checkKeys(items: Json[], node: SchemaNode, path: FieldPath, causes: StatusCause[]): void {
  const stranger = items.findIndex((item) => item !== null && !isObject(item));
  if (stranger >= 0) {
    causes.push(
      invalid(
        path.key(stranger).toString(),
        items[stranger],
        'must be an object for an array of list-type map',
      ),
    );
    path.up();
    return;
  }
  reportRepeats(
    items.map((item) => keyOf(node, item)),
    items,
    path,
    causes,
  );
}

function keyOf(node: SchemaNode, item: Json): JsonObject {
  const key: JsonObject = {};
  if (isObject(item)) {
    for (const name of node.listMapKeys) {
      const part = get(item, name);
      if (part !== undefined) key[name] = part;
    }
  }
  return key;
}

/** Reports each repeated value once, at its second position. */
function reportRepeats(
  keys: readonly Json[],
  items: readonly Json[],
  path: FieldPath,
  causes: StatusCause[],
): void {
  if (items.length <= 1) return;
  const seen = new Map<string, number>();
  for (const [index, key] of keys.entries()) {
    const text = toJson(key);
    const times = seen.get(text) ?? 0;
    seen.set(text, times + 1);
    if (times !== 1) continue;
    causes.push(duplicate(path.key(index).toString(), key));
    path.up();
  }
}
