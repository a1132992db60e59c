/**
 * Path elements: one step from a value to one of its members, in the serialised form of FieldsV1.
 * `f:name` is a field, `k:{"name":"a"}` is the list item with these keys, `v:"a"` is the member of a set.
 * Source: sigs.k8s.io/structured-merge-diff/fieldpath.
 */
import type { JsonObject } from '../schema/json.ts';

/** A step in the FieldsV1 notation. Equal steps are equal strings. */
export type PathElement = string;

/** Returns the step to a field of a map or struct. */
export const fieldElement = (name: string): PathElement => `f:${name}`;

/** Returns the name of a field step, or undefined for a step into a list. */
export const fieldName = (element: PathElement): string | undefined =>
  element.startsWith('f:') ? element.slice(2) : undefined;

/** Formats a step as conflict messages show it: `.name`, `[k="a"]`, `[="a"]`. */
export function printElement(element: PathElement): string {
  const content = element.slice(2);
  if (element.startsWith('f:')) return `.${content}`;
  if (element.startsWith('v:')) return `[=${content}]`;
  if (!element.startsWith('k:')) return `[${content}]`;
  const keys = Object.entries(JSON.parse(content) as JsonObject);
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
}
