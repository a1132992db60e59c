/**
 * The CEL types of a structural schema, and the conversion of its values.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model, and "Validation rules" in the
 * Kubernetes documentation (type mapping, escaping of names).
 */
import { toJson } from '../schema/field-error.ts';
import { get, isObject, type Json } from '../schema/json.ts';
import type { SchemaNode } from '../schema/structural.ts';
import { CelScope } from './library.ts';
import { toDyn } from './values.ts';

/** How a schema node looks to an expression. */
export interface CelType {
  /** As the library spells it: `string`, `list<int>`, `Object3`. */
  readonly name: string;
  /**
   * A JSON value as CEL value. The value fits the schema, as rules only run on such.
   * @param interned shared by the values that are compared with each other (`self` and `oldSelf`)
   */
  convert(value: Json, interned: Interned): unknown;
}

/** Items of sets and map lists by their JSON: equal ones are the same object, so that Sets of them can be compared. */
export type Interned = Map<string, unknown>;

const RESERVED: ReadonlySet<string> = new Set(
  (
    'true false null in as break const continue else for function if import let loop package namespace return var ' +
    'void while'
  ).split(' '),
);

/** The name by which an expression reaches a property; undefined: none, the property is out of its reach. */
export function escapeName(name: string): string | undefined {
  if (!/^[A-Za-z_.\-/][A-Za-z0-9_.\-/]*$/.test(name)) return undefined;
  if (RESERVED.has(name)) return `__${name}__`;
  return name.replace(/__|[.\-/]/g, (part) => `__${ESCAPED[part] ?? ''}__`);
}
const ESCAPED: Readonly<Record<string, string>> = {
  __: 'underscores',
  '.': 'dot',
  '-': 'dash',
  '/': 'slash',
};

const DYN: CelType = { name: 'dyn', convert: toDyn };
const STRING: CelType = { name: 'string', convert: (value) => value };

/**
 * The type of a node; types of objects are declared in the scope.
 * @param isResource the node is a whole object, with `metadata.name` and `metadata.generateName` beside its properties
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
      return stringType(node);
    case 'array':
      return listType(node, scope);
    case 'object':
      return isResource || node.properties.size > 0
        ? objectType(node, scope, isResource)
        : mapType(node, scope);
    default:
      return DYN;
  }
}

function listType(node: SchemaNode, scope: CelScope): CelType {
  const items = node.items === undefined ? DYN : celType(node.items, scope);
  // Sets and map lists are equal in any order, as JavaScript's Sets are to the library.
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

function stringType(node: SchemaNode): CelType {
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
      return STRING;
  }
}

function mapType(node: SchemaNode, scope: CelScope): CelType {
  const values =
    typeof node.additionalProperties === 'object' ? celType(node.additionalProperties, scope) : DYN;
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
    properties.set('apiVersion', STRING).set('kind', STRING).set('metadata', metadataType(scope));
  }
  return declared(properties, scope);
}

function metadataType(scope: CelScope): CelType {
  return declared(
    new Map([
      ['name', STRING],
      ['generateName', STRING],
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
