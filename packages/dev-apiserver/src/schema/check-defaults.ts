/**
 * Checks that defaults satisfy their schema, because the server does not validate applied defaults
 * individually.
 * Source: apiextensions-apiserver/pkg/apiserver/schema/defaulting/validation.go.
 */
import { below, invalid, type StatusCause } from './field-error.ts';
import { applyDefaults } from './defaults.ts';
import { clone } from './json.ts';
import { FieldPath } from './path.ts';
import { pruneBelow } from './prune.ts';
import type { SchemaNode } from './structural.ts';
import { validateValue } from './validate.ts';

/** Adds the problems of the defaults of a schema and of the schemas below it to `causes`. */
export function checkDefaults(node: SchemaNode, path: string, causes: StatusCause[]): void {
  if (node.defaultValue !== undefined) checkDefault(node, `${path}.default`, causes);
  for (const [name, property] of node.properties)
    checkDefaults(property, `${path}.properties[${name}]`, causes);
  if (typeof node.additionalProperties === 'object') {
    checkDefaults(node.additionalProperties, `${path}.additionalProperties`, causes);
  }
  if (node.items !== undefined) checkDefaults(node.items, `${path}.items`, causes);
}

function checkDefault(node: SchemaNode, where: string, causes: StatusCause[]): void {
  const value = clone(node.defaultValue ?? null);
  if (pruneBelow(value, node).length > 0) {
    causes.push(invalid(where, node.defaultValue, 'must not have unknown fields'));
    return;
  }
  applyDefaults(value, node);
  const found: StatusCause[] = [];
  validateValue(value, node, undefined, new FieldPath(), found);
  causes.push(...below(where, found));
}
