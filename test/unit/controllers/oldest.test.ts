import { describe, expect, it } from '@jest/globals';
import {
  isOlder,
  oldestFirst,
  oldestFirstInSteps,
  oldestOf,
} from '../../../src/controllers/common/oldest.ts';
import type { KubeObject } from '../../../src/reconcile/index.ts';
import { randomOf, shuffled } from '../../support/operator/seeded-random.ts';
import { takeAll } from '../../support/reconcile/steps.ts';

const object = (at: string, key: string, uid: string): KubeObject => {
  const [namespace, name] = key.split('/') as [string, string];
  const creationTimestamp = `2026-01-01T00:00:${at}Z`;
  const metadata = { name, namespace, uid, creationTimestamp, resourceVersion: '1' };
  return { apiVersion: 'v1', kind: 'Kind', metadata };
};

/** In the order of precedence. */
const inOrder = [
  object('01', 'z/z', '9'),
  object('02', 'a-b/a', '9'),
  object('02', 'a/b', '8'),
  object('02', 'a/b-c', '7'),
  object('02', 'a/c', '5'),
  // For example a FloatingIP and a NatRule.
  object('02', 'a/c', '6'),
];

describe('the precedence of conflicting objects', () => {
  it('is by creation time, then by namespace and name, then by UID', () => {
    const rotations = inOrder.map((_, index) => [...inOrder.slice(index), ...inOrder.slice(0, index)]);
    for (const listed of [...rotations, ...rotations.map((each) => each.toReversed())]) {
      expect(oldestFirst(listed)).toEqual(inOrder);
      expect(oldestOf(listed)).toBe(inOrder[0]);
    }
  });

  it('is a total order', () => {
    for (const [a, first] of inOrder.entries()) {
      for (const [b, second] of inOrder.entries()) expect(isOlder(first, second)).toBe(a < b);
    }
  });

  it.each([0, 1, 512, 513, 5_000])('is the same when %d objects are sorted in steps', (size) => {
    const sorted = Array.from({ length: size }, (_, index) =>
      object(String(10 + Math.floor(index / 200)), `a/${String(index).padStart(5, '0')}`, String(index)),
    );
    let most = 0;
    const listed = shuffled(sorted, randomOf(size));
    expect(takeAll(oldestFirstInSteps(listed), (count) => (most = count))).toEqual(sorted);
    expect(most).toBeGreaterThanOrEqual(size / 512);
  });

  it('is undefined without objects', () => {
    expect(oldestOf<KubeObject>([])).toBeUndefined();
  });
});
