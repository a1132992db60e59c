import type { JsonObject } from '../model/objects.ts';

// Structural schemas of the built-in kinds, as OpenAPI v3; descriptions are what `kubectl explain` shows.

/** A string field. */
export const text = (description: string): JsonObject => ({ type: 'string', description });
/** A metav1.Time or MicroTime. */
const time = (description: string): JsonObject => ({
  type: 'string',
  format: 'date-time',
  nullable: true,
  description,
});
/** An int32 field. */
export const integer = (description: string): JsonObject => ({
  type: 'integer',
  format: 'int32',
  description,
});
const stringMap = (description: string, format?: string): JsonObject => ({
  type: 'object',
  description,
  additionalProperties: { type: 'string', ...(format === undefined ? {} : { format }) },
});

/** A kind's schema from its fields besides apiVersion, kind and metadata. */
export function kind(description: string, properties: JsonObject): JsonObject {
  return {
    type: 'object',
    description,
    properties: {
      apiVersion: text('APIVersion defines the versioned schema of this representation of an object.'),
      kind: text('Kind is a string value representing the REST resource this object represents.'),
      metadata: { type: 'object', description: "Standard object's metadata." },
      ...properties,
    },
  };
}

/** metav1.Condition, and its kin of older kinds. */
export const condition: JsonObject = {
  type: 'object',
  required: ['type', 'status'],
  properties: {
    type: text('Type of the condition.'),
    status: text('Status of the condition, one of True, False, Unknown.'),
    lastTransitionTime: time('Last time the condition transitioned from one status to another.'),
    reason: text('A machine-readable reason for the last transition.'),
    message: text('A human-readable message about the last transition.'),
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      description: 'The generation that the condition was set upon.',
    },
  },
};

const objectReference = (description: string): JsonObject => ({
  type: 'object',
  description,
  properties: {
    apiVersion: text('API version of the referent.'),
    kind: text('Kind of the referent.'),
    namespace: text('Namespace of the referent.'),
    name: text('Name of the referent.'),
    uid: text('UID of the referent.'),
    resourceVersion: text('Specific resourceVersion to which this reference is made, if any.'),
    fieldPath: text('Which piece of the object the reference is about, if not all of it.'),
  },
});

const eventSeries: JsonObject = {
  type: 'object',
  description: 'Data about the series of events that this event represents.',
  properties: {
    count: integer('Number of occurrences up to the last heartbeat.'),
    lastObservedTime: time('Time of the last occurrence.'),
  },
};

const eventSource: JsonObject = {
  type: 'object',
  description: 'The component that reports the event.',
  properties: {
    component: text('Component from which the event is generated.'),
    host: text('Node on which the event is generated.'),
  },
};

/** Namespace. */
export const namespaceSchema: JsonObject = kind('Namespace provides a scope for names.', {
  spec: {
    type: 'object',
    description: 'The behaviour of the namespace.',
    properties: {
      finalizers: {
        type: 'array',
        items: { type: 'string' },
        description: 'What must be done before the namespace may go.',
        'x-kubernetes-list-type': 'atomic',
      },
    },
  },
  status: {
    type: 'object',
    description: 'The current state of the namespace.',
    properties: {
      phase: text('Active or Terminating.'),
      conditions: {
        type: 'array',
        items: condition,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      },
    },
  },
});

/** ConfigMap. */
export const configMapSchema: JsonObject = kind(
  'ConfigMap holds configuration data for programs to consume.',
  {
    data: stringMap('The configuration data, as text.'),
    binaryData: stringMap('The configuration data that is not UTF-8, in base64.', 'byte'),
    immutable: { type: 'boolean', description: 'If true, the data cannot be changed.' },
  },
);

/** Secret. */
export const secretSchema: JsonObject = kind('Secret holds secret data.', {
  data: stringMap('The secret data, in base64.', 'byte'),
  stringData: stringMap('Write-only: secret data as text, merged into data.'),
  type: text('What the data is for.'),
  immutable: { type: 'boolean', description: 'If true, the data cannot be changed.' },
});

/** Lease of coordination.k8s.io/v1. */
export const leaseSchema: JsonObject = kind('Lease defines a lease concept.', {
  spec: {
    type: 'object',
    description: 'The specification of the lease.',
    properties: {
      holderIdentity: text('The identity of the current holder.'),
      leaseDurationSeconds: integer(
        'How long candidates wait before they force acquisition, from renewTime on.',
      ),
      acquireTime: time('When the current lease was acquired.'),
      renewTime: time('When the current holder last updated the lease.'),
      leaseTransitions: integer('How many times the lease changed holders.'),
      strategy: text('How the leader is picked in coordinated leader election.'),
      preferredHolder: text('To whom the current holder should give the lease up.'),
    },
  },
});

/** Event of the core group. */
export const coreEventSchema: JsonObject = kind('Event is a report of an event somewhere in the cluster.', {
  involvedObject: objectReference('The object that this event is about.'),
  reason: text('Why the action was taken: short, for machines.'),
  message: text('A human-readable description.'),
  source: eventSource,
  firstTimestamp: time('When the event was first recorded.'),
  lastTimestamp: time('When the event was most recently recorded.'),
  count: integer('How often the event has occurred.'),
  type: text('Normal or Warning.'),
  eventTime: time('When the event was first observed.'),
  series: eventSeries,
  action: text('What action was taken or failed.'),
  related: objectReference('A second object, for more complex actions.'),
  reportingComponent: text('Name of the controller that emitted the event.'),
  reportingInstance: text('ID of the controller instance.'),
});

/** Event of events.k8s.io/v1. */
export const eventSchema: JsonObject = kind('Event is a report of an event somewhere in the cluster.', {
  regarding: objectReference('The object that this event is about.'),
  reason: text('Why the action was taken: short, for machines.'),
  note: text('A human-readable description.'),
  deprecatedSource: eventSource,
  deprecatedFirstTimestamp: time('When the event was first recorded.'),
  deprecatedLastTimestamp: time('When the event was most recently recorded.'),
  deprecatedCount: integer('How often the event has occurred.'),
  type: text('Normal or Warning.'),
  eventTime: time('When the event was first observed.'),
  series: eventSeries,
  action: text('What action was taken or failed.'),
  related: objectReference('A second object, for more complex actions.'),
  reportingController: text('Name of the controller that emitted the event.'),
  reportingInstance: text('ID of the controller instance.'),
});
