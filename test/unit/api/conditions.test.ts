import { describe, expect, it } from '@jest/globals';
import {
  type Condition,
  condition,
  findCondition,
  isTrue,
  mergeConditions,
  summarise,
} from '../../../src/api/index.ts';

const monday = Date.parse('2026-01-05T10:00:00.750Z');
const tuesday = Date.parse('2026-01-06T10:00:00Z');
const accepted = condition('Accepted', 'True', 'Accepted', 'The VPC is accepted.');
const ready = condition('Ready', 'True', 'Ready', 'The VPC is in effect.');
const overlapping = condition('Accepted', 'False', 'CIDROverlap', 'overlaps with VPC b.');

describe('merging conditions', () => {
  it('writes the desired ones with generation and time, in seconds', () => {
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

  it('gives the very same list when nothing changes, whenever', () => {
    const before = mergeConditions(undefined, [accepted, ready], { generation: 1, now: monday });
    expect(mergeConditions(before, [ready, accepted], { generation: 1, now: tuesday })).toBe(before);
  });

  it('keeps the time of transition when only the words or the generation change', () => {
    const before = mergeConditions(undefined, [accepted], { generation: 1, now: monday });
    const [after] = mergeConditions(before, [{ ...accepted, message: 'Other words.' }], {
      generation: 2,
      now: tuesday,
    });
    expect(after).toMatchObject({
      lastTransitionTime: '2026-01-05T10:00:00Z',
      observedGeneration: 2,
      message: 'Other words.',
    });
  });

  it('sets the time of transition when the status changes', () => {
    const before = mergeConditions(undefined, [accepted, ready], { generation: 1, now: monday });
    const after = mergeConditions(before, [overlapping, ready], { generation: 1, now: tuesday });
    expect(findCondition(after, 'Accepted')?.lastTransitionTime).toBe('2026-01-06T10:00:00Z');
    expect(findCondition(after, 'Ready')).toBe(findCondition(before, 'Ready'));
  });

  it('drops its own that are no longer desired, and keeps those of others', () => {
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

  it('has an order that does not depend on the plan', () => {
    const one = mergeConditions(undefined, [ready, accepted], { generation: 1, now: monday });
    expect(one.map(({ type }) => type)).toEqual(['Accepted', 'Ready']);
  });
});

describe('a condition', () => {
  it('begins its message with the error code of its reason', () => {
    expect(overlapping.message).toBe('CIDR_OVERLAP: overlaps with VPC b.');
    expect(accepted.message).toBe('The VPC is accepted.');
  });

  it('is never longer than the schema takes', () => {
    const { message } = condition('Accepted', 'False', 'InvalidCIDR', 'x'.repeat(100_000));
    expect(message).toHaveLength(32_768);
    expect(message).toMatch(/^INVALID_CIDR: x+…$/);
  });

  it('is looked up by type', () => {
    const conditions = mergeConditions(undefined, [overlapping, ready], { generation: 1, now: monday });
    expect(isTrue(conditions, 'Ready')).toBe(true);
    expect(isTrue(conditions, 'Accepted')).toBe(false);
    expect(isTrue(conditions, 'Programmed')).toBe(false);
    expect(isTrue(undefined, 'Ready')).toBe(false);
  });
});

describe('the summary', () => {
  const refs = condition('ResolvedRefs', 'False', 'SubnetNotFound', 'Subnet x does not exist.');
  const programmed = condition('Programmed', 'Unknown', 'Pending', 'Waits for Subnet x.');

  it('is ready when all that is given is True, whatever Bound says', () => {
    const unbound = condition('Bound', 'False', 'NotBound', 'No host has it.');
    expect(summarise([accepted, unbound])).toMatchObject({ type: 'Ready', status: 'True', reason: 'Ready' });
  });

  it('gives the first reason why not, from cause to effect', () => {
    expect(summarise([programmed, refs, accepted])).toEqual({ ...refs, type: 'Ready' });
    expect(summarise([programmed, refs, overlapping])).toEqual({ ...overlapping, type: 'Ready' });
    expect(summarise([programmed, accepted])).toEqual({ ...programmed, type: 'Ready' });
  });
});
