/** Pruning: what the schema does not name is not stored. Source: apiextensions-apiserver/pkg/apiserver/schema/pruning. */
import { isObject, type Json, type JsonObject } from './json.ts';
import { memberSchema, type SchemaNode } from './structural.ts';

const TYPE_AND_META: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * Removes every field that the schema does not specify, in place; `apiVersion`, `kind` and `metadata` of
 * the object and of embedded resources are left alone.
 * @returns the paths of what was removed, sorted, as `fieldValidation` reports them (`spec.rules[0].colour`)
 */
export function prune(object: JsonObject, root: SchemaNode): string[] {
  const removed: string[] = [];
  pruneValue(object, root, true, [], removed);
  return removed.sort();
}

/** As `prune`, for a value that is no whole object: nothing is exempt. */
export function pruneBelow(value: Json, node: SchemaNode): string[] {
  const removed: string[] = [];
  pruneValue(value, node, node.embeddedResource, [], removed);
  return removed.sort();
}

/** `node` true: anything goes below, and nothing below is specified, so it is pruned as an unknown (`additionalProperties: true`). */
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
      if (isResource && TYPE_AND_META.has(key)) continue;
      const member = memberSchema(schema, key);
      if (member === undefined) {
        if (!TYPE_AND_META.has(key) || path.length > 0) removed.push(join([...path, `.${key}`]));
        // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- JSON objects are maps here
        delete value[key];
      } else {
        descend(inner, member, key, path, removed);
      }
    }
  }
}

/** Below `x-kubernetes-preserve-unknown-fields` only what the schema does name is pruned further. */
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
      if (isResource && TYPE_AND_META.has(key)) continue;
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

/** Removes nulls that the schema neither allows nor replaces by a default, in place: they count as not given. */
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
