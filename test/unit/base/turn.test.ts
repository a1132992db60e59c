import { describe, expect, it } from '@jest/globals';
import { Turn } from '../../../src/base/index.ts';
import { settle } from '../../support/reconcile/fake-clock.ts';

/** Where the time is what a test says. */
function setUp() {
  let now = 1_000;
  const turn = new Turn(() => now);
  return { turn, work: (ms: number) => (now += ms) };
}

describe('a turn of the event loop', () => {
  it('lets short work go on', () => {
    const { turn, work } = setUp();
    expect(turn.over()).toBeUndefined();
    work(7);
    expect(turn.over()).toBeUndefined();
  });

  it('is over when it has lasted long enough, until the event loop went round', async () => {
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

  it('counts from the first step in it, not from the last one before', async () => {
    const { turn, work } = setUp();
    void turn.over();
    await settle();
    work(10_000);
    expect(turn.over()).toBeUndefined();
  });
});

describe('steps in turns', () => {
  /** Forty steps of 2 ms each; and how many had been taken whenever others had their turn. */
  async function taken(fail?: Error) {
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

  it('are all taken, a few in each turn of the event loop', async () => {
    const { outcome, seen } = await taken();
    expect(outcome).toBe('all');
    expect(seen.length).toBeGreaterThanOrEqual(5);
    // Four are 8 ms; the first two turns may follow one another.
    for (const [index, count] of seen.entries())
      expect(count - (seen[index - 1] ?? 0)).toBeLessThanOrEqual(8);
  });

  it('end with what one of them throws', async () => {
    const error = new Error('no');
    expect((await taken(error)).outcome).toBe(error);
  });
});
