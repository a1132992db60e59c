import { describe, expect, it } from '@jest/globals';
import {
  ConnectionError,
  TerminalError,
  type ReconcileContext,
  type Result,
} from '../../../src/reconcile/index.ts';
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
  controller.open();
  controller.start();
  return { clock, store, queue, log, outcomes, controller };
}

/** What was said above the level that tells of every reconcile. */
const complaints = (log: RecordingLog) => log.lines.filter(({ level }) => level !== 'debug');

describe('a controller', () => {
  it('gives the newest state of the key, and undefined for what is not there', async () => {
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

  it('never works on one key twice at a time, but on different keys at once', async () => {
    const running = new Map<string, number>();
    const release: (() => void)[] = [];
    let most = 0;
    const { queue } = setUp(async (key) => {
      running.set(key, (running.get(key) ?? 0) + 1);
      expect(running.get(key)).toBe(1);
      most = Math.max(
        most,
        [...running.values()].reduce((a, b) => a + b),
      );
      await new Promise<void>((resolve) => release.push(resolve));
      running.set(key, 0);
      return done;
    });
    for (let round = 0; round < 3; round++) {
      for (const key of ['a/1', 'a/2', 'a/3']) queue.add(key, 'edit');
      await settle();
      for (const go of release.splice(0)) go();
      await settle();
    }
    expect(most).toBe(3);
  });

  it('lets others have the event loop before it goes on, when its turn is over', async () => {
    const seen: string[] = [];
    const others = Promise.withResolvers<undefined>();
    const work: Reconcile = (key) => {
      seen.push(key);
      return Promise.resolve(done);
    };
    let isOver = true;
    const { queue } = setUp(work, 2, () => (seen.length < 4 || !isOver ? undefined : others.promise));
    for (let i = 0; i < 10; i++) queue.add(`a/${i}`, 'resync');
    await settle();
    expect(seen.length).toBeLessThanOrEqual(5);
    isOver = false;
    others.resolve(undefined);
    await settle();
    expect(seen).toHaveLength(10);
  });

  it('begins no more in a turn than fits, however many workers wait for it', async () => {
    let now = 0;
    let begun = 0;
    const work: Reconcile = () => {
      begun++;
      now += 4;
      return Promise.resolve(done);
    };
    const turn = new Turn(() => now);
    const { queue } = setUp(work, 64, () => turn.over());
    const turns: number[] = [];
    const watch = (): void => {
      turns.push(begun);
      if (begun < 100) setImmediate(watch);
    };
    setImmediate(watch);
    for (let i = 0; i < 100; i++) queue.add(`a/${i}`, 'resync');
    await eventually(() => expect(begun).toBe(100));
    // Two are 8 ms; the first two turns may follow one another.
    for (const [index, count] of turns.entries())
      expect(count - (turns[index - 1] ?? 0)).toBeLessThanOrEqual(4);
  });

  it('tries at least once a second what fails because the API server is away, and warns of it a few times', async () => {
    let isAway = true;
    const { clock, queue, outcomes, log } = setUp(() =>
      isAway
        ? Promise.reject(new ConnectionError('ECONNREFUSED', 'no', { sent: false }))
        : Promise.resolve(done),
    );
    queue.add('default/a', 'edit');
    await clock.advance(300_000);
    expect(outcomes.length).toBeGreaterThan(300);
    expect(complaints(log)).toHaveLength(3);
    isAway = false;
    await clock.advance(1_000);
    expect(outcomes.at(-1)).toBe('success');
  });

  it('comes back after the time that a reconcile asks for', async () => {
    let times = 0;
    const { clock, queue, outcomes } = setUp(() => {
      times++;
      return Promise.resolve(times === 1 ? { kind: 'requeue', afterMs: 500 } : { kind: 'wait' });
    });
    queue.add('default/a', 'edit');
    await clock.advance(499);
    expect(times).toBe(1);
    await clock.advance(1);
    expect(times).toBe(2);
    await clock.advance(100_000);
    expect(times).toBe(2);
    expect(outcomes).toEqual(['requeue_after', 'success']);
  });

  it('retries what throws, later each time, tells how often, and logs code and key', async () => {
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
    expect(complaints(log)[0]).toMatchObject({
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

  it('waits as long as the API server asks', async () => {
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

  it('does not retry a terminal error until the key is added again', async () => {
    let times = 0;
    const { clock, queue, log, outcomes } = setUp(() => {
      times++;
      return Promise.reject(new TerminalError('INVALID_CIDR', 'not a CIDR'));
    });
    queue.add('default/a', 'edit');
    await clock.advance(1_000_000);
    expect(times).toBe(1);
    expect(outcomes).toEqual(['terminal_error']);
    expect(complaints(log)[0]).toMatchObject({ level: 'error', code: 'INVALID_CIDR' });
    queue.add('default/a', 'edit');
    await clock.advance(0);
    expect(times).toBe(2);
  });

  it('survives a reconciler that throws something that is no error', async () => {
    let times = 0;
    const { clock, queue } = setUp(() => {
      times++;
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- somebody's library will
      throw 'a string';
    });
    queue.add('default/a', 'edit');
    await clock.advance(100);
    expect(times).toBe(2);
  });

  it('tells of everything that had the key and is gone, until a reconcile succeeds', async () => {
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

  it('keeps what goes away during a reconcile for the next one', async () => {
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

  it('on a stop finishes what is under way and drops what waits', async () => {
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

  it('aborts the signal of what is under way when it is told to', async () => {
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
