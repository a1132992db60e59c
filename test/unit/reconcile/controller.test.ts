import { describe, expect, it } from '@jest/globals';
import { ConnectionError, type ReconcileContext, type Result } from '../../../src/reconcile/index.ts';
import { Controller, type Outcome } from '../../../src/reconcile/controller.ts';
import { WorkQueue } from '../../../src/reconcile/queue/queue.ts';
import { Store } from '../../../src/reconcile/store/store.ts';
import { Turn } from '../../../src/base/index.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock, settle } from '../../support/reconcile/fake-clock.ts';
import { refusal } from '../../support/reconcile/fake-cluster.ts';
import { RecordingLog } from '../../support/reconcile/recording-log.ts';
import { widget, type Widget } from '../../support/reconcile/widget.ts';

type Reconcile = (
  key: string,
  object: Widget | undefined,
  context: ReconcileContext<Widget>,
) => Promise<Result>;

const done: Result = { kind: 'done' };

function setUp(reconcile: Reconcile, workers = 4, turnOver?: () => Promise<void> | undefined) {
  const clock = new FakeClock();
  const store = new Store<Widget>();
  const queue = new WorkQueue({ clock, random: () => 1, backoff: { baseMs: 100, maxMs: 10_000 } });
  const log = new RecordingLog();
  const outcomes: Outcome[] = [];
  const now = (): number => clock.now();
  const observe = (outcome: Outcome): unknown => outcomes.push(outcome);
  const reconciler = { reconcile };
  const turn = turnOver === undefined ? new Turn(now) : { over: turnOver };
  const options = { kind: 'Widget', store, queue, reconciler, workers, log, now, turn, observe };
  const controller = new Controller(options);
  controller.recordDeletions();
  controller.start();
  return { clock, store, queue, log, outcomes, controller };
}

/** The log lines above the level debug, at which the controller logs every reconcile. */
const importantLines = (log: RecordingLog) => log.lines.filter(({ level }) => level !== 'debug');

