import { expect, it } from '@jest/globals';
import { condition, resources, type Condition, type Reason } from '../../../src/api/index.ts';
import { withReadyEvents } from '../../../src/controllers/common/ready-events.ts';
import type { KubeObject, StatusOutcome } from '../../../src/reconcile/index.ts';
import { RecordingLog } from '../../support/reconcile/recording-log.ts';

const ready = (status: Condition['status'], reason: Reason): Condition => ({
  ...condition('Ready', status, reason, 'a sentence'),
  observedGeneration: 1,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

const port: KubeObject = {
  apiVersion: 'network.plasmavmc.io/v1alpha1',
  kind: 'Port',
  metadata: { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '1' },
};

/** Returns the Events for a change of Ready from `before` to `now`. */
async function eventsFor(
  before: Condition | undefined,
  now: Condition,
  outcome: StatusOutcome = 'written',
  others: readonly Condition[] = [],
): Promise<string[]> {
  const events: string[] = [];
  const log = new RecordingLog();
  const writer = withReadyEvents(
    { write: () => Promise.resolve(outcome) },
    { record: (object, { type, reason }) => events.push(`${object.metadata.name}: ${type} ${reason}`) },
    log,
  );
  const object = { ...port, ...(before && { status: { conditions: [before] } }) };
  expect(await writer.write(resources.Port, object, { conditions: [...others, now] })).toBe(outcome);
  // Each Event for the tenant has a log line for the administrator.
  const lines = log.lines.filter(({ level }) => level === 'info');
  expect(lines.map(({ reason }) => reason)).toEqual(events.map((event) => event.split(' ').at(-1)));
  return events;
}

it.each<[string, Condition | undefined, Condition, string[]]>([
  ['Ready at the first reconcile', undefined, ready('True', 'Ready'), ['web: Normal Ready']],
  ['Ready after a problem', ready('False', 'CIDROverlap'), ready('True', 'Ready'), ['web: Normal Ready']],
  ['Ready as before', ready('True', 'Ready'), ready('True', 'Ready'), []],
  [
    'no longer Ready',
    ready('True', 'Ready'),
    ready('False', 'OVNConnectionFailed'),
    ['web: Warning OVNConnectionFailed'],
  ],
  [
    'not Ready for another reason',
    ready('False', 'SecurityGroupNotFound'),
    ready('False', 'IPAlreadyAllocated'),
    ['web: Warning IPAlreadyAllocated'],
  ],
  ['not Ready for the same reason', ready('False', 'InvalidCIDR'), ready('False', 'InvalidCIDR'), []],
  ['Pending', undefined, ready('False', 'Pending'), []],
])(
  'the status writer records an Event only for a transition of Ready: %s',
  async (_, before, now, events) => {
    expect(await eventsFor(before, now)).toEqual(events);
  },
);

it.each(['unchanged', 'gone'] as const)(
  'the status writer records no Event if the outcome of the write is: %s',
  async (outcome) => {
    expect(await eventsFor(undefined, ready('True', 'Ready'), outcome)).toEqual([]);
  },
);

const state = (type: 'Accepted' | 'Programmed', status: Condition['status'], reason: Reason): Condition => ({
  ...ready(status, reason),
  type,
});

it.each<[string, Condition | undefined, Condition[], string]>([
  [
    'waits for another object and was never Ready',
    undefined,
    [state('Accepted', 'True', 'Accepted'), state('Programmed', 'False', 'Pending')],
    'Normal',
  ],
  [
    'was Ready and waits for another object',
    ready('True', 'Ready'),
    [state('Accepted', 'True', 'Accepted'), state('Programmed', 'True', 'Programmed')],
    'Warning',
  ],
  [
    'is not accepted',
    undefined,
    [state('Accepted', 'False', 'IPAlreadyAllocated'), state('Programmed', 'False', 'Pending')],
    'Warning',
  ],
  [
    'has rows that OVN rejected',
    undefined,
    [state('Accepted', 'True', 'Accepted'), state('Programmed', 'False', 'OVNRejected')],
    'Warning',
  ],
])(
  'the status writer records a Warning only for an object that needs attention: it %s',
  async (_, before, others, type) => {
    expect(await eventsFor(before, ready('False', 'SubnetNotReady'), 'written', others)).toEqual([
      `web: ${type} SubnetNotReady`,
    ]);
  },
);
