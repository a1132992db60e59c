/**
 * Checks that a schema is structural, and reports the causes of a real server.
 * Source: apiextensions-apiserver/pkg/apiserver/schema/{validation,complete}.go.
 */
import { on, properties } from './check-keywords.ts';
import { forbidden, invalid, required, type StatusCause } from './field-error.ts';
import { goRegExp } from './go-regexp.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

type Level = 'root' | 'item' | 'field';

/**
 * Returns the violations of a schema. A structural schema has none.
 *
 * @param path the path of the schema in the CRD
 */
export function checkStructural(schema: JsonObject, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  checkNode(schema, 'root', path, causes);
  checkCompleteness(schema, schema, path, path, causes);
  return causes;
}

const nestedLists = (schema: JsonObject): [string, JsonObject][] =>
  ['allOf', 'anyOf', 'oneOf'].flatMap((key) => {
    const list = schema[key];
    return Array.isArray(list)
      ? list.filter(isObject).map((nested, index): [string, JsonObject] => [`${key}[${index}]`, nested])
      : [];
  });

function nestedSchemas(schema: JsonObject): [string, JsonObject][] {
  const { not } = schema;
  return isObject(not) ? [...nestedLists(schema), ['not', not]] : nestedLists(schema);
}

function checkNode(schema: JsonObject, level: Level, path: string, causes: StatusCause[]): void {
  checkType(schema, level, path, causes);
  checkExtensions(schema, path, causes);
  checkPattern(schema, path, causes);
  if (level === 'root') checkMetadata(schema, path, causes);
  for (const [suffix, nested] of nestedSchemas(schema)) {
    if (!isIntOrStringPattern(schema, suffix)) checkNested(nested, `${path}.${suffix}`, causes);
  }
  for (const [name, property] of properties(schema)) {
    if (level === 'root' && name === 'metadata') continue;
    checkNode(property, 'field', `${path}.properties[${name}]`, causes);
  }
  const { additionalProperties, items } = schema;
  if (isObject(additionalProperties))
    checkNode(additionalProperties, 'field', `${path}.additionalProperties`, causes);
  if (isObject(items)) checkNode(items, 'item', `${path}.items`, causes);
}

function checkType(schema: JsonObject, level: Level, path: string, causes: StatusCause[]): void {
  const type = schema['type'] ?? '';
  const where = `${path}.type`;
  if (on(schema, 'x-kubernetes-embedded-resource') && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true';
    causes.push(type === '' ? required(where, detail) : invalid(where, type, detail));
  } else if (
    type === '' &&
    !on(schema, 'x-kubernetes-int-or-string') &&
    !on(schema, 'x-kubernetes-preserve-unknown-fields')
  ) {
    causes.push(required(where, emptyTypeDetails[level]));
  }
  if (level === 'root' && type !== '' && type !== 'object')
    causes.push(invalid(where, type, 'must be object at the root'));
  if (type === 'array' && !isObject(schema['items']))
    causes.push(required(`${path}.items`, 'must be specified'));
}

const emptyTypeDetails: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function checkExtensions(schema: JsonObject, path: string, causes: StatusCause[]): void {
  const embedded = on(schema, 'x-kubernetes-embedded-resource');
  const preserve = on(schema, 'x-kubernetes-preserve-unknown-fields');
  if (on(schema, 'x-kubernetes-int-or-string')) {
    const detail = 'must be false if x-kubernetes-int-or-string is true';
    if (preserve) causes.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, detail));
    if (embedded) causes.push(invalid(`${path}.x-kubernetes-embedded-resource`, true, detail));
  }
  if (embedded && !preserve && properties(schema).length === 0) {
    const detail =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    causes.push(required(`${path}.properties`, detail));
  }
}

function checkPattern(schema: JsonObject, path: string, causes: StatusCause[]): void {
  const { pattern } = schema;
  if (typeof pattern !== 'string') return;
  try {
    goRegExp(pattern);
  } catch (error) {
    const detail = `must be a valid regular expression, but isn't: ${error instanceof Error ? error.message : String(error)}`;
    causes.push(invalid(`${path}.pattern`, pattern, detail));
  }
}