describe('Controller', () => {
  it('passes the newest state of the object, or undefined when the object does not exist', async () => {
    const seen: unknown[] = [];
    const { store, queue } = setUp((_key, object) => {
      seen.push(object);
      return Promise.resolve(done);
    });
    store.upsert(widget('a'));
    queue.add('default/a', 'edit');
    queue.add('default/b', 'edit');
    await settle();
    expect(seen).toEqual([store.get('default/a'), undefined]);
  });

  it('reconciles different keys concurrently, but never the same key', async () => {
    const running = new Map<string, number>();
    const release: (() => void)[] = [];
    let maxRunning = 0;
    const { queue } = setUp(async (key) => {
      running.set(key, (running.get(key) ?? 0) + 1);
      expect(running.get(key)).toBe(1);
      maxRunning = Math.max(
        maxRunning,
        [...running.values()].reduce((a, b) => a + b),
      );
      await new Promise<void>((resolve) => release.push(resolve));
      running.set(key, 0);
      return done;
    });
    for (let round = 0; round < 3; round++) {
      for (const key of ['a/1', 'a/2', 'a/3']) queue.add(key, 'edit');
      await settle();
      for (const resolve of release.splice(0)) resolve();
      await settle();
    }
    expect(maxRunning).toBe(3);
  });

  it('yields the event loop when its turn is over', async () => {
    const seen: string[] = [];
    const nextTurn = Promise.withResolvers<undefined>();
    const work: Reconcile = (key) => {
      seen.push(key);
      return Promise.resolve(done);
    };
    let isOver = true;
    const { queue } = setUp(work, 2, () => (seen.length < 4 || !isOver ? undefined : nextTurn.promise));
    for (let i = 0; i < 10; i++) queue.add(`a/${i}`, 'resync');
    await settle();
    expect(seen.length).toBeLessThanOrEqual(5);
    isOver = false;
    nextTurn.resolve(undefined);
    await settle();
    expect(seen).toHaveLength(10);
  });

  it('starts only the reconciles that fit into a turn, for any number of waiting workers', async () => {
    let now = 0;
    let started = 0;
    const work: Reconcile = () => {
      started++;
      now += 4;
      return Promise.resolve(done);
    };
    const turn = new Turn(() => now);
    const { queue } = setUp(work, 64, () => turn.over());
    const turns: number[] = [];
    const watch = (): void => {
      turns.push(started);
      if (started < 100) setImmediate(watch);
    };
    setImmediate(watch);
    for (let i = 0; i < 100; i++) queue.add(`a/${i}`, 'resync');
    await eventually(() => expect(started).toBe(100));
    // Two reconciles take 8 ms, the length of a turn. The samples can combine the first two turns.
    for (const [index, count] of turns.entries())
      expect(count - (turns[index - 1] ?? 0)).toBeLessThanOrEqual(4);
  });

  it('retries at least once a second while the API server is unreachable, and logs only a few warnings', async () => {
    let isAway = true;
    const { clock, queue, outcomes, log } = setUp(() =>
      isAway
        ? Promise.reject(new ConnectionError('ECONNREFUSED', 'no', { sent: false }))
        : Promise.resolve(done),
    );
    queue.add('default/a', 'edit');
    await clock.advance(300_000);
    expect(outcomes.length).toBeGreaterThan(300);
    expect(importantLines(log)).toHaveLength(3);
    isAway = false;
    await clock.advance(1_000);
    expect(outcomes.at(-1)).toBe('success');
  });

  it('retries a failed key with a growing backoff, passes the attempt, and logs the code and the key', async () => {
    const attempts: number[] = [];
    const { clock, queue, log, outcomes } = setUp((_key, _object, { attempt }) => {
      attempts.push(attempt);
      if (attempt < 3) throw refusal(500, 'InternalError');
      return Promise.resolve(done);
    });
    queue.add('default/a', 'edit');
    await clock.advance(100 + 200 + 400);
    expect(attempts).toEqual([0, 1, 2, 3]);
    expect(outcomes).toEqual(['error', 'error', 'error', 'success']);
    expect(importantLines(log)[0]).toMatchObject({
      level: 'warn',
      kind: 'Widget',
      key: 'default/a',
      code: 500,
      delayMs: 100,
    });
    queue.add('default/a', 'edit');
    await clock.advance(0);
    expect(attempts.at(-1)).toBe(0);
  });

  it('respects the Retry-After of the API server', async () => {
    let times = 0;
    const { clock, queue } = setUp(() => {
      times++;
      return Promise.reject(refusal(429, 'TooManyRequests', 7));
    });
    queue.add('default/a', 'edit');
    await clock.advance(6_999);
    expect(times).toBe(1);
    await clock.advance(1);
    expect(times).toBe(2);
  });

  it('retries after a reconciler throws a value that is not an Error', async () => {
    let times = 0;
    const { clock, queue } = setUp(() => {
      times++;
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- a library can do this
      throw 'a string';
    });
    queue.add('default/a', 'edit');
    await clock.advance(100);
    expect(times).toBe(2);
  });

  it('passes the deleted objects of the key until a reconcile succeeds', async () => {
    const gone: string[][] = [];
    let fails = true;
    const { clock, store, queue } = setUp((_key, _object, context) => {
      gone.push(context.gone.map(({ metadata }) => metadata.uid));
      return fails ? Promise.reject(new Error('not yet')) : Promise.resolve(done);
    });
    store.upsert(widget('a', { uid: 'one', version: '1' }));
    store.upsert(widget('a', { uid: 'two', version: '2' }));
    queue.add('default/a', 'edit');
    await clock.advance(0);
    store.delete(widget('a', { uid: 'two' }));
    fails = false;
    await clock.advance(100);
    queue.add('default/a', 'edit');
    await clock.advance(0);
    expect(gone).toEqual([['one'], ['one', 'two'], []]);
  });

  it('passes an object that is deleted during a reconcile to the next reconcile', async () => {
    const gone: string[][] = [];
    let release: () => void = () => undefined;
    const { store, queue } = setUp(async (_key, _object, context) => {
      gone.push(context.gone.map(({ metadata }) => metadata.uid));
      await new Promise<void>((resolve) => (release = resolve));
      return done;
    });
    store.upsert(widget('a', { uid: 'one' }));
    queue.add('default/a', 'edit');
    await settle();
    store.delete(widget('a', { uid: 'one' }));
    queue.add('default/a', 'edit');
    release();
    await settle();
    release();
    expect(gone).toEqual([[], ['one']]);
  });

  it('finishes the reconciles in progress on stop, and drops the waiting keys', async () => {
    const worked: string[] = [];
    let release: () => void = () => undefined;
    const { queue, controller } = setUp(async (key) => {
      worked.push(key);
      await new Promise<void>((resolve) => (release = resolve));
      return done;
    }, 1);
    queue.add('a/1', 'edit');
    queue.add('a/2', 'edit');
    await settle();
    let isStopped = false;
    void controller.stop().then(() => (isStopped = true));
    await settle();
    expect(isStopped).toBe(false);
    release();
    await settle();
    expect(isStopped).toBe(true);
    expect(worked).toEqual(['a/1']);
  });

  it('aborts the signal of the reconciles in progress on abort', async () => {
    let signal: AbortSignal | undefined;
    const { queue, controller } = setUp((_key, _object, context) => {
      signal = context.signal;
      return Promise.resolve(done);
    });
    queue.add('a/1', 'edit');
    await settle();
    expect(signal?.aborted).toBe(false);
    controller.abort();
    expect(signal?.aborted).toBe(true);
  });
});
