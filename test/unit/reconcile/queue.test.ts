import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Priority } from '../../../src/reconcile/index.ts';
import { WorkQueue, type Work } from '../../../src/reconcile/queue/queue.ts';
import { FakeClock, settle } from '../../support/reconcile/fake-clock.ts';

function setUp() {
  const clock = new FakeClock();
  // No jitter: 0.5 + 0.5 × 1.
  const queue = new WorkQueue({ clock, random: () => 1, backoff: { baseMs: 100, maxMs: 1_000 } });
  /** Takes and gives back everything that waits, in order. */
  const run = async (): Promise<string[]> => {
    const keys: string[] = [];
    while (queue.depth > 0) {
      const { key } = (await queue.take())!;
      keys.push(key);
      queue.done(key);
    }
    return keys;
  };
  return { clock, queue, run };
}

describe('a work queue', () => {
  it('gives out a key once, however often it was added', async () => {
    const { queue, run } = setUp();
    for (const priority of ['edit', 'resync', 'repair'] as const) queue.add('a/x', priority);
    expect(await run()).toEqual(['a/x']);
  });

  it('gives out edits first, then repairs, then what a resync brought', async () => {
    const { queue, run } = setUp();
    queue.add('a/resync', 'resync');
    queue.add('a/repair', 'repair');
    queue.add('a/edit', 'edit');
    expect(await run()).toEqual(['a/edit', 'a/repair', 'a/resync']);
  });

  it('moves a waiting key up when it is edited, and never down', async () => {
    const { queue, run } = setUp();
    for (const key of ['a/1', 'a/2', 'a/3']) queue.add(key, 'resync');
    queue.add('a/3', 'edit');
    queue.add('a/3', 'resync');
    expect(await run()).toEqual(['a/3', 'a/1', 'a/2']);
    expect(queue.depth).toBe(0);
  });

  it('gives every namespace its turn, so that one with many keys delays nobody', async () => {
    const { queue, run } = setUp();
    for (let i = 0; i < 1000; i++) queue.add(`noisy/${i}`, 'edit');
    for (let i = 0; i < 3; i++) queue.add(`quiet${i}/x`, 'edit');
    const order = await run();
    expect(order.slice(0, 4)).toEqual(['noisy/0', 'quiet0/x', 'quiet1/x', 'quiet2/x']);
    expect(order).toHaveLength(1003);
  });

  it('lets a resync go on under a stream of edits', async () => {
    const { queue } = setUp();
    queue.add('a/resync', 'resync');
    const order: string[] = [];
    for (let i = 0; i < 40; i++) {
      queue.add(`b/${i}`, 'edit');
      const { key } = (await queue.take())!;
      order.push(key);
      queue.done(key);
    }
    expect(order.indexOf('a/resync')).toBe(15);
  });

  it('does not give a key to two workers, and gives it out again when it was added meanwhile', async () => {
    const { queue } = setUp();
    queue.add('a/x', 'edit');
    const first = await queue.take();
    queue.add('a/x', 'resync');
    queue.add('a/x', 'edit');
    queue.add('a/x', 'repair');
    let second: Work | undefined;
    void queue.take().then((work) => (second = work));
    await settle();
    expect(second).toBeUndefined();
    queue.done(first!.key);
    await settle();
    expect(second).toEqual({ key: 'a/x', priority: 'edit', attempt: 0 });
  });

  it('gives a key to whoever has waited longest', async () => {
    const { queue } = setUp();
    const takers = [queue.take(), queue.take()];
    queue.add('a/1', 'edit');
    queue.add('a/2', 'edit');
    expect((await Promise.all(takers)).map((work) => work?.key)).toEqual(['a/1', 'a/2']);
  });

  it('adds a key when its time has come, the earliest if there are several', async () => {
    const { clock, queue, run } = setUp();
    queue.addAfter('a/x', 500);
    queue.addAfter('a/x', 200);
    queue.addAfter('a/x', 800);
    await clock.advance(199);
    expect(await run()).toEqual([]);
    await clock.advance(1);
    expect(await run()).toEqual(['a/x']);
    await clock.advance(10_000);
    expect(await run()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('forgets the timer of a key that is worked on anyway', async () => {
    const { clock, queue, run } = setUp();
    queue.addAfter('a/x', 500);
    queue.add('a/x', 'edit');
    expect(await run()).toEqual(['a/x']);
    await clock.advance(10_000);
    expect(await run()).toEqual([]);
  });

  it('waits longer after each failure, up to a limit, until it is told to forget', () => {
    const { queue } = setUp();
    expect([1, 2, 3, 4, 5, 6].map(() => queue.retry('a/x'))).toEqual([100, 200, 400, 800, 1000, 1000]);
    expect(queue.retry('b/x')).toBe(100);
    queue.forget('a/x');
    expect(queue.retry('a/x')).toBe(100);
    expect(queue.retry('b/x', { atLeastMs: 5_000 })).toBe(5_000);
  });

  it('waits no longer than it is told to, and does not hold that against the key afterwards', () => {
    const { queue } = setUp();
    const limited = () => queue.retry('a/x', { atMostMs: 300 });
    expect([1, 2, 3, 4, 5, 6].map(limited)).toEqual([100, 200, 300, 300, 300, 300]);
    expect(queue.retry('a/x')).toBe(800);
  });

  it('spreads retries by up to half', () => {
    const at = (random: number) =>
      new WorkQueue({ clock: new FakeClock(), random: () => random }).retry('a/x');
    expect(at(0)).toBe(25);
    expect(at(0.5)).toBe(37.5);
  });

  it('says with a key how often it has failed', async () => {
    const { clock, queue } = setUp();
    queue.retry('a/x');
    queue.retry('a/x');
    await clock.advance(1_000);
    expect(await queue.take()).toEqual({ key: 'a/x', priority: 'repair', attempt: 2 });
  });

  it('keeps the time of each of many keys, also after most were cancelled', async () => {
    const { clock, queue, run } = setUp();
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 50; i++) {
        queue.addAfter(`a/${i}`, 1_000_000 - round);
        if (round === 19) continue;
        queue.add(`a/${i}`, 'edit');
      }
      await run();
    }
    queue.addAfter('a/soon', 10);
    expect(queue.delayed).toBe(51);
    await clock.advance(10);
    expect(await run()).toEqual(['a/soon']);
    await clock.advance(1_000_000);
    expect(await run()).toHaveLength(50);
  });

  it('when drained gives out what waits, takes nothing in, and is done when the last is given back', async () => {
    const { clock, queue } = setUp();
    queue.add('a/1', 'edit');
    queue.addAfter('a/later', 10);
    let isDone = false;
    void queue.shutDown({ drain: true }).then(() => (isDone = true));
    queue.add('a/2', 'edit');
    await clock.advance(100);
    const work = await queue.take();
    expect(work?.key).toBe('a/1');
    await settle();
    expect(isDone).toBe(false);
    queue.done('a/1');
    await settle();
    expect(isDone).toBe(true);
    expect(await queue.take()).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it('when dropped sends those who wait for keys home at once', async () => {
    const { queue } = setUp();
    const taker = queue.take();
    await queue.shutDown({ drain: false });
    expect(await taker).toBeUndefined();
    queue.add('a/1', 'edit');
    expect(await queue.take()).toBeUndefined();
  });

  it('tells an observer how long keys waited and were worked on', async () => {
    const clock = new FakeClock();
    const heard: string[] = [];
    const observer = {
      added: (priority: Priority) => heard.push(`added ${priority}`),
      taken: (ms: number) => heard.push(`taken after ${ms}`),
      done: (ms: number) => heard.push(`done in ${ms}`),
      retried: () => heard.push('retried'),
    };
    const queue = new WorkQueue({ clock, observer });
    queue.add('a/1', 'edit');
    queue.add('a/1', 'edit');
    await clock.advance(30);
    await queue.take();
    await clock.advance(5);
    expect(queue.longestWorkMs()).toBe(5);
    queue.done('a/1');
    expect(queue.longestWorkMs()).toBe(0);
    expect(heard).toEqual(['added edit', 'taken after 30', 'done in 5']);
  });

  it('loses no key and never doubles one, whatever is done in which order', async () => {
    const operation = fc.oneof(
      fc.record({
        do: fc.constant('add' as const),
        key: fc.constantFrom('a/1', 'a/2', 'b/1', 'c'),
        priority: fc.constantFrom<Priority>('edit', 'repair', 'resync'),
      }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constant('done' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 80 }), async (operations) => {
        const queue = new WorkQueue({ clock: new FakeClock() });
        const held: string[] = [];
        /** Keys of which somebody still has to be told. */
        const owed = new Set<string>();
        for (const one of operations) {
          if (one.do === 'add') {
            queue.add(one.key, one.priority);
            owed.add(one.key);
          } else if (one.do === 'done') {
            const key = held.shift();
            if (key !== undefined) queue.done(key);
          } else if (queue.depth > 0) {
            const { key } = (await queue.take())!;
            expect(held).not.toContain(key);
            expect(owed.delete(key)).toBe(true);
            held.push(key);
          }
        }
        for (const key of held) queue.done(key);
        while (queue.depth > 0) {
          const { key } = (await queue.take())!;
          expect(owed.delete(key)).toBe(true);
          queue.done(key);
        }
        expect([...owed]).toEqual([]);
      }),
      { seed: 1 },
    );
  });
});