function checkMetadata(schema: JsonObject, path: string, causes: StatusCause[]): void {
  if (schema['additionalProperties'] !== undefined) {
    causes.push(forbidden(`${path}.additionalProperties`, 'must not be used at the root'));
  }
  const metadata = new Map(properties(schema)).get('metadata');
  if (metadata === undefined) return;
  const where = `${path}.properties[metadata]`;
  if (metadata['type'] !== 'object')
    causes.push(invalid(`${where}.type`, metadata['type'] ?? '', 'must be object'));
  const others = Object.keys(metadata).filter((key) => !['type', 'properties', 'description'].includes(key));
  const names = properties(metadata).map(([name]) => name);
  if (others.length > 0 || names.some((name) => name !== 'name' && name !== 'generateName')) {
    const detail =
      'must not specify anything other than name and generateName, but metadata is implicitly specified';
    causes.push(forbidden(where, detail));
  }
}

/**
 * Returns true for `anyOf: [{type: integer}, {type: string}]`, which x-kubernetes-int-or-string allows, also
 * as the first element of allOf.
 */
function isIntOrStringPattern(schema: JsonObject, suffix: string): boolean {
  if (!on(schema, 'x-kubernetes-int-or-string')) return false;
  const list = suffix.startsWith('anyOf')
    ? schema['anyOf']
    : suffix === 'allOf[0]'
      ? anyOfFirst(schema)
      : undefined;
  return JSON.stringify(list) === '[{"type":"integer"},{"type":"string"}]';
}

function anyOfFirst(schema: JsonObject): Json | undefined {
  const first = Array.isArray(schema['allOf']) ? schema['allOf'][0] : undefined;
  return isObject(first) ? first['anyOf'] : undefined;
}

const forbiddenInNested: Readonly<Record<string, string>> = {
  type: 'must be empty to be structural',
  additionalProperties: 'must be undefined to be structural',
  default: 'must be undefined to be structural',
  title: 'must be empty to be structural',
  description: 'must be empty to be structural',
  nullable: 'must be false to be structural',
  'x-kubernetes-preserve-unknown-fields': 'must be false to be structural',
  'x-kubernetes-embedded-resource': 'must be false to be structural',
  'x-kubernetes-int-or-string': 'must be false to be structural',
  'x-kubernetes-list-map-keys': 'must be empty to be structural',
  'x-kubernetes-list-type': 'must be undefined to be structural',
  'x-kubernetes-map-type': 'must be undefined to be structural',
  'x-kubernetes-validations': 'must be empty to be structural',
};

/** Checks that allOf, anyOf, oneOf and not contain only value validations. */
function checkNested(schema: JsonObject, path: string, causes: StatusCause[]): void {
  for (const [key, detail] of Object.entries(forbiddenInNested)) {
    if (schema[key] !== undefined && schema[key] !== false) causes.push(forbidden(`${path}.${key}`, detail));
  }
  checkPattern(schema, path, causes);
  for (const [suffix, nested] of nestedSchemas(schema)) checkNested(nested, `${path}.${suffix}`, causes);
  for (const [name, property] of properties(schema)) {
    if (name === 'metadata') {
      causes.push(forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context'));
    }
    checkNested(property, `${path}.properties[${name}]`, causes);
  }
  if (isObject(schema['items'])) checkNested(schema['items'], `${path}.items`, causes);
}

/** Checks that fields in value validations are also specified outside of them. */
function checkCompleteness(
  schema: JsonObject,
  structure: JsonObject,
  structurePath: string,
  path: string,
  causes: StatusCause[],
): void {
  for (const [suffix, nested] of nestedSchemas(schema)) {
    checkNestedCompleteness(nested, structure, structurePath, `${path}.${suffix}`, causes);
  }
}

function checkNestedCompleteness(
  nested: JsonObject,
  structure: JsonObject,
  structurePath: string,
  path: string,
  causes: StatusCause[],
): void {
  checkCompleteness(nested, structure, structurePath, path, causes);
  const missing = (step: string): void => {
    causes.push(required(`${structurePath}.${step}`, `because it is defined in ${path}.${step}`));
  };
  const specified = new Map(properties(structure));
  for (const [name, property] of properties(nested)) {
    const step = `properties[${name}]`;
    const counterpart = specified.get(name);
    if (counterpart === undefined) missing(step);
    else
      checkNestedCompleteness(property, counterpart, `${structurePath}.${step}`, `${path}.${step}`, causes);
  }
  if (isObject(nested['items'])) {
    const counterpart = structure['items'];
    if (!isObject(counterpart)) missing('items');
    else
      checkNestedCompleteness(
        nested['items'],
        counterpart,
        `${structurePath}.items`,
        `${path}.items`,
        causes,
      );
  }
}
