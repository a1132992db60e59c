import { describe, expect, it } from '@jest/globals';
import {
  type Condition,
  condition,
  findCondition,
  isTrue,
  mergeConditions,
  summarize,
} from '../../../src/api/index.ts';

const monday = Date.parse('2026-01-05T10:00:00.750Z');
const tuesday = Date.parse('2026-01-06T10:00:00Z');
const accepted = condition('Accepted', 'True', 'Accepted', 'The VPC is accepted.');
const ready = condition('Ready', 'True', 'Ready', 'The VPC is in effect.');
const overlapping = condition('Accepted', 'False', 'CIDROverlap', 'overlaps with VPC b.');

describe('mergeConditions', () => {
  it('returns the desired conditions with the generation and the time in whole seconds', () => {
    expect(mergeConditions(undefined, [accepted], { generation: 3, now: monday })).toEqual([
      {
        type: 'Accepted',
        status: 'True',
        observedGeneration: 3,
        lastTransitionTime: '2026-01-05T10:00:00Z',
        reason: 'Accepted',
        message: 'The VPC is accepted.',
      },
    ]);
  });

  it('returns the same list when nothing changes', () => {
    const before = mergeConditions(undefined, [accepted, ready], { generation: 1, now: monday });
    expect(mergeConditions(before, [ready, accepted], { generation: 1, now: tuesday })).toBe(before);
  });

  it('keeps lastTransitionTime when only the message or the generation changes', () => {
    const before = mergeConditions(undefined, [accepted], { generation: 1, now: monday });
    const [after] = mergeConditions(before, [{ ...accepted, message: 'Another message.' }], {
      generation: 2,
      now: tuesday,
    });
    expect(after).toMatchObject({
      lastTransitionTime: '2026-01-05T10:00:00Z',
      observedGeneration: 2,
      message: 'Another message.',
    });
  });

  it('sets lastTransitionTime when the status changes', () => {
    const before = mergeConditions(undefined, [accepted, ready], { generation: 1, now: monday });
    const after = mergeConditions(before, [overlapping, ready], { generation: 1, now: tuesday });
    expect(findCondition(after, 'Accepted')?.lastTransitionTime).toBe('2026-01-06T10:00:00Z');
    expect(findCondition(after, 'Ready')).toBe(findCondition(before, 'Ready'));
  });

  it('drops undesired conditions of the operator and keeps conditions with other types', () => {
    const stalled = condition('Stalled', 'True', 'VPCAlreadyExists', 'VPC a is older.');
    const foreign: Condition = {
      type: 'example.com/Audited',
      status: 'True',
      lastTransitionTime: '2020-01-01T00:00:00Z',
      reason: 'Audited',
      message: '',
    };
    const before = [
      ...mergeConditions(undefined, [accepted, stalled], { generation: 1, now: monday }),
      foreign,
    ];
    const after = mergeConditions(before, [accepted], { generation: 1, now: tuesday });
    expect(after).toEqual([before[0], foreign]);
    expect(mergeConditions(after, [accepted], { generation: 1, now: tuesday })).toBe(after);
  });

  it('returns the conditions in an order that does not depend on the order of the arguments', () => {
    const one = mergeConditions(undefined, [ready, accepted], { generation: 1, now: monday });
    expect(one.map(({ type }) => type)).toEqual(['Accepted', 'Ready']);
  });
});

describe('condition', () => {
  it('returns a message that begins with the error code of the reason', () => {
    expect(overlapping.message).toBe('CIDR_OVERLAP: overlaps with VPC b.');
    expect(accepted.message).toBe('The VPC is accepted.');
  });

  it('cuts the message to the limit of the schema', () => {
    const { message } = condition('Accepted', 'False', 'InvalidCIDR', 'x'.repeat(100_000));
    expect(message).toHaveLength(32_768);
    expect(message).toMatch(/^INVALID_CIDR: x+…$/);
  });

  it('can be tested for status True by its type', () => {
    const conditions = mergeConditions(undefined, [overlapping, ready], { generation: 1, now: monday });
    expect(isTrue(conditions, 'Ready')).toBe(true);
    expect(isTrue(conditions, 'Accepted')).toBe(false);
    expect(isTrue(conditions, 'Programmed')).toBe(false);
    expect(isTrue(undefined, 'Ready')).toBe(false);
  });
});

describe('summarize', () => {
  const refs = condition('ResolvedRefs', 'False', 'SubnetNotFound', 'Subnet x does not exist.');
  const programmed = condition('Programmed', 'Unknown', 'Pending', 'Waits for Subnet x.');

  it('returns Ready True when the given conditions are True, whatever the status of Bound', () => {
    const unbound = condition('Bound', 'False', 'NotBound', 'No host has it.');
    expect(summarize([accepted, unbound])).toMatchObject({ type: 'Ready', status: 'True', reason: 'Ready' });
  });

  it('returns the first condition that is not True, in the order Accepted, ResolvedRefs, Programmed', () => {
    expect(summarize([programmed, refs, accepted])).toEqual({ ...refs, type: 'Ready' });
    expect(summarize([programmed, refs, overlapping])).toEqual({ ...overlapping, type: 'Ready' });
    expect(summarize([programmed, accepted])).toEqual({ ...programmed, type: 'Ready' });
  });
});
