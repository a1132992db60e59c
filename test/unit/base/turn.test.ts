import { describe, expect, it } from '@jest/globals';
import { Turn } from '../../../src/base/index.ts';
import { settle } from '../../support/reconcile/fake-clock.ts';

/** Makes a turn with a clock that the test advances. */
function setUp() {
  let now = 1_000;
  const turn = new Turn(() => now);
  return { turn, work: (ms: number) => (now += ms) };
}

describe('Turn.over', () => {
  it('returns undefined during a slice', () => {
    const { turn, work } = setUp();
    expect(turn.over()).toBeUndefined();
    work(7);
    expect(turn.over()).toBeUndefined();
  });

  it('returns a promise after a slice, which resolves in the next turn of the event loop', async () => {
    const { turn, work } = setUp();
    void turn.over();
    work(8);
    let isOn = false;
    void turn.over()?.then(() => (isOn = true));
    for (let i = 0; i < 100; i++) await Promise.resolve();
    expect(isOn).toBe(false);
    expect(turn.over()).toBeInstanceOf(Promise);
    await settle();
    expect(isOn).toBe(true);
    expect(turn.over()).toBeUndefined();
  });

  it('measures a slice from the first step in a turn of the event loop', async () => {
    const { turn, work } = setUp();
    void turn.over();
    await settle();
    work(10_000);
    expect(turn.over()).toBeUndefined();
  });
});

describe('Turn.run', () => {
  /** Runs 40 steps of 2 ms, and records the number of steps at each turn of the event loop. */
  async function runSteps(fail?: Error) {
    const { turn, work } = setUp();
    let count = 0;
    function* steps() {
      for (; count < 40; count++) {
        work(2);
        if (fail !== undefined && count === 6) throw fail;
        yield;
      }
      return 'all';
    }
    const seen: number[] = [];
    let isOver = false;
    const watch = (): void => {
      seen.push(count);
      if (!isOver) setImmediate(watch);
    };
    const run = turn.run(steps()).finally(() => (isOver = true));
    setImmediate(watch);
    const outcome = await run.catch((error: unknown) => error);
    return { outcome, seen };
  }

  it('runs all steps, a few in each turn of the event loop', async () => {
    const { outcome, seen } = await runSteps();
    expect(outcome).toBe('all');
    expect(seen.length).toBeGreaterThanOrEqual(5);
    // Four steps take 8 ms. The first two slices may run without a turn between them.
    for (const [index, count] of seen.entries())
      expect(count - (seen[index - 1] ?? 0)).toBeLessThanOrEqual(8);
  });

  it('rejects with the error of a step', async () => {
    const error = new Error('no');
    expect((await runSteps(error)).outcome).toBe(error);
  });
});
