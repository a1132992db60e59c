/**
 * Shapes: the properties of a type that server-side apply needs, namely which maps and lists are merged and
 * which are replaced as a whole.
 * Source: sigs.k8s.io/structured-merge-diff/schema, and the conversion of structural schemas in kube-openapi.
 */
import type { Json } from '../schema/json.ts';
import type { SchemaNode } from '../schema/structural.ts';
import { fieldName, type PathElement } from './path-element.ts';

/** The forms that values of a type may have. A type without a schema may have all three. */
export interface Shape {
  readonly scalar?: 'string' | 'numeric' | 'boolean' | 'untyped';
  readonly map?: MapShape;
  readonly list?: ListShape;
}

export interface MapShape {
  /** The struct fields by name. */
  readonly fields: ReadonlyMap<string, Shape>;
  /** The shape of members that are not struct fields. Undefined when the map must not have other members. */
  readonly element: Shape | undefined;
  /** The map is owned and replaced as a whole. */
  readonly atomic: boolean;
}

export interface ListShape {
  readonly element: Shape;
  readonly atomic: boolean;
  /** The fields that identify an item. Empty for a set of scalars. */
  readonly keys: readonly string[];
  readonly keyDefaults: ReadonlyMap<string, Json>;
}

const noFields: ReadonlyMap<string, Shape> = new Map();
const scalar = (kind: NonNullable<Shape['scalar']>): Shape => ({ scalar: kind });
const stringShape = scalar('string');

const struct = (fields: Readonly<Record<string, Shape>>, atomic = false): Shape => ({
  map: { fields: new Map(Object.entries(fields)), element: undefined, atomic },
});
const mapOf = (element: Shape): Shape => ({ map: { fields: noFields, element, atomic: false } });
const setOf = (element: Shape): Shape => ({
  list: { element, atomic: false, keys: [], keyDefaults: new Map() },
});
const listOf = (element: Shape): Shape => ({
  list: { element, atomic: true, keys: [], keyDefaults: new Map() },
});
const listByKey = (key: string, element: Shape): Shape => ({
  list: { element, atomic: false, keys: [key], keyDefaults: new Map() },
});

/** The shape of values without a schema: maps are merged, lists are replaced. */
export const deducedShape: Shape = deduced();

function deduced(): Shape {
  const shape: { scalar: 'untyped'; map?: MapShape; list?: ListShape } = { scalar: 'untyped' };
  const whole: Shape = { scalar: 'untyped', map: { fields: noFields, element: shape, atomic: true } };
  shape.map = { fields: noFields, element: shape, atomic: false };
  shape.list = { element: whole, atomic: true, keys: [], keyDefaults: new Map() };
  return shape;
}

/** The shape of metadata, from the OpenAPI schema of meta/v1 ObjectMeta. */
const objectMetaShape: Shape = struct({
  annotations: mapOf(stringShape),
  creationTimestamp: scalar('untyped'),
  deletionGracePeriodSeconds: scalar('numeric'),
  deletionTimestamp: scalar('untyped'),
  finalizers: setOf(stringShape),
  generateName: stringShape,
  generation: scalar('numeric'),
  labels: mapOf(stringShape),
  managedFields: listOf(deducedShape),
  name: stringShape,
  namespace: stringShape,
  ownerReferences: listByKey(
    'uid',
    struct(
      {
        apiVersion: stringShape,
        blockOwnerDeletion: scalar('boolean'),
        controller: scalar('boolean'),
        kind: stringShape,
        name: stringShape,
        uid: stringShape,
      },
      true,
    ),
  ),
  resourceVersion: stringShape,
  selfLink: stringShape,
  uid: stringShape,
});

/**
 * Returns the shape of an object with a schema. Without a schema, all members except metadata have the
 * deduced shape.
 */
export function objectShape(schema: SchemaNode | undefined): Shape {
  const known = schema === undefined ? undefined : shapes.get(schema);
  if (known !== undefined) return known;
  const made = makeObjectShape(schema);
  if (schema !== undefined) shapes.set(schema, made);
  return made;
}

/** Caches shapes by their schema, because every write needs one and schemas are compiled once. */
const shapes = new WeakMap<SchemaNode, Shape>();

function makeObjectShape(schema: SchemaNode | undefined): Shape {
  const shape = schema === undefined ? deducedShape : nodeShape(schema);
  const fields = new Map(shape.map?.fields ?? noFields);
  fields.set('apiVersion', stringShape).set('kind', stringShape).set('metadata', objectMetaShape);
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
      // Go types of formatted strings accept any string. The schema validates the format.
      return stringShape;
    case 'integer':
    case 'number':
      return scalar('numeric');
    case 'boolean':
      return scalar('boolean');
    default:
      return node.intOrString ? scalar('untyped') : deducedShape;
  }
}

function objectNodeShape(node: SchemaNode): Shape {
  const fields = new Map([...node.properties].map(([name, property]) => [name, nodeShape(property)]));
  const { additionalProperties } = node;
  let element: Shape | undefined;
  if (typeof additionalProperties === 'object') element = nodeShape(additionalProperties);
  else if (additionalProperties === true || node.preserveUnknownFields) element = deducedShape;
  return { map: { fields, element, atomic: node.mapType === 'atomic' } };
}

function listShape(node: SchemaNode): Shape {
  const keyDefaults = new Map<string, Json>();
  for (const key of node.listMapKeys) {
    const value = node.items?.properties.get(key)?.defaultValue;
    if (value !== undefined) keyDefaults.set(key, value);
  }
  const atomic = node.listType !== 'map' && node.listType !== 'set';
  const element = node.items === undefined ? deducedShape : nodeShape(node.items);
  return { list: { element, atomic, keys: node.listMapKeys, keyDefaults } };
}

/** Returns the shape of a member, or undefined when the map must not have it. */
export const memberShape = (map: MapShape, name: string): Shape | undefined =>
  map.fields.get(name) ?? map.element;

/** Returns the shape that a step leads to. Returns the deduced shape when the schema does not define it. */
export function elementShape(shape: Shape, element: PathElement): Shape {
  const name = fieldName(element);
  if (name === undefined) return shape.list?.element ?? deducedShape;
  return (shape.map && memberShape(shape.map, name)) ?? deducedShape;
}

/** The form of a value within its shape. */
export type Atom =
  | { readonly kind: 'map'; readonly map: MapShape }
  | { readonly kind: 'scalar' }
  | { readonly kind: 'list'; readonly list: ListShape };

/**
 * Returns the form of a shape that applies to a value. For an absent value or a value of a wrong type,
 * returns the first form of the shape.
 */
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
