/**
 * Checks the keywords of a CRD schema and reports the causes of a real server.
 * Source: apiextensions-apiserver/pkg/apis/apiextensions/validation. Unlike a real server, does not limit the
 * estimated cost of CEL rules.
 */
import { cause, forbidden, invalid, notSupported, required, type StatusCause } from './field-error.ts';
import { isUncheckedFormat } from './formats.ts';
import { get, isObject, type Json, type JsonObject } from './json.ts';

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const ruleReasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const unsupportedKeywords = [
  'additionalItems',
  'definitions',
  'dependencies',
  'id',
  'patternProperties',
  '$ref',
];

/** Returns true when a keyword has the value true. */
export const on = (schema: JsonObject, key: string): boolean => schema[key] === true;

/** Returns the properties of a schema that are schemas themselves. */
export const properties = (schema: JsonObject): [string, JsonObject][] =>
  Object.entries(isObject(schema['properties']) ? schema['properties'] : {}).filter(
    (entry): entry is [string, JsonObject] => isObject(entry[1]),
  );

/**
 * Checks the keywords of a schema and of the schemas below it.
 *
 * @param path the path of the schema in the CRD
 * @returns `unreadable` when the schema uses keywords that Kubernetes cannot read. No further checks are
 * possible then
 */
export function checkKeywords(
  schema: JsonObject,
  path: string,
  causes: StatusCause[],
): { unreadable: boolean } {
  checkNode(schema, path, causes);
  checkLists(schema, path, causes);
  checkRules(schema, path, causes);
  let unreadable =
    unsupportedKeywords.some((key) => schema[key] !== undefined) || Array.isArray(schema['items']);
  const below = (child: JsonObject, step: string): void => {
    if (checkKeywords(child, `${path}.${step}`, causes).unreadable) unreadable = true;
  };
  for (const [name, property] of properties(schema)) below(property, `properties[${name}]`);
  const { additionalProperties, items } = schema;
  if (isObject(additionalProperties)) below(additionalProperties, 'additionalProperties');
  if (isObject(items)) below(items, 'items');
  return { unreadable };
}

