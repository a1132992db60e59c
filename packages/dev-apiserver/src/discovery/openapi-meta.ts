import type { JsonObject } from '../model/objects.ts';

/** The package name of the meta/v1 types. Every OpenAPI document contains their schemas. */
const prefix = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Returns the name of a meta/v1 schema. */
export function metaName(type: string): string {
  return `${prefix}.${type}`;
}

/** Returns a reference to a schema of the same document. */
export function reference(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** Returns the schema of a property that has the type of another schema. */
export function described(description: string, type: string): JsonObject {
  return { description, allOf: [reference(metaName(type))], default: {} };
}

const text = (description: string): JsonObject => ({ type: 'string', description });
const time = (description: string): JsonObject => ({ type: 'string', format: 'date-time', description });
const stringMap = (description: string): JsonObject => ({
  type: 'object',
  description,
  additionalProperties: { type: 'string', default: '' },
});

/** The properties apiVersion and kind, which every kind has. */
export const typeMeta: JsonObject = {
  apiVersion: text(
    'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources',
  ),
  kind: text(
    'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds',
  ),
};

/** The meta/v1 schemas of the documents, by full name. */
export const metaSchemas: JsonObject = {
  [metaName('ObjectMeta')]: {
    type: 'object',
    description:
      'ObjectMeta is metadata that all persisted resources must have, which includes all objects users must create.',
    properties: {
      name: text('Name must be unique within a namespace.'),
      generateName: text('The prefix of the name that the server generates when the object has no name.'),
      namespace: text('The namespace, within which the name must be unique.'),
      selfLink: text('Deprecated: no longer populated by the system.'),
      uid: text('Unique in time and space. Set by the server.'),
      resourceVersion: text(
        'The internal version of the object, for optimistic concurrency and watches. An opaque value.',
      ),
      generation: {
        type: 'integer',
        format: 'int64',
        description: 'The number of changes of the desired state. Set by the server.',
      },
      creationTimestamp: time('The time of creation. Set by the server.'),
      deletionTimestamp: time(
        'The time of the deletion request. The object stays until it has no finalizers.',
      ),
      deletionGracePeriodSeconds: {
        type: 'integer',
        format: 'int64',
        description: 'The number of seconds that the object may take to terminate.',
      },
      labels: stringMap('Keys and values to organise and select objects.'),
      annotations: stringMap('Keys and values that tools store with the object. Selectors cannot use them.'),
      ownerReferences: {
        type: 'array',
        description: 'The owners of the object. The object is deleted when all owners are deleted.',
        items: reference(metaName('OwnerReference')),
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['uid'],
        'x-kubernetes-patch-merge-key': 'uid',
        'x-kubernetes-patch-strategy': 'merge',
      },
      finalizers: {
        type: 'array',
        description:
          'Tasks that must be done before the object is removed. The component that does a task removes its entry.',
        items: { type: 'string', default: '' },
        'x-kubernetes-list-type': 'set',
        'x-kubernetes-patch-strategy': 'merge',
      },
      managedFields: {
        type: 'array',
        description: 'The fields that each field manager set.',
        items: reference(metaName('ManagedFieldsEntry')),
        'x-kubernetes-list-type': 'atomic',
      },
    },
  },
  [metaName('OwnerReference')]: {
    type: 'object',
    description: 'A reference to an owner, which is in the same namespace or cluster-scoped.',
    required: ['apiVersion', 'kind', 'name', 'uid'],
    properties: {
      apiVersion: text('API version of the owner.'),
      kind: text('Kind of the owner.'),
      name: text('Name of the owner.'),
      uid: text('UID of the owner.'),
      controller: { type: 'boolean', description: 'True when the owner is the managing controller.' },
      blockOwnerDeletion: {
        type: 'boolean',
        description: "True when the owner's foreground deletion waits for this object.",
      },
    },
    'x-kubernetes-map-type': 'atomic',
  },
  [metaName('ManagedFieldsEntry')]: {
    type: 'object',
    description: 'The fields that one manager set.',
    properties: {
      manager: text('The name of the manager.'),
      operation: text('Apply or Update.'),
      apiVersion: text('The API version of the fields.'),
      time: time('The time when the manager last changed its fields.'),
      fieldsType: text('FieldsV1.'),
      fieldsV1: { type: 'object', description: 'The fields, as a trie.' },
      subresource: text('The subresource of the write.'),
    },
  },
  [metaName('ListMeta')]: {
    type: 'object',
    description: 'Metadata of lists.',
    properties: {
      selfLink: text('Deprecated: no longer populated by the system.'),
      resourceVersion: text('The version of the list. A watch can start from it.'),
      continue: text('The token for the next page. Empty on the last page.'),
      remainingItemCount: { type: 'integer', format: 'int64', description: 'The number of remaining items.' },
    },
  },
  [metaName('DeleteOptions')]: {
    type: 'object',
    description: 'Options of a delete.',
    properties: {
      ...typeMeta,
      dryRun: { type: 'array', items: { type: 'string' }, description: 'All: the server persists nothing.' },
      gracePeriodSeconds: {
        type: 'integer',
        format: 'int64',
        description: 'The number of seconds that the object may take to terminate.',
      },
      orphanDependents: { type: 'boolean', description: 'Deprecated: use propagationPolicy.' },
      preconditions: {
        type: 'object',
        description: 'The conditions of the delete.',
        properties: {
          uid: text('The uid of the target.'),
          resourceVersion: text('The version of the target.'),
        },
      },
      propagationPolicy: text('Background, Foreground or Orphan.'),
    },
  },
  [metaName('Patch')]: { type: 'object', description: 'The patch, in the format of its content type.' },
  [metaName('Status')]: {
    type: 'object',
    description: 'The result of a request.',
    properties: {
      ...typeMeta,
      metadata: described('List metadata.', 'ListMeta'),
      status: text('Success or Failure.'),
      message: text('A human-readable description.'),
      reason: text('A machine-readable reason.'),
      code: { type: 'integer', format: 'int32', description: 'The HTTP status.' },
      details: {
        type: 'object',
        description: 'Details of the reason.',
        'x-kubernetes-preserve-unknown-fields': true,
      },
    },
  },
};
