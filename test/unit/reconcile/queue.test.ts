import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Priority } from '../../../src/reconcile/index.ts';
import { WorkQueue, type Work } from '../../../src/reconcile/queue/queue.ts';
import { FakeClock, settle } from '../../support/reconcile/fake-clock.ts';

function setUp() {
  const clock = new FakeClock();
  // With this random value the delay has no jitter: 0.5 + 0.5 × 1.
  const queue = new WorkQueue({ clock, random: () => 1, backoff: { baseMs: 100, maxMs: 1_000 } });
  /**
   * Takes and completes all waiting keys.
   *
   * @returns the keys in order
   */
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

describe('WorkQueue', () => {
  it('returns a key once, even when it is added several times', async () => {
    const { queue, run } = setUp();
    for (const priority of ['edit', 'resync', 'repair'] as const) queue.add('a/x', priority);
    expect(await run()).toEqual(['a/x']);
  });

  it('returns edits first, then repairs, then resyncs', async () => {
    const { queue, run } = setUp();
    queue.add('a/resync', 'resync');
    queue.add('a/repair', 'repair');
    queue.add('a/edit', 'edit');
    expect(await run()).toEqual(['a/edit', 'a/repair', 'a/resync']);
  });

  it('raises the priority of a waiting key, and never lowers it', async () => {
    const { queue, run } = setUp();
    for (const key of ['a/1', 'a/2', 'a/3']) queue.add(key, 'resync');
    queue.add('a/3', 'edit');
    queue.add('a/3', 'resync');
    expect(await run()).toEqual(['a/3', 'a/1', 'a/2']);
    expect(queue.depth).toBe(0);
  });

  it('lets the namespaces take turns, so that a namespace with many keys does not delay others', async () => {
    const { queue, run } = setUp();
    for (let i = 0; i < 1000; i++) queue.add(`noisy/${i}`, 'edit');
    for (let i = 0; i < 3; i++) queue.add(`quiet${i}/x`, 'edit');
    const order = await run();
    expect(order.slice(0, 4)).toEqual(['noisy/0', 'quiet0/x', 'quiet1/x', 'quiet2/x']);
    expect(order).toHaveLength(1003);
  });

  it('does not starve the repairs of a namespace during a stream of edits in another one', async () => {
    const { queue } = setUp();
    queue.add('quiet/x', 'repair');
    const order: string[] = [];
    for (let i = 0; i < 8; i++) {
      queue.add(`noisy/${i}`, 'edit');
      queue.add(`noisy/also-${i}`, 'edit');
      const { key } = (await queue.take())!;
      order.push(key);
      queue.done(key);
    }
    expect(order.indexOf('quiet/x')).toBeLessThan(4);
  });

  it('returns the first repair soon behind a stream of edits and a backlog of resyncs', async () => {
    const { queue } = setUp();
    for (let i = 0; i < 1001; i++) queue.add(`tenant-${i % 7}/old-${i}`, 'resync');
    for (let i = 0; i < 100; i++) queue.add(`tenant-${i % 7}/new-${i}`, 'edit');
    const taken: Priority[] = [];
    for (let i = 0; i < 64; i++) {
      queue.add(`tenant-1/edit-${i}`, 'edit');
      queue.add(`tenant-1/repair-${i}`, 'repair');
      const { key, priority } = (await queue.take())!;
      taken.push(priority);
      queue.done(key);
    }
    expect(taken.indexOf('repair')).toBe(3);
    expect(taken.filter((priority) => priority === 'repair')).toHaveLength(15);
    expect(taken.filter((priority) => priority === 'resync')).toHaveLength(4);
  });

  it('does not starve the repairs of a namespace that is busy whenever repairs have their turn', async () => {
    const queue = new WorkQueue({ clock: new FakeClock(), maxPerNamespace: 1 });
    const add = (namespace: string, i: number): void => queue.add(`${namespace}/${i}`, 'edit');
    for (const namespace of ['a', 'b']) for (let i = 0; i < 100; i++) add(namespace, i);
    queue.add('a/repair', 'repair');
    const running = [(await queue.take())!.key, (await queue.take())!.key];
    const order = [...running];
    // The workers of both namespaces finish in turn, so each take has one namespace to choose from.
    for (let i = 0; i < 16; i++) {
      queue.done(running.shift()!);
      const { key } = (await queue.take())!;
      running.push(key);
      order.push(key);
    }
    expect(order.indexOf('a/repair')).toBeGreaterThan(0);
    expect(order.indexOf('a/repair')).toBeLessThan(6);
  });

  it('keeps workers free for other namespaces when one namespace waits for I/O', async () => {
    const queue = new WorkQueue({ clock: new FakeClock(), maxPerNamespace: 2 });
    const taken: string[] = [];
    const worker = async (): Promise<void> => {
      for (let work = await queue.take(); work !== undefined; work = await queue.take()) taken.push(work.key);
    };
    for (let i = 0; i < 3; i++) void worker();
    for (let i = 0; i < 9; i++) queue.add(`noisy/${i}`, 'edit');
    await settle();
    expect(taken).toEqual(['noisy/0', 'noisy/1']);
    queue.add('quiet/x', 'edit');
    await settle();
    expect(taken).toEqual(['noisy/0', 'noisy/1', 'quiet/x']);
    queue.done('noisy/0');
    await settle();
    expect(taken).toHaveLength(4);
    await Promise.race([queue.shutDown({ drain: false }), settle()]);
  });

  it('does not starve a resync during a stream of edits', async () => {
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

  it('does not give a key to two workers, and returns it again when it was added in between', async () => {
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

  it('gives a key to the worker that has waited longest', async () => {
    const { queue } = setUp();
    const takers = [queue.take(), queue.take()];
    queue.add('a/1', 'edit');
    queue.add('a/2', 'edit');
    expect((await Promise.all(takers)).map((work) => work?.key)).toEqual(['a/1', 'a/2']);
  });

  it('adds a delayed key at the earliest of its times', async () => {
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

  it('cancels the delay of a key that a worker takes', async () => {
    const { clock, queue, run } = setUp();
    queue.addAfter('a/x', 500);
    queue.add('a/x', 'edit');
    expect(await run()).toEqual(['a/x']);
    await clock.advance(10_000);
    expect(await run()).toEqual([]);
  });

  it('increases the backoff after each failure up to a limit, until forget', () => {
    const { queue } = setUp();
    expect([1, 2, 3, 4, 5, 6].map(() => queue.retry('a/x'))).toEqual([100, 200, 400, 800, 1000, 1000]);
    expect(queue.retry('b/x')).toBe(100);
    queue.forget('a/x');
    expect(queue.retry('a/x')).toBe(100);
    expect(queue.retry('b/x', { atLeastMs: 5_000 })).toBe(5_000);
  });

  it('limits the backoff to `atMostMs`, and stops its growth at that limit', () => {
    const { queue } = setUp();
    const limited = () => queue.retry('a/x', { atMostMs: 300 });
    expect([1, 2, 3, 4, 5, 6].map(limited)).toEqual([100, 200, 300, 300, 300, 300]);
    expect(queue.retry('a/x')).toBe(800);
  });

  it('applies jitter of up to half of the backoff', () => {
    const at = (random: number) =>
      new WorkQueue({ clock: new FakeClock(), random: () => random }).retry('a/x');
    expect(at(0)).toBe(25);
    expect(at(0.5)).toBe(37.5);
  });

  it('returns the number of failures with a key', async () => {
    const { clock, queue } = setUp();
    queue.retry('a/x');
    queue.retry('a/x');
    await clock.advance(1_000);
    expect(await queue.take()).toEqual({ key: 'a/x', priority: 'repair', attempt: 2 });
  });

  it('keeps the times of many delayed keys after most of them were cancelled', async () => {
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

  it('returns the waiting keys after a shutdown with `drain`, and resolves after the last one is done', async () => {
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

  it('resolves waiting takes with undefined after a shutdown without `drain`', async () => {
    const { queue } = setUp();
    const taker = queue.take();
    await queue.shutDown({ drain: false });
    expect(await taker).toBeUndefined();
    queue.add('a/1', 'edit');
    expect(await queue.take()).toBeUndefined();
  });

  it('reports the waiting and processing times to the observer', async () => {
    const clock = new FakeClock();
    const events: string[] = [];
    const observer = {
      added: (priority: Priority) => events.push(`added ${priority}`),
      taken: (ms: number) => events.push(`taken after ${ms}`),
      done: (ms: number) => events.push(`done in ${ms}`),
      retried: () => events.push('retried'),
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
    expect(events).toEqual(['added edit', 'taken after 30', 'done in 5']);
  });

  it('never loses or duplicates a key with random operations', async () => {
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
        /** The keys that a worker must still receive. */
        const expected = new Set<string>();
        for (const one of operations) {
          if (one.do === 'add') {
            queue.add(one.key, one.priority);
            expected.add(one.key);
          } else if (one.do === 'done') {
            const key = held.shift();
            if (key !== undefined) queue.done(key);
          } else if (queue.depth > 0) {
            const { key } = (await queue.take())!;
            expect(held).not.toContain(key);
            expect(expected.delete(key)).toBe(true);
            held.push(key);
          }
        }
        for (const key of held) queue.done(key);
        while (queue.depth > 0) {
          const { key } = (await queue.take())!;
          expect(expected.delete(key)).toBe(true);
          queue.done(key);
        }
        expect([...expected]).toEqual([]);
      }),
      { seed: 1 },
    );
  });
});
