/**
 * The protobuf messages that Go clients send: the built-in kinds of this server and DeleteOptions.
 * Source: the generated.proto files of k8s.io/api and k8s.io/apimachinery.
 */

/** A field of a message, and the JSON member that it becomes. */
export type Field =
  | {
      readonly name: string;
      readonly type: 'string' | 'bytes' | 'bool' | 'int' | 'time' | 'microTime' | 'stringMap' | 'bytesMap';
      readonly repeated?: boolean;
    }
  | { readonly name: string; readonly type: Message; readonly repeated?: boolean };

/** The fields of a message by their number. */
export type Message = Readonly<Record<number, Field>>;

/** Declares a string field. */
export const string = (name: string): Field => ({ name, type: 'string' });
/** Declares an integer field. */
export const int = (name: string): Field => ({ name, type: 'int' });

const bool = (name: string): Field => ({ name, type: 'bool' });
const time = (name: string): Field => ({ name, type: 'time' });
const microTime = (name: string): Field => ({ name, type: 'microTime' });
const strings = (name: string): Field => ({ name, type: 'string', repeated: true });
const stringMap = (name: string): Field => ({ name, type: 'stringMap' });
const bytesMap = (name: string): Field => ({ name, type: 'bytesMap' });
const message = (name: string, type: Message): Field => ({ name, type });

const ownerReference: Message = {
  1: string('kind'),
  3: string('name'),
  4: string('uid'),
  5: string('apiVersion'),
  6: bool('controller'),
  7: bool('blockOwnerDeletion'),
};

// managedFields (17) are omitted: an update without them keeps the stored ones.
const metadata = message('metadata', {
  1: string('name'),
  2: string('generateName'),
  3: string('namespace'),
  5: string('uid'),
  6: string('resourceVersion'),
  7: int('generation'),
  8: time('creationTimestamp'),
  9: time('deletionTimestamp'),
  10: int('deletionGracePeriodSeconds'),
  11: stringMap('labels'),
  12: stringMap('annotations'),
  13: { name: 'ownerReferences', type: ownerReference, repeated: true },
  14: strings('finalizers'),
});

const objectReference: Message = {
  1: string('kind'),
  2: string('namespace'),
  3: string('name'),
  4: string('uid'),
  5: string('apiVersion'),
  6: string('resourceVersion'),
  7: string('fieldPath'),
};
const eventSource: Message = { 1: string('component'), 2: string('host') };
const eventSeries: Message = { 1: int('count'), 2: microTime('lastObservedTime') };

const deleteOptions: Message = {
  1: int('gracePeriodSeconds'),
  2: message('preconditions', { 1: string('uid'), 2: string('resourceVersion') }),
  3: bool('orphanDependents'),
  4: string('propagationPolicy'),
  5: strings('dryRun'),
};

const kinds: Readonly<Record<string, Message>> = {
  'v1/Namespace': {
    1: metadata,
    2: message('spec', { 1: strings('finalizers') }),
    3: message('status', { 1: string('phase') }),
  },
  'v1/ConfigMap': {
    1: metadata,
    2: stringMap('data'),
    3: bytesMap('binaryData'),
    4: bool('immutable'),
  },
  'v1/Secret': {
    1: metadata,
    2: bytesMap('data'),
    3: string('type'),
    4: stringMap('stringData'),
    5: bool('immutable'),
  },
  'v1/Event': {
    1: metadata,
    2: message('involvedObject', objectReference),
    3: string('reason'),
    4: string('message'),
    5: message('source', eventSource),
    6: time('firstTimestamp'),
    7: time('lastTimestamp'),
    8: int('count'),
    9: string('type'),
    10: microTime('eventTime'),
    11: message('series', eventSeries),
    12: string('action'),
    13: message('related', objectReference),
    14: string('reportingComponent'),
    15: string('reportingInstance'),
  },
  'events.k8s.io/v1/Event': {
    1: metadata,
    2: microTime('eventTime'),
    3: message('series', eventSeries),
    4: string('reportingController'),
    5: string('reportingInstance'),
    6: string('action'),
    7: string('reason'),
    8: message('regarding', objectReference),
    9: message('related', objectReference),
    10: string('note'),
    11: string('type'),
    12: message('deprecatedSource', eventSource),
    13: time('deprecatedFirstTimestamp'),
    14: time('deprecatedLastTimestamp'),
    15: int('deprecatedCount'),
  },
  'coordination.k8s.io/v1/Lease': {
    1: metadata,
    2: message('spec', {
      1: string('holderIdentity'),
      2: int('leaseDurationSeconds'),
      3: microTime('acquireTime'),
      4: microTime('renewTime'),
      5: int('leaseTransitions'),
      6: string('strategy'),
      7: string('preferredHolder'),
    }),
  },
  'authorization.k8s.io/v1/SelfSubjectAccessReview': {
    1: metadata,
    2: message('spec', {
      1: message('resourceAttributes', {
        1: string('namespace'),
        2: string('verb'),
        3: string('group'),
        4: string('version'),
        5: string('resource'),
        6: string('subresource'),
        7: string('name'),
      }),
      2: message('nonResourceAttributes', { 1: string('path'), 2: string('verb') }),
    }),
  },
};

/** Returns the message of a kind, or undefined when this server does not know the kind. */
export function messageOf(apiVersion: string, kind: string): Message | undefined {
  // Clients send DeleteOptions in the API version of the object that they delete.
  return kind === 'DeleteOptions' ? deleteOptions : kinds[`${apiVersion}/${kind}`];
}
