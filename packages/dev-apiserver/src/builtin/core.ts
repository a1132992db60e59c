import { forbidden, invalidValue, forbiddenValue } from '../model/errors.ts';
import type { StatusCause } from '../model/errors.ts';
import { labelProblems } from '../model/metadata.ts';
import { equalJson, isObject, part, text } from '../model/objects.ts';
import type { ApiObject, JsonObject } from '../model/objects.ts';
import type { Resource, ResourceRules } from '../storage/resource.ts';
import { compileSchema } from '../schema/index.ts';
import type { ServerState } from '../storage/state.ts';
import { ageColumn, column, nameColumn } from '../wire/table.ts';
import { configMapSchema, leaseSchema, namespaceSchema, secretSchema } from './schemas.ts';

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Creates the resource of a built-in kind. */
export function builtInResource(
  state: ServerState,
  definition: Pick<
    Resource,
    'group' | 'version' | 'kind' | 'plural' | 'namespaced' | 'openAPISchema' | 'columns'
  > &
    Partial<Resource> & { key?: string },
): Resource {
  const {
    key = definition.group === '' ? definition.plural : `${definition.plural}.${definition.group}`,
    ...rest
  } = definition;
  return {
    listKind: `${definition.kind}List`,
    singular: definition.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    subresources: [],
    verbs: allVerbs,
    collection: state.collection(key),
    schema: compileSchema(definition.openAPISchema),
    fieldLabels: new Map(),
    builtIn: true,
    rules: { createOnUpdate: false, unconditionalUpdate: true, generation: false },
    ...rest,
  };
}

/** Returns the built-in kinds that need no controller of their own. */
export function coreResources(state: ServerState): Resource[] {
  const common = { group: '', version: 'v1' };
  return [
    builtInResource(state, {
      ...common,
      kind: 'Namespace',
      plural: 'namespaces',
      namespaced: false,
      shortNames: ['ns'],
      subresources: ['status', 'finalize'],
      verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),
      openAPISchema: namespaceSchema,
      columns: [nameColumn, column('Status', (object) => part(object, 'status')['phase'] ?? ''), ageColumn],
      fieldLabels: new Map([['status.phase', (object: ApiObject) => text(part(object, 'status')['phase'])]]),
      rules: namespaceRules,
    }),
    builtInResource(state, {
      ...common,
      kind: 'ConfigMap',
      plural: 'configmaps',
      namespaced: true,
      shortNames: ['cm'],
      openAPISchema: configMapSchema,
      columns: [
        nameColumn,
        column('Data', (object) => count(object['data']) + count(object['binaryData'])),
        ageColumn,
      ],
      rules: { createOnUpdate: false, unconditionalUpdate: true, generation: false, validate: validateData },
    }),
    builtInResource(state, {
      ...common,
      kind: 'Secret',
      plural: 'secrets',
      namespaced: true,
      openAPISchema: secretSchema,
      columns: [
        nameColumn,
        column('Type', (object) => text(object['type'])),
        column('Data', (object) => count(object['data'])),
        ageColumn,
      ],
      fieldLabels: new Map([['type', (object: ApiObject) => text(object['type'])]]),
      rules: {
        createOnUpdate: false,
        unconditionalUpdate: true,
        generation: false,
        prepareCreate: prepareSecret,
        prepareUpdate: (object, previous) => {
          if (text(object['type']) === '') object['type'] = previous['type'];
          prepareSecret(object);
        },
        validate: (object, previous) => [
          ...(previous !== undefined && object['type'] !== previous['type']
            ? [invalidValue('type', object['type'], 'field is immutable')]
            : []),
          ...validateData(object, previous),
        ],
      },
    }),
    builtInResource(state, {
      group: 'coordination.k8s.io',
      version: 'v1',
      kind: 'Lease',
      plural: 'leases',
      namespaced: true,
      openAPISchema: leaseSchema,
      columns: [
        nameColumn,
        column('Holder', (object) => text(part(object, 'spec')['holderIdentity'])),
        ageColumn,
      ],
      rules: {
        createOnUpdate: true,
        unconditionalUpdate: false,
        generation: false,
        validate: validateLease,
        undecodable: (object) => microTimeProblem(part(object, 'spec'), ['acquireTime', 'renewTime']),
      },
    }),
  ];
}

