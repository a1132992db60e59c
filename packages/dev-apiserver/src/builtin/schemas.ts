import type { JsonObject } from '../model/objects.ts';

// Structural schemas of the built-in kinds in OpenAPI v3. `kubectl explain` shows the descriptions.

/** Declares a string field. */
export const text = (description: string): JsonObject => ({ type: 'string', description });
/** Declares a metav1.Time or MicroTime field. */
const time = (description: string): JsonObject => ({
  type: 'string',
  format: 'date-time',
  nullable: true,
  description,
});
/** Declares an int32 field. */
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

/** Declares the schema of a kind from its fields besides apiVersion, kind and metadata. */
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

/** metav1.Condition and the older condition types. */
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
      description: 'The generation of the object on which the condition is based.',
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
    fieldPath: text('The part of the object that the reference addresses, if not the whole object.'),
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
    component: text('The component that generated the event.'),
    host: text('The node of that component.'),
  },
};

/** The schema of Namespace. */
export const namespaceSchema: JsonObject = kind('Namespace provides a scope for names.', {
  spec: {
    type: 'object',
    description: 'The behaviour of the namespace.',
    properties: {
      finalizers: {
        type: 'array',
        items: { type: 'string' },
        description: 'Tasks that must be done before the namespace is removed.',
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

/** The schema of ConfigMap. */
export const configMapSchema: JsonObject = kind(
  'ConfigMap holds configuration data for programs to consume.',
  {
    data: stringMap('The configuration data, as text.'),
    binaryData: stringMap('The configuration data that is not UTF-8, in base64.', 'byte'),
    immutable: { type: 'boolean', description: 'If true, the data cannot be changed.' },
  },
);

/** The schema of Secret. */
export const secretSchema: JsonObject = kind('Secret holds secret data.', {
  data: stringMap('The secret data, in base64.', 'byte'),
  stringData: stringMap('Write-only: secret data as text, merged into data.'),
  type: text('The type of the data.'),
  immutable: { type: 'boolean', description: 'If true, the data cannot be changed.' },
});

/** The schema of Lease in coordination.k8s.io/v1. */
export const leaseSchema: JsonObject = kind('Lease defines a lease concept.', {
  spec: {
    type: 'object',
    description: 'The specification of the lease.',
    properties: {
      holderIdentity: text('The identity of the current holder.'),
      leaseDurationSeconds: integer(
        'The number of seconds after renewTime for which candidates wait before they acquire the lease.',
      ),
      acquireTime: time('The time when the current holder acquired the lease.'),
      renewTime: time('The time when the current holder last updated the lease.'),
      leaseTransitions: integer('The number of times that the lease changed its holder.'),
      strategy: text('The strategy of coordinated leader election.'),
      preferredHolder: text('The candidate to which the current holder should release the lease.'),
    },
  },
});

/** The schema of Event in the core group. */
export const coreEventSchema: JsonObject = kind('Event is a report of an event somewhere in the cluster.', {
  involvedObject: objectReference('The object that this event is about.'),
  reason: text('The short, machine-readable reason of the action.'),
  message: text('A human-readable description.'),
  source: eventSource,
  firstTimestamp: time('The time when the event was first recorded.'),
  lastTimestamp: time('The time when the event was most recently recorded.'),
  count: integer('The number of occurrences of the event.'),
  type: text('Normal or Warning.'),
  eventTime: time('The time when the event was first observed.'),
  series: eventSeries,
  action: text('The action that was taken or failed.'),
  related: objectReference('A second object, for more complex actions.'),
  reportingComponent: text('Name of the controller that emitted the event.'),
  reportingInstance: text('ID of the controller instance.'),
});

/** The schema of Event in events.k8s.io/v1. */
export const eventSchema: JsonObject = kind('Event is a report of an event somewhere in the cluster.', {
  regarding: objectReference('The object that this event is about.'),
  reason: text('The short, machine-readable reason of the action.'),
  note: text('A human-readable description.'),
  deprecatedSource: eventSource,
  deprecatedFirstTimestamp: time('The time when the event was first recorded.'),
  deprecatedLastTimestamp: time('The time when the event was most recently recorded.'),
  deprecatedCount: integer('The number of occurrences of the event.'),
  type: text('Normal or Warning.'),
  eventTime: time('The time when the event was first observed.'),
  series: eventSeries,
  action: text('The action that was taken or failed.'),
  related: objectReference('A second object, for more complex actions.'),
  reportingController: text('Name of the controller that emitted the event.'),
  reportingInstance: text('ID of the controller instance.'),
});
