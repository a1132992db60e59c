/**
 * Pruning: the server does not store fields that the schema does not specify.
 * Source: apiextensions-apiserver/pkg/apiserver/schema/pruning.
 */
import { isObject, type Json, type JsonObject } from './json.ts';
import { memberSchema, type SchemaNode } from './structural.ts';

const typeAndMeta: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * Removes every field that the schema does not specify, in place. Keeps `apiVersion`, `kind` and `metadata`
 * of the object and of embedded resources.
 *
 * @returns the removed paths, sorted, in the notation of `fieldValidation` (`spec.rules[0].colour`)
 */
export function prune(object: JsonObject, root: SchemaNode): string[] {
  const removed: string[] = [];
  pruneValue(object, root, true, [], removed);
  return removed.sort();
}

/** Prunes a value that is not a whole object, so that no field is exempt. */
export function pruneBelow(value: Json, node: SchemaNode): string[] {
  const removed: string[] = [];
  pruneValue(value, node, node.embeddedResource, [], removed);
  return removed.sort();
}

/**
 * When `node` is true (`additionalProperties: true`), every member is allowed. The values of the members have
 * no schema, so that their fields are pruned.
 */
function pruneValue(
  value: Json,
  node: SchemaNode | true | undefined,
  isResource: boolean,
  path: string[],
  removed: string[],
): void {
  const schema = node === true ? undefined : node;
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      path.push(`[${index}]`);
      if (schema?.preserveUnknownFields === true) keepUnknown(item, schema.items, false, path, removed);
      else pruneValue(item, schema?.items, schema?.items?.embeddedResource ?? false, path, removed);
      path.pop();
    });
  } else if (isObject(value)) {
    if (schema?.preserveUnknownFields === true) {
      keepUnknown(value, schema, isResource, path, removed);
      return;
    }
    for (const [key, inner] of Object.entries(value)) {
      if (isResource && typeAndMeta.has(key)) continue;
      const member = memberSchema(schema, key);
      if (member === undefined) {
        if (!typeAndMeta.has(key) || path.length > 0) removed.push(join([...path, `.${key}`]));
        // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- JSON objects are maps here
        delete value[key];
      } else {
        descend(inner, member, key, path, removed);
      }
    }
  }
}

/** Below `x-kubernetes-preserve-unknown-fields`, prunes only the fields that the schema specifies. */
function keepUnknown(
  value: Json,
  node: SchemaNode | undefined,
  isResource: boolean,
  path: string[],
  removed: string[],
): void {
  if (node === undefined) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      path.push(`[${index}]`);
      keepUnknown(item, node.items, false, path, removed);
      path.pop();
    });
  } else if (isObject(value)) {
    for (const [key, inner] of Object.entries(value)) {
      if (isResource && typeAndMeta.has(key)) continue;
      const member = memberSchema(node, key);
      if (member !== undefined) descend(inner, member, key, path, removed);
    }
  }
}

function descend(value: Json, node: SchemaNode | true, key: string, path: string[], removed: string[]): void {
  path.push(`.${key}`);
  pruneValue(value, node, node !== true && node.embeddedResource, path, removed);
  path.pop();
}

const join = (path: readonly string[]): string => path.join('').replace(/^\./, '');

/** Removes nulls in place that the schema neither allows nor replaces by a default. They count as absent. */
export function pruneNulls(value: Json, node: SchemaNode | true | undefined): void {
  const schema = node === true ? undefined : node;
  if (Array.isArray(value)) {
    for (const item of value) pruneNulls(item, schema?.items);
  } else if (isObject(value)) {
    for (const [key, inner] of Object.entries(value)) {
      const member = memberSchema(schema, key);
      if (inner !== null) pruneNulls(inner, member);
      else if (
        member !== undefined &&
        member !== true &&
        !member.nullable &&
        member.defaultValue === undefined
      ) {
        // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- JSON objects are maps here
        delete value[key];
      }
    }
  }
}