function checkNode(schema: JsonObject, path: string, causes: StatusCause[]): void {
  const type = schema['type'] ?? '';
  if (type !== '' && !types.includes(type as string)) causes.push(notSupported(`${path}.type`, type, types));
  if (type === 'null') {
    causes.push(forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'));
  }
  for (const key of unsupportedKeywords) {
    if (schema[key] !== undefined) causes.push(forbidden(`${path}.${key}`, `${key} is not supported`));
  }
  if (on(schema, 'uniqueItems')) {
    const detail = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    causes.push(forbidden(`${path}.uniqueItems`, detail));
  }
  if (Array.isArray(schema['items'])) {
    causes.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'));
  }
  const additional = schema['additionalProperties'];
  if (additional !== undefined && additional !== true && properties(schema).length > 0) {
    causes.push(
      forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    );
  }
  if (typeof schema['format'] === 'string' && isUncheckedFormat(schema['format'])) {
    causes.push(
      cause(
        'FieldValueNotSupported',
        `${path}.format`,
        schema['format'],
        'the development API server cannot check this format',
      ),
    );
  }
}

function checkLists(schema: JsonObject, path: string, causes: StatusCause[]): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'];
  const where = `${path}.x-kubernetes-list-map-keys`;
  if (listType !== undefined && schema['type'] !== 'array') {
    causes.push(
      schema['type'] === undefined
        ? required(`${path}.type`, 'must be array if x-kubernetes-list-type is specified')
        : invalid(`${path}.type`, schema['type'], 'must be array if x-kubernetes-list-type is specified'),
    );
  }
  if (listType !== undefined && !['atomic', 'map', 'set'].includes(listType as string)) {
    causes.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']));
  }
  const items = isObject(schema['items']) ? schema['items'] : {};
  if (Array.isArray(keys) && keys.length > 0) {
    if (listType !== 'map') {
      const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
      causes.push(
        listType === undefined
          ? required(`${path}.x-kubernetes-list-type`, detail)
          : invalid(`${path}.x-kubernetes-list-type`, listType, detail),
      );
    }
    for (const key of keys) checkMapKey(key as string, keys, items, path, causes);
  } else if (listType === 'map') {
    causes.push(required(where, 'must not be empty if x-kubernetes-list-type is map'));
  }
  if (listType === 'set' && items['type'] === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    causes.push(
      invalid(`${path}.items.x-kubernetes-map-type`, items['x-kubernetes-map-type'] ?? null, detail),
    );
  }
  if ((listType === 'map' || listType === 'set') && on(items, 'nullable')) {
    causes.push(
      forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`),
    );
  }
}

function checkMapKey(
  key: string,
  keys: Json[],
  items: JsonObject,
  path: string,
  causes: StatusCause[],
): void {
  const property = new Map(properties(items)).get(key);
  if (property === undefined) {
    causes.push(
      invalid(`${path}.x-kubernetes-list-map-keys`, keys, 'entries must all be names of item properties'),
    );
    return;
  }
  const where = `${path}.items.properties[${key}]`;
  if (property['type'] === 'array' || property['type'] === 'object') {
    const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
    causes.push(invalid(`${where}.type`, items['type'], detail));
  }
  const isRequired = Array.isArray(items['required']) && items['required'].includes(key);
  if (!isRequired && property['default'] === undefined) {
    const detail =
      'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
    causes.push(required(`${where}.default`, detail));
  }
  if (on(property, 'nullable')) {
    const detail = 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable';
    causes.push(forbidden(`${where}.nullable`, detail));
  }
}

function checkRules(schema: JsonObject, path: string, causes: StatusCause[]): void {
  const rules = schema['x-kubernetes-validations'];
  if (!Array.isArray(rules)) return;
  rules.filter(isObject).forEach((rule, index) => {
    const where = `${path}.x-kubernetes-validations[${index}]`;
    const text = (key: string): string => (typeof rule[key] === 'string' ? rule[key] : '');
    if (text('rule').trim() === '') {
      causes.push(required(`${where}.rule`, 'rule is not specified'));
    } else if (text('message') !== '' && text('message').trim() === '') {
      causes.push(invalid(`${where}.message`, text('message'), 'must be non-empty if specified'));
    } else if (text('message').trim().includes('\n')) {
      causes.push(invalid(`${where}.message`, text('message'), 'must not contain line breaks'));
    } else if (text('rule').trim().includes('\n') && text('message') === '') {
      causes.push(required(`${where}.message`, 'message must be specified if rule contains line breaks'));
    }
    if (rule['reason'] !== undefined && !ruleReasons.includes(text('reason'))) {
      causes.push(notSupported(`${where}.reason`, rule['reason'], ruleReasons));
    }
    if (text('fieldPath') !== '' && !isFieldPath(schema, text('fieldPath'))) {
      causes.push(invalid(`${where}.fieldPath`, text('fieldPath'), 'must be a valid path'));
    }
  });
}

/** Returns true for a path `.a.b` or `.a['b']` of members that the schema has. */
function isFieldPath(schema: JsonObject, fieldPath: string): boolean {
  let here: Json | undefined = schema;
  let rest = fieldPath;
  while (rest !== '') {
    const step = /^(?:\.([^.[\]']+)|\['((?:[^'\\]|\\.)+)'\])/.exec(rest);
    if (step === null || !isObject(here)) return false;
    const name = step[1] ?? (step[2] ?? '').replace(/\\(.)/g, '$1');
    const members: Json | undefined = here['properties'];
    here = isObject(members) ? get(members, name) : here['additionalProperties'];
    rest = rest.slice(step[0].length);
  }
  return isObject(here);
}
