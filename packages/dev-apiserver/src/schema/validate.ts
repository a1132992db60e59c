/**
 * Validates values against a schema, with the causes of a real server.
 *
 * Source: k8s.io/kube-openapi/pkg/validation/validate. For ratcheting, which ignores errors in values that an
 * update does not change: apiextensions-apiserver/pkg/apiserver/validation/ratcheting.go.
 */
import {
  cause,
  invalid,
  notSupported,
  OMITTED,
  quote,
  required,
  toJson,
  type StatusCause,
} from './field-error.ts';
import { integerRange, stringFormat } from './formats.ts';
import { deepEqual, get, isObject, type Json } from './json.ts';
import type { FieldPath } from './path.ts';
import type { SchemaNode } from './structural.ts';

/**
 * Checks a value against a node and everything below it.
 *
 * @param old the value before an update. Undefined when there was none
 * @param path the path of the value. Unchanged on return
 * @param causes receives the problems
 */
export function validateValue(
  value: Json,
  node: SchemaNode,
  old: Json | undefined,
  path: FieldPath,
  causes: StatusCause[],
): void {
  const before = causes.length;
  checkValue(value, node, old, path, causes);
  if (causes.length > before && old !== undefined && deepEqual(value, old)) causes.length = before;
}

function checkValue(
  value: Json,
  node: SchemaNode,
  old: Json | undefined,
  path: FieldPath,
  causes: StatusCause[],
): void {
  if (!checkType(value, node, path, causes) && value === null) return;
  checkCombinations(value, node, old, path, causes);
  if (value !== null) {
    if (typeof value === 'string') checkString(value, node, path, causes);
    else if (typeof value === 'number') checkNumber(value, node, path, causes);
    else if (Array.isArray(value)) checkList(value, node, old, path, causes);
  }
  if (node.enumValues !== undefined && !node.enumValues.some((allowed) => deepEqual(allowed, value))) {
    causes.push(notSupported(path.toString(), value, node.enumValues));
  }
  if (isObject(value)) checkObject(value, node, old, path, causes);
}

/** Returns the name of the type of a value in messages. */
function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function checkType(value: Json, node: SchemaNode, path: FieldPath, causes: StatusCause[]): boolean {
  const expected = node.intOrString ? 'integer,string' : node.type;
  if (expected === '' || (value === null && node.nullable)) return true;
  const actual = typeOf(value);
  if (expected.split(',').includes(actual) || (actual === 'integer' && expected === 'number')) return true;
  const where = path.toString();
  causes.push(
    cause(
      'FieldValueTypeInvalid',
      where,
      actual,
      `${where} in body must be of type ${expected}: ${quote(actual)}`,
    ),
  );
  return false;
}

function checkString(value: string, node: SchemaNode, path: FieldPath, causes: StatusCause[]): void {
  // Go counts code points, so that a surrogate pair counts as one character.
  const length = node.maxLength === undefined && node.minLength === undefined ? 0 : Array.from(value).length;
  if (node.maxLength !== undefined && length > node.maxLength) {
    causes.push(
      cause('FieldValueTooLong', path.toString(), OMITTED, `may not be more than ${node.maxLength} bytes`),
    );
  } else if (node.minLength !== undefined && length < node.minLength) {
    causes.push(
      invalid(
        path.toString(),
        value,
        `${path.toString()} in body should be at least ${node.minLength} chars long`,
      ),
    );
  } else if (node.pattern?.regexp.test(value) === false) {
    causes.push(
      invalid(path.toString(), value, `${path.toString()} in body should match '${node.pattern.source}'`),
    );
  }
  if (
    node.format !== '' &&
    node.type !== 'integer' &&
    node.type !== 'number' &&
    stringFormat(node.format)?.(value) === false
  ) {
    const detail = `${path.toString()} in body must be of type ${node.format}: ${quote(value)}`;
    causes.push(cause('FieldValueTypeInvalid', path.toString(), value, detail));
  }
}

function checkNumber(value: number, node: SchemaNode, path: FieldPath, causes: StatusCause[]): void {
  const bad = (detail: string): void => {
    causes.push(invalid(path.toString(), value, `${path.toString()} in body ${detail}`));
  };
  if (node.type === 'integer') checkInteger(value, node, path, causes);
  if (node.multipleOf !== undefined && !Number.isInteger(value / node.multipleOf)) {
    bad(`should be a multiple of ${node.multipleOf}`);
  }
  if (node.minimum !== undefined) {
    if (node.exclusiveMinimum && value <= node.minimum) bad(`should be greater than ${node.minimum}`);
    else if (value < node.minimum) bad(`should be greater than or equal to ${node.minimum}`);
  }
  if (node.maximum !== undefined) {
    if (node.exclusiveMaximum && value >= node.maximum) bad(`should be less than ${node.maximum}`);
    else if (value > node.maximum) bad(`should be less than or equal to ${node.maximum}`);
  }
}

