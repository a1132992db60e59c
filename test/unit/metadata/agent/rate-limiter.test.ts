import { describe, expect, it } from '@jest/globals';
import { PAUSE_MS, RateLimiter } from '../../../../src/metadata/agent/rate-limiter.ts';
import { resolveAgentConfig } from '../../../../src/metadata/agent/index.ts';

describe('the rate limiter', () => {
  let now = 0;
  const limiterOf = (perSecond: number, burst: number) => {
    now = 5_000;
    return new RateLimiter({ perSecond, burst }, () => now);
  };
  /** The number of granted requests of `count` at the same time. */
  const granted = (limiter: RateLimiter, machine: string, count: number): number =>
    Array.from({ length: count }, () => limiter.take(machine)).filter(Boolean).length;

  it('grants a burst, and then the rate', () => {
    const limiter = limiterOf(10, 30);
    expect(granted(limiter, 'a', 30)).toBe(30);
    now += 500;
    expect(granted(limiter, 'a', 5)).toBe(5);
  });

  it('pauses a machine that exceeds the limit', () => {
    const limiter = limiterOf(10, 30);
    expect(granted(limiter, 'a', 31)).toBe(30);
    expect(limiter.isPaused('a')).toBe(true);
    now += PAUSE_MS - 1;
    expect(granted(limiter, 'a', 9)).toBe(0);
    now += 1;
    expect(limiter.isPaused('a')).toBe(false);
    expect(granted(limiter, 'a', 10)).toBe(10);
  });

  it('does not let a machine affect another machine', () => {
    const limiter = limiterOf(10, 30);
    granted(limiter, 'a', 1000);
    expect(granted(limiter, 'b', 30)).toBe(30);
    expect(limiter.isPaused('b')).toBe(false);
  });

  it('grants a steady flood no more than the rate', () => {
    const limiter = limiterOf(50, 300);
    let count = 0;
    for (let step = 0; step < 60_000; step += 1) {
      now += 1;
      if (limiter.take('a')) count += 1;
    }
    expect(count).toBeGreaterThan(300);
    expect(count).toBeLessThanOrEqual(300 + 60 * 50);
  });

  it('forgets the machines whose buckets are full', () => {
    const limiter = limiterOf(10, 30);
    for (let machine = 0; machine < 1000; machine += 1) limiter.take(String(machine));
    now += 3_000;
    limiter.take('a');
    expect(limiter.size).toBe(1);
  });

  it('has defaults that three starts of cloud-init do not reach', () => {
    const { requestsPerSecond, requestBurst } = resolveAgentConfig().config;
    expect(granted(limiterOf(requestsPerSecond, requestBurst), 'a', 300)).toBe(300);
  });
});
