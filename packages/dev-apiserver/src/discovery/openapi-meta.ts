import type { JsonObject } from '../model/objects.ts';

/** The schemas of apimachinery's types, which every document refers to. */
const prefix = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** The name of a schema of meta/v1. */
export function metaName(type: string): string {
  return `${prefix}.${type}`;
}

/** A reference to a schema of the same document. */
export function reference(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** A property that is of another schema's type, with a description of its own. */
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

/** apiVersion and kind, as every kind has them. */
export const typeMeta: JsonObject = {
  apiVersion: text(
    'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources',
  ),
  kind: text(
    'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds',
  ),
};

/** Every schema of meta/v1 that the documents use, by full name. */
export const metaSchemas: JsonObject = {
  [metaName('ObjectMeta')]: {
    type: 'object',
    description:
      'ObjectMeta is metadata that all persisted resources must have, which includes all objects users must create.',
    properties: {
      name: text('Name must be unique within a namespace.'),
      generateName: text('A prefix by which the server makes a unique name when none is given.'),
      namespace: text('The space within which the name must be unique.'),
      selfLink: text('Deprecated: no longer populated by the system.'),
      uid: text('Unique in time and space; set by the server.'),
      resourceVersion: text(
        'The internal version of the object, for optimistic concurrency and watches; opaque.',
      ),
      generation: {
        type: 'integer',
        format: 'int64',
        description: 'A number that the server counts up with each change of the desired state.',
      },
      creationTimestamp: time('When the object was created; set by the server.'),
      deletionTimestamp: time(
        'When the object was asked to be deleted; it stays until its finalizers are gone.',
      ),
      deletionGracePeriodSeconds: {
        type: 'integer',
        format: 'int64',
        description: 'How long the object may take to terminate.',
      },
      labels: stringMap('Keys and values by which objects are organised and selected.'),
      annotations: stringMap('Keys and values that tools keep with the object; not for selecting.'),
      ownerReferences: {
        type: 'array',
        description: 'The objects that this one depends on: it is deleted when they all are.',
        items: reference(metaName('OwnerReference')),
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['uid'],
        'x-kubernetes-patch-merge-key': 'uid',
        'x-kubernetes-patch-strategy': 'merge',
      },
      finalizers: {
        type: 'array',
        description:
          'What must be done before the object may be removed; each entry is taken off by who did it.',
        items: { type: 'string', default: '' },
        'x-kubernetes-list-type': 'set',
        'x-kubernetes-patch-strategy': 'merge',
      },
      managedFields: {
        type: 'array',
        description: 'Which field manager set which fields.',
        items: reference(metaName('ManagedFieldsEntry')),
        'x-kubernetes-list-type': 'atomic',
      },
    },
  },
  [metaName('OwnerReference')]: {
    type: 'object',
    description: 'A reference to an owner, in the same namespace or cluster-scoped.',
    required: ['apiVersion', 'kind', 'name', 'uid'],
    properties: {
      apiVersion: text('API version of the owner.'),
      kind: text('Kind of the owner.'),
      name: text('Name of the owner.'),
      uid: text('UID of the owner.'),
      controller: { type: 'boolean', description: 'Whether the owner is the managing controller.' },
      blockOwnerDeletion: {
        type: 'boolean',
        description: "Whether the owner's foreground deletion waits for this object.",
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
      apiVersion: text('The API version that the fields are in.'),
      time: time('When the manager last changed its fields.'),
      fieldsType: text('FieldsV1.'),
      fieldsV1: { type: 'object', description: 'The fields, as a trie.' },
      subresource: text('The subresource that was written to.'),
    },
  },
  [metaName('ListMeta')]: {
    type: 'object',
    description: 'Metadata of lists.',
    properties: {
      selfLink: text('Deprecated: no longer populated by the system.'),
      resourceVersion: text('The version of the list, from which a watch can go on.'),
      continue: text('Set when there is more: the token with which to ask for it.'),
      remainingItemCount: { type: 'integer', format: 'int64', description: 'How many items are left.' },
    },
  },
  [metaName('DeleteOptions')]: {
    type: 'object',
    description: 'Options of a delete.',
    properties: {
      ...typeMeta,
      dryRun: { type: 'array', items: { type: 'string' }, description: 'All: nothing is persisted.' },
      gracePeriodSeconds: { type: 'integer', format: 'int64', description: 'How long the object may take.' },
      orphanDependents: { type: 'boolean', description: 'Deprecated: use propagationPolicy.' },
      preconditions: {
        type: 'object',
        description: 'What must hold for the delete to happen.',
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
    description: 'What became of a request.',
    properties: {
      ...typeMeta,
      metadata: described('List metadata.', 'ListMeta'),
      status: text('Success or Failure.'),
      message: text('A description for people.'),
      reason: text('Why, for machines.'),
      code: { type: 'integer', format: 'int32', description: 'The HTTP status.' },
      details: {
        type: 'object',
        description: 'More about the reason.',
        'x-kubernetes-preserve-unknown-fields': true,
      },
    },
  },
};
