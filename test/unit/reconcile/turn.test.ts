import { describe, expect, it } from '@jest/globals';
import { Turn } from '../../../src/reconcile/turn.ts';
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
