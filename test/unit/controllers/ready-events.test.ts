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

/** What is told when Ready goes from `before` to `now`. */
async function told(
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
  // What is told to the tenant is told to the administrator.
  const lines = log.lines.filter(({ level }) => level === 'info');
  expect(lines.map(({ reason }) => reason)).toEqual(events.map((event) => event.split(' ').at(-1)));
  return events;
}

it.each<[string, Condition | undefined, Condition, string[]]>([
  ['Ready at the first look', undefined, ready('True', 'Ready'), ['web: Normal Ready']],
  ['Ready at last', ready('False', 'CIDROverlap'), ready('True', 'Ready'), ['web: Normal Ready']],
  ['Ready as before', ready('True', 'Ready'), ready('True', 'Ready'), []],
  [
    'not Ready any more',
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
  ['not looked at to the end', undefined, ready('False', 'Pending'), []],
])('tells transitions, not states: %s', async (_, before, now, events) => {
  expect(await told(before, now)).toEqual(events);
});

it.each(['unchanged', 'gone'] as const)(
  'tells nothing of a status that was not written: %s',
  async (outcome) => {
    expect(await told(undefined, ready('True', 'Ready'), outcome)).toEqual([]);
  },
);

const state = (type: 'Accepted' | 'Programmed', status: Condition['status'], reason: Reason): Condition => ({
  ...ready(status, reason),
  type,
});

it.each<[string, Condition | undefined, Condition[], string]>([
  [
    'waits for something, at first',
    undefined,
    [state('Accepted', 'True', 'Accepted'), state('Programmed', 'False', 'Pending')],
    'Normal',
  ],
  [
    'waits for something that it had',
    ready('True', 'Ready'),
    [state('Accepted', 'True', 'Accepted'), state('Programmed', 'True', 'Programmed')],
    'Warning',
  ],
  [
    'is refused',
    undefined,
    [state('Accepted', 'False', 'IPAlreadyAllocated'), state('Programmed', 'False', 'Pending')],
    'Warning',
  ],
  [
    'is refused by OVN',
    undefined,
    [state('Accepted', 'True', 'Accepted'), state('Programmed', 'False', 'OVNRejected')],
    'Warning',
  ],
])(
  'calls for attention only where there is something to do: an object that %s',
  async (_, before, others, type) => {
    expect(await told(before, ready('False', 'SubnetNotReady'), 'written', others)).toEqual([
      `web: ${type} SubnetNotReady`,
    ]);
  },
);
