/**
 * Path elements: one step from a value into one of its members, in the serialised form of FieldsV1.
 * `f:name` a field, `k:{"name":"a"}` the item of a list with these keys, `v:"a"` the member of a set.
 * Source: sigs.k8s.io/structured-merge-diff/fieldpath.
 */
import { get, isObject, type Json, type JsonObject } from '../schema/json.ts';
import type { ListShape } from './shape.ts';

/** A step as FieldsV1 writes it; equal steps are equal strings. */
export type PathElement = string;

/** The step into a field of a map or struct. */
export const fieldElement = (name: string): PathElement => `f:${name}`;

/** The name of a field step, or undefined for a step into a list. */
export const fieldName = (element: PathElement): string | undefined =>
  element.startsWith('f:') ? element.slice(2) : undefined;

/** An item cannot be addressed in its list; the message says why. */
export class ListItemError extends Error {
  readonly code = 'LIST_ITEM';
}

/**
 * The step into an item of an associative list: its keys (absent ones by their default), or itself in a set.
 * @throws ListItemError for an item that has none
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

/** A step as conflicts print it: `.name`, `[k="a"]`, `[="a"]`. */
export function printElement(element: PathElement): string {
  const content = element.slice(2);
  if (element.startsWith('f:')) return `.${content}`;
  if (element.startsWith('v:')) return `[=${content}]`;
  if (!element.startsWith('k:')) return `[${content}]`;
  const keys = Object.entries(JSON.parse(content) as JsonObject);
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
}
