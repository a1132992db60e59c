import { expect, it } from '@jest/globals';
import { condition, resources, type Condition, type Reason } from '../../../src/api/index.ts';
import { announcing } from '../../../src/controllers/announce.ts';
import type { KubeObject, StatusOutcome } from '../../../src/reconcile/index.ts';

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
): Promise<string[]> {
  const events: string[] = [];
  const writer = announcing(
    { write: () => Promise.resolve(outcome) },
    { record: (object, { type, reason }) => events.push(`${object.metadata.name}: ${type} ${reason}`) },
  );
  const object = { ...port, ...(before && { status: { conditions: [before] } }) };
  expect(await writer.write(resources.Port, object, { conditions: [now] })).toBe(outcome);
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
