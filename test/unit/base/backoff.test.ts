import { describe, expect, it } from '@jest/globals';
import { backoffDelay } from '../../../src/base/index.ts';

describe('an exponential backoff', () => {
  const backoff = { baseMs: 100, maxMs: 1500 };

  it('doubles with each retry until its limit', () => {
    expect([1, 2, 3, 4, 5, 6, 100].map((attempt) => backoffDelay(backoff, attempt, () => 0.999999))).toEqual(
      [100, 200, 400, 800, 1500, 1500, 1500].map((ms) => expect.closeTo(ms, 0)),
    );
  });

  it('is random in the upper half of the delay', () => {
    expect(backoffDelay(backoff, 3, () => 0)).toBe(200);
    expect(backoffDelay(backoff, 3, () => 0.5)).toBe(300);
  });
});