function checkInteger(value: number, node: SchemaNode, path: FieldPath, causes: StatusCause[]): void {
  const range = integerRange(node.format);
  if (Number.isInteger(value) && (range === undefined || (value >= range[0] && value <= range[1]))) return;
  const format = range === undefined ? '(default format)' : `with format ${node.format}`;
  causes.push(invalid('', '', `Checked value must be of type integer ${format} in ${path.toString()}`));
}

function checkList(
  value: Json[],
  node: SchemaNode,
  old: Json | undefined,
  path: FieldPath,
  causes: StatusCause[],
): void {
  if (node.items !== undefined) {
    const { items } = node;
    const correlate = correlatedItems(node, old);
    value.forEach((item, index) => {
      validateValue(item, items, correlate(item), path.key(index), causes);
      path.up();
    });
  }
  if (node.minItems !== undefined && value.length < node.minItems) {
    causes.push(
      invalid(
        path.toString(),
        value.length,
        `${path.toString()} in body should have at least ${node.minItems} items`,
      ),
    );
  }
  if (node.maxItems !== undefined && value.length > node.maxItems)
    tooMany(value.length, node.maxItems, path, causes);
}

function checkObject(
  value: Record<string, Json>,
  node: SchemaNode,
  old: Json | undefined,
  path: FieldPath,
  causes: StatusCause[],
): void {
  const count =
    node.minProperties === undefined && node.maxProperties === undefined ? 0 : Object.keys(value).length;
  if (node.minProperties !== undefined && count < node.minProperties) {
    causes.push(
      invalid(
        path.toString(),
        count,
        `${path.toString()} in body should have at least ${node.minProperties} properties`,
      ),
    );
  }
  if (node.maxProperties !== undefined && count > node.maxProperties)
    tooMany(count, node.maxProperties, path, causes);
  const oldObject = isObject(old) ? old : undefined;
  const check = (name: string, inner: Json, schema: SchemaNode): void => {
    validateValue(inner, schema, oldObject && get(oldObject, name), path.child(name), causes);
    path.up();
  };
  for (const [name, property] of node.properties) {
    const inner = get(value, name);
    if (inner !== undefined) check(name, inner, property);
  }
  if (typeof node.additionalProperties === 'object') {
    for (const [name, inner] of Object.entries(value)) {
      if (!node.properties.has(name)) check(name, inner, node.additionalProperties);
    }
  }
  for (const name of node.required) {
    if (Object.hasOwn(value, name)) continue;
    causes.push(required(path.child(name).toString()));
    path.up();
  }
}

function tooMany(count: number, max: number, path: FieldPath, causes: StatusCause[]): void {
  causes.push(
    cause(
      'FieldValueTooMany',
      path.toString(),
      count,
      `must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
    ),
  );
}

function checkCombinations(
  value: Json,
  node: SchemaNode,
  old: Json | undefined,
  path: FieldPath,
  causes: StatusCause[],
): void {
  if (value === null) return;
  const failures = (schema: SchemaNode): StatusCause[] => {
    const found: StatusCause[] = [];
    checkValue(value, schema, old, path, found);
    return found;
  };
  const whole = (detail: string): void => {
    causes.push(invalid('', '', `${quote(path.toString())} must ${detail}`));
  };
  if (node.anyOf.length > 0) {
    const results = node.anyOf.map(failures);
    if (results.every((result) => result.length > 0)) {
      whole('validate at least one schema (anyOf)');
      causes.push(...fewest(results));
    }
  }
  if (node.oneOf.length > 0) {
    const results = node.oneOf.map(failures);
    const valid = results.filter((result) => result.length === 0).length;
    if (valid !== 1) {
      whole(
        `validate one and only one schema (oneOf). Found ${valid === 0 ? 'none valid' : `${valid} valid alternatives`}`,
      );
      if (valid === 0) causes.push(...fewest(results));
    }
  }
  if (node.allOf.length > 0) {
    const results = node.allOf.map(failures);
    causes.push(...results.flat());
    const valid = results.filter((result) => result.length === 0).length;
    if (valid < results.length)
      whole(`validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`);
  }
  if (node.not !== undefined && failures(node.not).length === 0) whole('not validate the schema (not)');
}

/**
 * Returns the causes of the alternative with the fewest. A real server reports them together with the
 * summary.
 */
function fewest(results: readonly StatusCause[][]): StatusCause[] {
  return results.reduce((best, result) => (result.length < best.length ? result : best));
}

/**
 * Matches items with old items (ratcheting). Only map lists support it, by their keys. Atomic lists and sets
 * count as one value.
 */
export function correlatedItems(node: SchemaNode, old: Json | undefined): (item: Json) => Json | undefined {
  if (node.listType !== 'map' || !Array.isArray(old)) return () => undefined;
  const byKey = new Map(old.map((item) => [listKey(node, item), item]));
  return (item) => byKey.get(listKey(node, item));
}

/** Returns the identity of an item in a map list as text. Equal keys have equal text. */
export function listKey(node: SchemaNode, item: Json): string {
  return toJson(node.listMapKeys.map((key) => (isObject(item) ? (get(item, key) ?? null) : null)));
}
