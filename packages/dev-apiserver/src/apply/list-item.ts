/**
 * Addresses the items of associative lists (`x-kubernetes-list-type` map or set).
 * Source: sigs.k8s.io/structured-merge-diff/typed/helpers.go; the messages are copied from there.
 */
import { get, isObject, type Json, type JsonObject } from '../schema/json.ts';
import type { PathElement } from './path-element.ts';
import type { ListShape } from './shape.ts';

/** A list item has no path element. The message gives the reason in the words of structured-merge-diff. */
export class ListItemError extends Error {
  readonly code = 'LIST_ITEM';
}

/**
 * Returns the step to an item of an associative list. In a list with keys the step holds the key fields, with defaults
 * for absent ones. In a set it holds the item itself.
 *
 * @throws ListItemError when the item cannot be addressed
 */
export function itemElement(list: ListShape, item: Json): PathElement {
  return list.keys.length > 0 ? keyElement(list, item) : valueElement(item);
}

function keyElement(list: ListShape, item: Json): PathElement {
  if (item === null) throw new ListItemError('associative list with keys may not have a null element');
  if (!isObject(item)) throw new ListItemError('associative list with keys may not have non-map elements');
  const key: JsonObject = {};
  for (const name of [...list.keys].sort()) {
    const value = get(item, name) ?? list.keyDefaults.get(name);
    if (value !== undefined) key[name] = value;
  }
  if (Object.keys(key).length === 0) {
    const keys = list.keys.map((name) => JSON.stringify(name)).join(' ');
    throw new ListItemError(
      `associative list with keys has an element that omits all key fields [${keys}] (and doesn't have default values for any key fields)`,
    );
  }
  return `k:${JSON.stringify(key)}`;
}

function valueElement(item: Json): PathElement {
  if (item === null)
    throw new ListItemError("associative list without keys has an element that's an explicit null");
  if (Array.isArray(item)) {
    throw new ListItemError('not supported: associative list with lists as elements');
  }
  if (isObject(item))
    throw new ListItemError("associative list without keys has an element that's a map type");
  return `v:${JSON.stringify(item)}`;
}
