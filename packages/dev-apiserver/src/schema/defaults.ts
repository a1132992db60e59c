/**
 * Defaulting.
 * Source: apiextensions-apiserver/pkg/apiserver/schema/defaulting.
 */
import { clone, isObject, set, type Json } from './json.ts';
import { memberSchema, type SchemaNode } from './structural.ts';

/**
 * Applies defaults in place, to absent members and to nulls where the schema is not nullable. A default
 * inside an absent object does not create that object.
 */
export function applyDefaults(value: Json, schema: SchemaNode | true | undefined): void {
  const node = schema === true ? undefined : schema;
  if (node === undefined) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      if (item === null && replacesNull(node.items)) value[index] = clone(node.items.defaultValue);
      applyDefaults(value[index] ?? null, node.items);
    });
  } else if (isObject(value)) {
    for (const [name, property] of node.properties) {
      if (property.defaultValue !== undefined && !Object.hasOwn(value, name))
        set(value, name, clone(property.defaultValue));
    }
    for (const [key, inner] of Object.entries(value)) {
      const member = memberSchema(node, key);
      if (inner === null && member !== true && replacesNull(member))
        set(value, key, clone(member.defaultValue));
      applyDefaults(value[key] ?? null, member);
    }
  }
}

function replacesNull(node: SchemaNode | undefined): node is SchemaNode & { defaultValue: Json } {
  return node !== undefined && !node.nullable && node.defaultValue !== undefined;
}