const undeletable = new Set(['default', 'kube-system', 'kube-public']);

/**
 * The rules of namespaces. A terminating namespace stays until it is empty. controllers/namespaces.ts then
 * removes its finalizer.
 */
const namespaceRules: ResourceRules = {
  createOnUpdate: false,
  unconditionalUpdate: true,
  generation: false,
  validateName: labelProblems,
  prepareCreate: (object) => {
    object['spec'] = { finalizers: ['kubernetes'] };
    object['status'] = { phase: 'Active' };
    labelWithName(object);
  },
  prepareUpdate: (object, previous, subresource) => {
    if (subresource !== 'finalize') object['spec'] = previous['spec'];
    if (subresource === 'finalize') object['status'] = previous['status'];
    labelWithName(object);
  },
  prepareDelete: (object) => {
    object['status'] = { ...part(object, 'status'), phase: 'Terminating' };
  },
  isHeld: (object) => {
    const finalizers = part(object, 'spec')['finalizers'];
    return Array.isArray(finalizers) && finalizers.length > 0;
  },
  admitDelete: (name) => {
    if (undeletable.has(name))
      throw forbidden({ group: '', kind: 'namespaces', name }, 'this namespace may not be deleted');
  },
};

function labelWithName(object: ApiObject): void {
  const { metadata } = object;
  metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name ?? '' };
}

function prepareSecret(object: ApiObject): void {
  if (text(object['type']) === '') object['type'] = 'Opaque';
  const plain = object['stringData'];
  if (!isObject(plain)) return;
  const data: JsonObject = { ...part(object, 'data') };
  for (const [key, value] of Object.entries(plain)) data[key] = Buffer.from(text(value)).toString('base64');
  object['data'] = data;
  delete object['stringData'];
}

const dataKey = /^[-._a-zA-Z0-9]+$/;
const dataKeyRule =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const MAX_DATA_BYTES = 1024 * 1024;

/** Validates the keys, size and immutability of ConfigMaps and Secrets. */
function validateData(object: ApiObject, previous: ApiObject | undefined): StatusCause[] {
  const causes: StatusCause[] = [];
  let size = 0;
  for (const field of ['data', 'binaryData']) {
    for (const [key, value] of Object.entries(part(object, field))) {
      if (!dataKey.test(key)) causes.push(invalidValue(`${field}[${key}]`, key, dataKeyRule));
      size += Buffer.byteLength(text(value));
    }
    if (previous?.['immutable'] === true && !equalJson(part(object, field), part(previous, field))) {
      causes.push(forbiddenValue(field, 'field is immutable when `immutable` is set'));
    }
  }
  if (previous?.['immutable'] === true && object['immutable'] !== true) {
    causes.push(forbiddenValue('immutable', 'field is immutable when `immutable` is set'));
  }
  if (size > MAX_DATA_BYTES)
    causes.push({
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${MAX_DATA_BYTES} bytes`,
      field: 'data',
    });
  return causes;
}

function validateLease(object: ApiObject): StatusCause[] {
  const spec = part(object, 'spec');
  const causes: StatusCause[] = [];
  if (typeof spec['leaseDurationSeconds'] === 'number' && spec['leaseDurationSeconds'] <= 0) {
    causes.push(
      invalidValue('spec.leaseDurationSeconds', spec['leaseDurationSeconds'], 'must be greater than 0'),
    );
  }
  if (typeof spec['leaseTransitions'] === 'number' && spec['leaseTransitions'] < 0) {
    causes.push(
      invalidValue('spec.leaseTransitions', spec['leaseTransitions'], 'must be greater than or equal to 0'),
    );
  }
  return causes;
}

const microTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

/**
 * Returns the problem of a metav1.MicroTime among some members. A MicroTime has exactly six digits after the
 * second.
 */
export function microTimeProblem(
  object: JsonObject | ApiObject,
  fields: readonly string[],
): string | undefined {
  for (const field of fields) {
    const value = object[field];
    if (typeof value === 'string' && !microTime.test(value)) {
      return `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse ${JSON.stringify(value)}`;
    }
  }
  return undefined;
}

function count(value: unknown): number {
  return isObject(value) ? Object.keys(value).length : 0;
}
