/**
 * Shapes: what server-side apply must know of a type, namely which maps and lists are merged and which
 * are one value. Source: sigs.k8s.io/structured-merge-diff/schema, and kube-openapi's conversion of
 * structural schemas.
 */
import type { Json } from '../schema/json.ts';
import type { SchemaNode } from '../schema/structural.ts';
import { fieldName, type PathElement } from './path-element.ts';

/** The forms that values of a type may have; a type without a schema may have all three. */
export interface Shape {
  readonly scalar?: 'string' | 'numeric' | 'boolean' | 'untyped';
  readonly map?: MapShape;
  readonly list?: ListShape;
}

export interface MapShape {
  /** Struct fields by name. */
  readonly fields: ReadonlyMap<string, Shape>;
  /** The shape of members that are no struct fields; undefined: there may be none. */
  readonly element: Shape | undefined;
  /** One value: owned and replaced as a whole. */
  readonly atomic: boolean;
}

export interface ListShape {
  readonly element: Shape;
  readonly atomic: boolean;
  /** The fields that identify an item; empty for a set of scalars. */
  readonly keys: readonly string[];
  readonly keyDefaults: ReadonlyMap<string, Json>;
}

const NO_FIELDS: ReadonlyMap<string, Shape> = new Map();
const scalar = (kind: NonNullable<Shape['scalar']>): Shape => ({ scalar: kind });
const STRING = scalar('string');

const struct = (fields: Readonly<Record<string, Shape>>, atomic = false): Shape => ({
  map: { fields: new Map(Object.entries(fields)), element: undefined, atomic },
});
const mapOf = (element: Shape): Shape => ({ map: { fields: NO_FIELDS, element, atomic: false } });
const setOf = (element: Shape): Shape => ({
  list: { element, atomic: false, keys: [], keyDefaults: new Map() },
});
const listOf = (element: Shape): Shape => ({
  list: { element, atomic: true, keys: [], keyDefaults: new Map() },
});
const listByKey = (key: string, element: Shape): Shape => ({
  list: { element, atomic: false, keys: [key], keyDefaults: new Map() },
});

/** Values without a schema: maps are merged, lists are one value. */
export const DEDUCED: Shape = deduced();

function deduced(): Shape {
  const shape: { scalar: 'untyped'; map?: MapShape; list?: ListShape } = { scalar: 'untyped' };
  const whole: Shape = { scalar: 'untyped', map: { fields: NO_FIELDS, element: shape, atomic: true } };
  shape.map = { fields: NO_FIELDS, element: shape, atomic: false };
  shape.list = { element: whole, atomic: true, keys: [], keyDefaults: new Map() };
  return shape;
}

/** metadata, as the OpenAPI of meta/v1 ObjectMeta has it. */
const OBJECT_META: Shape = struct({
  annotations: mapOf(STRING),
  creationTimestamp: scalar('untyped'),
  deletionGracePeriodSeconds: scalar('numeric'),
  deletionTimestamp: scalar('untyped'),
  finalizers: setOf(STRING),
  generateName: STRING,
  generation: scalar('numeric'),
  labels: mapOf(STRING),
  managedFields: listOf(DEDUCED),
  name: STRING,
  namespace: STRING,
  ownerReferences: listByKey(
    'uid',
    struct(
      {
        apiVersion: STRING,
        blockOwnerDeletion: scalar('boolean'),
        controller: scalar('boolean'),
        kind: STRING,
        name: STRING,
        uid: STRING,
      },
      true,
    ),
  ),
  resourceVersion: STRING,
  selfLink: STRING,
  uid: STRING,
});

/** The shape of a whole object of a schema; without one, of a built-in kind that is not described here. */
export function objectShape(schema: SchemaNode | undefined): Shape {
  const known = schema === undefined ? undefined : shapes.get(schema);
  if (known !== undefined) return known;
  const made = makeObjectShape(schema);
  if (schema !== undefined) shapes.set(schema, made);
  return made;
}

/** Shapes by their schema: every write asks for one, and schemas are compiled once. */
const shapes = new WeakMap<SchemaNode, Shape>();

function makeObjectShape(schema: SchemaNode | undefined): Shape {
  const shape = schema === undefined ? DEDUCED : nodeShape(schema);
  const fields = new Map(shape.map?.fields ?? NO_FIELDS);
  fields.set('apiVersion', STRING).set('kind', STRING).set('metadata', OBJECT_META);
  return { map: { fields, element: shape.map?.element, atomic: false } };
}

function nodeShape(node: SchemaNode): Shape {
  if (node.embeddedResource) return objectShape({ ...node, embeddedResource: false });
  switch (node.intOrString ? '' : node.type) {
    case 'object':
      return objectNodeShape(node);
    case 'array':
      return listShape(node);
    case 'string':
      // Formatted strings may have any form in Go; the schema validates them.
      return STRING;
    case 'integer':
    case 'number':
      return scalar('numeric');
    case 'boolean':
      return scalar('boolean');
    default:
      return node.intOrString ? scalar('untyped') : DEDUCED;
  }
}

function objectNodeShape(node: SchemaNode): Shape {
  const fields = new Map([...node.properties].map(([name, property]) => [name, nodeShape(property)]));
  const { additionalProperties } = node;
  let element: Shape | undefined;
  if (typeof additionalProperties === 'object') element = nodeShape(additionalProperties);
  else if (additionalProperties === true || node.preserveUnknownFields) element = DEDUCED;
  return { map: { fields, element, atomic: node.mapType === 'atomic' } };
}

function listShape(node: SchemaNode): Shape {
  const keyDefaults = new Map<string, Json>();
  for (const key of node.listMapKeys) {
    const value = node.items?.properties.get(key)?.defaultValue;
    if (value !== undefined) keyDefaults.set(key, value);
  }
  const atomic = node.listType !== 'map' && node.listType !== 'set';
  const element = node.items === undefined ? DEDUCED : nodeShape(node.items);
  return { list: { element, atomic, keys: node.listMapKeys, keyDefaults } };
}

/** The shape of a member; undefined when the map may not have it. */
export const memberShape = (map: MapShape, name: string): Shape | undefined =>
  map.fields.get(name) ?? map.element;

/** The shape that a step leads to; the unknown one where nothing is said. */
export function elementShape(shape: Shape, element: PathElement): Shape {
  const name = fieldName(element);
  if (name === undefined) return shape.list?.element ?? DEDUCED;
  return (shape.map && memberShape(shape.map, name)) ?? DEDUCED;
}

/** The form of a shape that a value has. */
export type Atom =
  | { readonly kind: 'map'; readonly map: MapShape }
  | { readonly kind: 'scalar' }
  | { readonly kind: 'list'; readonly list: ListShape };

/** Which form of the shape applies to a value; for none, or one of a wrong type, the shape's first. */
export function atomOf({ scalar: isScalar, map, list }: Shape, value: Json | undefined): Atom {
  if (isScalar !== undefined && ['string', 'number', 'boolean'].includes(typeof value))
    return { kind: 'scalar' };
  if (list !== undefined && Array.isArray(value)) return { kind: 'list', list };
  if (map !== undefined) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { kind: 'map', map };
    if (value === undefined || value === null || list === undefined || isScalar === undefined) {
      return { kind: 'map', map };
    }
  }
  return isScalar === undefined && list !== undefined ? { kind: 'list', list } : { kind: 'scalar' };
}
