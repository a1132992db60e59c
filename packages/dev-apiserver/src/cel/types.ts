/**
 * The CEL types of a structural schema, and the conversion of values.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model, and "Validation rules" in the
 * Kubernetes documentation (type mapping, escaping of names).
 */
import { toJson } from '../schema/field-error.ts';
import { get, isObject, type Json } from '../schema/json.ts';
import type { SchemaNode } from '../schema/structural.ts';
import { CelScope } from './library.ts';
import { toDyn } from './values.ts';

/** The CEL type of a schema node. */
export interface CelType {
  /** The name of the type in the library: `string`, `list<int>`, `Object3`. */
  readonly name: string;
  /**
   * Converts a JSON value to a CEL value. The value fits the schema, because rules run only on valid objects.
   *
   * @param interned shared by the values that are compared with each other (`self` and `oldSelf`)
   */
  convert(value: Json, interned: Interned): unknown;
}

/**
 * Interns the items of sets and map lists by their JSON. Equal items are the same object, so that Sets of
 * items can be compared.
 */
export type Interned = Map<string, unknown>;

const reservedWords: ReadonlySet<string> = new Set(
  (
    'true false null in as break const continue else for function if import let loop package namespace return var ' +
    'void while'
  ).split(' '),
);

/**
 * Returns the escaped name of a property in expressions. Returns undefined when expressions cannot access the
 * property.
 */
export function escapeName(name: string): string | undefined {
  if (!/^[A-Za-z_.\-/][A-Za-z0-9_.\-/]*$/.test(name)) return undefined;
  if (reservedWords.has(name)) return `__${name}__`;
  return name.replace(/__|[.\-/]/g, (part) => `__${escapes[part] ?? ''}__`);
}
const escapes: Readonly<Record<string, string>> = {
  __: 'underscores',
  '.': 'dot',
  '-': 'dash',
  '/': 'slash',
};

const dynType: CelType = { name: 'dyn', convert: toDyn };
const stringType: CelType = { name: 'string', convert: (value) => value };

/**
 * Returns the type of a node. Declares the types of objects in the scope.
 *
 * @param isResource the node is a whole object, which has `metadata.name` and `metadata.generateName` in
 * addition to its properties
 */
export function celType(node: SchemaNode, scope: CelScope, isResource = node.embeddedResource): CelType {
  switch (node.intOrString ? '' : node.type) {
    case 'boolean':
      return { name: 'bool', convert: (value) => value };
    case 'integer':
      return { name: 'int', convert: (value) => (typeof value === 'number' ? BigInt(value) : value) };
    case 'number':
      return { name: 'double', convert: (value) => value };
    case 'string':
      return formattedStringType(node);
    case 'array':
      return listType(node, scope);
    case 'object':
      return isResource || node.properties.size > 0
        ? objectType(node, scope, isResource)
        : mapType(node, scope);
    default:
      return dynType;
  }
}

function listType(node: SchemaNode, scope: CelScope): CelType {
  const items = node.items === undefined ? dynType : celType(node.items, scope);
  // Sets and map lists are equal in any order. The library compares JavaScript Sets in that way.
  const isUnordered = node.listType === 'set' || node.listType === 'map';
  const convert = (value: Json, interned: Interned): unknown => {
    if (!Array.isArray(value)) return value;
    if (!isUnordered) return value.map((item) => items.convert(item, interned));
    return new Set(value.map((item) => intern(item, items, interned)));
  };
  return { name: `list<${items.name}>`, convert };
}

function intern(item: Json, type: CelType, interned: Interned): unknown {
  if (typeof item !== 'object') return type.convert(item, interned);
  const key = `${type.name} ${toJson(item)}`;
  let value = interned.get(key);
  if (value === undefined) {
    value = type.convert(item, interned);
    interned.set(key, value);
  }
  return value;
}

function formattedStringType(node: SchemaNode): CelType {
  switch (node.format) {
    case 'byte':
      return {
        name: 'bytes',
        convert: (value) =>
          typeof value === 'string' ? new Uint8Array(Buffer.from(value, 'base64')) : value,
      };
    case 'date':
    case 'date-time':
      return {
        name: 'google.protobuf.Timestamp',
        convert: (value) => (typeof value === 'string' ? new Date(value) : value),
      };
    default:
      return stringType;
  }
}

function mapType(node: SchemaNode, scope: CelScope): CelType {
  const values =
    typeof node.additionalProperties === 'object' ? celType(node.additionalProperties, scope) : dynType;
  const convert = (value: Json, interned: Interned): unknown =>
    isObject(value)
      ? new Map(Object.entries(value).map(([key, inner]) => [key, values.convert(inner, interned)]))
      : value;
  return { name: `map<string, ${values.name}>`, convert };
}

function objectType(node: SchemaNode, scope: CelScope, isResource: boolean): CelType {
  const properties = new Map<string, CelType>();
  for (const [name, property] of node.properties) properties.set(name, celType(property, scope));
  if (isResource) {
    properties.set('apiVersion', stringType).set('kind', stringType).set('metadata', metadataType(scope));
  }
  return declared(properties, scope);
}

function metadataType(scope: CelScope): CelType {
  return declared(
    new Map([
      ['name', stringType],
      ['generateName', stringType],
    ]),
    scope,
  );
}

function declared(properties: ReadonlyMap<string, CelType>, scope: CelScope): CelType {
  const fields = [...properties].flatMap(([name, type]) => {
    const escaped = escapeName(name);
    return escaped === undefined ? [] : [{ name, escaped, type }];
  });
  const { name, Value } = scope.declareObject(
    new Map(fields.map(({ escaped, type }) => [escaped, type.name])),
  );
  const convert = (value: Json, interned: Interned): unknown => {
    if (!isObject(value)) return value;
    const converted = new Value();
    for (const field of fields) {
      const inner = get(value, field.name);
      if (inner !== undefined) converted.set(field.escaped, field.type.convert(inner, interned));
    }
    return converted;
  };
  return { name, convert };
}
