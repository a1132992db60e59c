/**
 * Structural schemas: the `openAPIV3Schema` of a CustomResourceDefinition as a tree of nodes, for pruning,
 * defaulting and validation.
 *
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema (Structural), and the Kubernetes documentation,
 * "Specifying a structural schema".
 */
import { goRegExp } from './go-regexp.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

/** A CEL rule as written in the schema. */
export interface RuleSpec {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

/** A schema node. Nodes nested in `allOf`, `anyOf`, `oneOf` and `not` have only validations. */
export interface SchemaNode {
  /** '' when the schema has no type (int-or-string, preserve-unknown-fields, nested validations). */
  readonly type: string;
  readonly nullable: boolean;
  /** Undefined when the schema has no default. */
  readonly defaultValue: Json | undefined;
  readonly properties: ReadonlyMap<string, SchemaNode>;
  /**
   * The schema of the values of a map. True when every value is allowed, undefined when the node is not a
   * map.
   */
  readonly additionalProperties: SchemaNode | true | undefined;
  readonly items: SchemaNode | undefined;

  readonly preserveUnknownFields: boolean;
  readonly embeddedResource: boolean;
  readonly intOrString: boolean;
  readonly listType: 'atomic' | 'set' | 'map' | undefined;
  readonly listMapKeys: readonly string[];
  readonly mapType: 'granular' | 'atomic' | undefined;

  readonly required: readonly string[];
  readonly enumValues: readonly Json[] | undefined;
  readonly format: string;
  readonly pattern: { readonly source: string; readonly regexp: RegExp } | undefined;
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly exclusiveMinimum: boolean;
  readonly exclusiveMaximum: boolean;
  readonly multipleOf: number | undefined;
  readonly minItems: number | undefined;
  readonly maxItems: number | undefined;
  readonly minProperties: number | undefined;
  readonly maxProperties: number | undefined;
  readonly allOf: readonly SchemaNode[];
  readonly anyOf: readonly SchemaNode[];
  readonly oneOf: readonly SchemaNode[];
  readonly not: SchemaNode | undefined;

  readonly rules: readonly RuleSpec[];
}

/**
 * Reads a schema that `checkStructural` has accepted.
 *
 * @throws SyntaxError when a pattern is not valid in RE2
 */
export function readSchema(schema: JsonObject): SchemaNode {
  const additional = schema['additionalProperties'];
  const pattern = text(schema['pattern']);
  const nested = (key: string): SchemaNode[] =>
    Array.isArray(schema[key]) ? schema[key].filter(isObject).map(readSchema) : [];
  return {
    type: text(schema['type']),
    nullable: schema['nullable'] === true,
    defaultValue: schema['default'] ?? undefined,
    properties: new Map(
      Object.entries(isObject(schema['properties']) ? schema['properties'] : {}).map(([name, property]) => [
        name,
        readSchema(isObject(property) ? property : {}),
      ]),
    ),
    additionalProperties: isObject(additional)
      ? readSchema(additional)
      : additional === true
        ? true
        : undefined,
    items: isObject(schema['items']) ? readSchema(schema['items']) : undefined,
    preserveUnknownFields: schema['x-kubernetes-preserve-unknown-fields'] === true,
    embeddedResource: schema['x-kubernetes-embedded-resource'] === true,
    intOrString: schema['x-kubernetes-int-or-string'] === true,
    listType: (text(schema['x-kubernetes-list-type']) || undefined) as SchemaNode['listType'],
    listMapKeys: strings(schema['x-kubernetes-list-map-keys']),
    mapType: (text(schema['x-kubernetes-map-type']) || undefined) as SchemaNode['mapType'],
    required: strings(schema['required']),
    enumValues: Array.isArray(schema['enum']) ? schema['enum'] : undefined,
    format: text(schema['format']),
    pattern: pattern === '' ? undefined : { source: pattern, regexp: goRegExp(pattern) },
    minLength: number(schema['minLength']),
    maxLength: number(schema['maxLength']),
    minimum: number(schema['minimum']),
    maximum: number(schema['maximum']),
    exclusiveMinimum: schema['exclusiveMinimum'] === true,
    exclusiveMaximum: schema['exclusiveMaximum'] === true,
    multipleOf: number(schema['multipleOf']),
    minItems: number(schema['minItems']),
    maxItems: number(schema['maxItems']),
    minProperties: number(schema['minProperties']),
    maxProperties: number(schema['maxProperties']),
    allOf: nested('allOf'),
    anyOf: nested('anyOf'),
    oneOf: nested('oneOf'),
    not: isObject(schema['not']) ? readSchema(schema['not']) : undefined,
    rules: Array.isArray(schema['x-kubernetes-validations'])
      ? (schema['x-kubernetes-validations'] as unknown as RuleSpec[])
      : [],
  };
}

/**
 * Returns the schema of a member: its property, or the schema of map values. Returns true when every value is
 * allowed.
 */
export function memberSchema(node: SchemaNode | undefined, key: string): SchemaNode | true | undefined {
  return node?.properties.get(key) ?? node?.additionalProperties;
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const number = (value: Json | undefined): number | undefined =>
  typeof value === 'number' ? value : undefined;
const strings = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
