import { afterEach, describe, expect, it } from '@jest/globals';
import {
  EventRecorder,
  LeaderElector,
  Manager,
  type Kind,
  type ManagerOptions,
  type ReconcileContext,
  type Reconciler,
  type Result,
} from '../../../src/reconcile/index.ts';
import { FakeClock, settle } from '../../support/reconcile/fake-clock.ts';
import { FakeCluster, lostReply, refusal } from '../../support/reconcile/fake-cluster.ts';
import { RecordingLog } from '../../support/reconcile/recording-log.ts';
import { newWidget, shelfType, widgetType, type Shelf, type Widget } from '../../support/reconcile/widget.ts';

const done: Result = { kind: 'done' };
const widgets: Kind<Widget> = {
  type: widgetType,
  references: {
    shelf: {
      to: 'Shelf',
      keys: ({ spec }) => (spec?.shelf === undefined ? [] : [`default/${spec.shelf}`]),
      wakesTarget: { afterMs: 100 },
    },
  },
};
const shelves: Kind<Shelf> = { type: shelfType, facts: ({ status }) => status?.ready };
const newShelf = (name: string) => ({ ...newWidget(name), kind: 'Shelf' });
const ref = (name: string) => ({ namespace: 'default', name });

/** A manager of widgets and shelves. Its reconcilers record their calls and run the callbacks of the test. */
class Bench {
  readonly clock = new FakeClock();
  readonly cluster = new FakeCluster();
  readonly log = new RecordingLog();
  readonly calls: string[] = [];
  onWidget: (object: Widget | undefined, context: ReconcileContext<Widget>) => Promise<Result> | Result =
    () => done;
  onShelf: (object: Shelf | undefined) => Promise<Result> | Result = () => done;
  readonly manager: Manager;

  constructor(options: Partial<ManagerOptions> = {}, cluster?: FakeCluster) {
    if (cluster !== undefined) this.cluster = cluster;
    const { clock, log } = this;
    this.manager = new Manager({
      client: this.cluster,
      clock,
      log,
      random: () => 1,
      graceMs: 5_000,
      ...options,
    });
    const widgetReconciler: Reconciler<Widget> = {
      reconcile: async (key, object, context) => {
        this.calls.push(`Widget ${key} ${context.priority}`);
        return this.onWidget(object, context);
      },
    };
    const shelfReconciler: Reconciler<Shelf> = {
      reconcile: async (key, object, context) => {
        this.calls.push(`Shelf ${key} ${context.priority}`);
        return this.onShelf(object);
      },
    };
    this.manager.addKind(widgets, widgetReconciler);
    this.manager.addKind(shelves, shelfReconciler);
    running.push(this);
  }

  async start(): Promise<void> {
    await this.manager.start();
    await this.clock.advance(0);
  }

  /** Returns the calls since the previous use of this method. */
  async called(ms = 0): Promise<string[]> {
    await this.clock.advance(ms);
    return this.calls.splice(0);
  }
}

const running: Bench[] = [];

describe('Manager', () => {
  afterEach(async () => {
    for (const { manager, clock } of running.splice(0)) {
      const stopping = manager.stop();
      await clock.advance(100_000);
      await stopping;
    }
  });

  it('reconciles every object with the priority resync after the caches are synced', async () => {
    const bench = new Bench();
    await bench.cluster.create(widgetType, newWidget('a', { shelf: 's' }));
    await bench.cluster.create(shelfType, newShelf('s'));
    bench.manager.beforeStart('look', () => {
      expect(bench.manager.store('Shelf').size + bench.manager.store('Widget').size).toBe(2);
      expect(bench.calls).toEqual([]);
      return Promise.resolve();
    });
    await bench.start();
    expect(await bench.called()).toEqual(['Widget default/a resync', 'Shelf default/s resync']);
  });

  it('reconciles an edit and a deletion with the priority edit, and a status change with the priority repair', async () => {
    const bench = new Bench();
    await bench.start();
    await bench.cluster.create(widgetType, newWidget('a'));
    expect(await bench.called()).toEqual(['Widget default/a edit']);
    bench.cluster.edit(widgetType, ref('a'), (old) => ({ ...old, spec: { size: 2 } }));
    expect(await bench.called()).toEqual(['Widget default/a edit']);
    bench.cluster.edit(widgetType, ref('a'), (old) => ({ ...old, status: { size: 9 } }));
    expect(await bench.called()).toEqual(['Widget default/a repair']);
    const gone: unknown[] = [];
    bench.onWidget = (object, context) => {
      gone.push([object, context.gone.map(({ metadata }) => metadata.uid)]);
      return done;
    };
    await bench.cluster.delete(widgetType, ref('a'));
    expect(await bench.called()).toEqual(['Widget default/a edit']);
    expect(gone).toEqual([[undefined, ['uid-1']]]);
  });

  it('does not reconcile an object again after its own status write', async () => {
    const bench = new Bench();
    await bench.start();
    bench.onWidget = async (object) => {
      if (object !== undefined) await bench.manager.status.write(widgetType, object, { size: 1 });
      return done;
    };
    await bench.cluster.create(widgetType, newWidget('a'));
    expect(await bench.called()).toEqual(['Widget default/a edit']);
    expect(bench.cluster.writes.filter((call) => call.includes('status'))).toHaveLength(1);
    bench.manager.resync();
    expect(await bench.called()).toEqual(['Widget default/a resync']);
    expect(bench.cluster.writes.filter((call) => call.includes('status'))).toHaveLength(1);
  });

  it('passes the written status to the next reconcile before the watch delivers it', async () => {
    const bench = new Bench();
    await bench.start();
    await bench.cluster.create(widgetType, newWidget('a'));
    await bench.called();
    bench.cluster.failing = (call) => (call.startsWith('watch') ? lostReply() : undefined);
    bench.cluster.endWatches(lostReply());
    bench.onWidget = async (object) => {
      if (object !== undefined) await bench.manager.status.write(widgetType, object, { size: 1 });
      return done;
    };
    bench.manager.enqueue('Widget', 'default/a');
    await bench.called();
    bench.manager.enqueue('Widget', 'default/a');
    await bench.called();
    expect(bench.cluster.writes.filter((call) => call.includes('status'))).toHaveLength(1);
  });

  it('reconciles an edit that occurs during a status write', async () => {
    const bench = new Bench();
    await bench.start();
    const sizes: unknown[] = [];
    bench.onWidget = async (object) => {
      sizes.push(object?.spec?.size);
      if (sizes.length === 1)
        bench.cluster.edit(widgetType, ref('a'), (old) => ({ ...old, spec: { size: 2 } }));
      if (object !== undefined)
        await bench.manager.status.write(widgetType, object, { size: object.spec?.size });
      return done;
    };
    await bench.cluster.create(widgetType, newWidget('a', { size: 1 }));
    await bench.called();
    expect(sizes).toEqual([1, 2]);
    expect(bench.manager.store<Widget>('Widget').get('default/a')?.status).toEqual({ size: 2 });
  });

  it('enqueues the referrers when a referenced object is created or changes its facts', async () => {
    const bench = new Bench();
    await bench.start();
    bench.onWidget = () => ({ kind: 'wait' });
    for (const name of ['a', 'b']) await bench.cluster.create(widgetType, newWidget(name, { shelf: 's' }));
    await bench.cluster.create(widgetType, newWidget('c', { shelf: 'other' }));
    await bench.called(1_000);
    await bench.cluster.create(shelfType, newShelf('s'));
    expect(await bench.called(1_000)).toEqual([
      'Shelf default/s edit',
      'Widget default/a repair',
      'Widget default/b repair',
    ]);
    bench.cluster.edit(shelfType, ref('s'), (old) => ({ ...old, status: { count: 2 } }));
    expect(await bench.called(1_000)).toEqual(['Shelf default/s repair']);
    bench.cluster.edit(shelfType, ref('s'), (old) => ({ ...old, status: { count: 2, ready: true } }));
    expect(await bench.called(1_000)).toHaveLength(3);
    await bench.cluster.delete(shelfType, ref('s'));
    expect(await bench.called(1_000)).toHaveLength(3);
  });

  it('enqueues the referrers after its own status write', async () => {
    const bench = new Bench();
    await bench.start();
    await bench.cluster.create(widgetType, newWidget('a', { shelf: 's' }));
    await bench.called(1_000);
    bench.onShelf = async (object) => {
      if (object !== undefined) await bench.manager.status.write(shelfType, object, { ready: true });
      return done;
    };
    await bench.cluster.create(shelfType, newShelf('s'));
    await bench.called(1_000);
    let isReady: unknown;
    bench.onWidget = () => {
      isReady = bench.manager.store<Shelf>('Shelf').get('default/s')?.status?.ready;
      return done;
    };
    bench.cluster.edit(shelfType, ref('s'), (old) => ({ ...old, status: {} }));
    await bench.called(1_000);
    expect(isReady).toBe(true);
  });

  it('enqueues a referenced object once for a burst of referrers, and immediately when it is being deleted', async () => {
    const bench = new Bench();
    await bench.start();
    const held = newShelf('s');
    await bench.cluster.create(shelfType, { ...held, metadata: { ...held.metadata, finalizers: ['x/y'] } });
    await bench.called();
    for (let i = 0; i < 20; i++) await bench.cluster.create(widgetType, newWidget(`w${i}`, { shelf: 's' }));
    const calls = await bench.called(99);
    expect(calls.filter((call) => call.startsWith('Shelf'))).toEqual([]);
    expect(await bench.called(1)).toEqual(['Shelf default/s repair']);
    await bench.cluster.delete(shelfType, ref('s'));
    await bench.called();
    await bench.cluster.delete(widgetType, ref('w0'));
    expect(await bench.called()).toContain('Shelf default/s repair');
  });

  it('retries every key when all reconciles fail at the same time', async () => {
    const bench = new Bench();
    await bench.start();
    let isDown = true;
    const succeeded = new Set<string>();
    bench.onWidget = (object) => {
      if (isDown) throw refusal(503, 'Unavailable');
      succeeded.add(object?.metadata.name ?? '');
      return done;
    };
    for (let i = 0; i < 200; i++) await bench.cluster.create(widgetType, newWidget(`w${i}`));
    await bench.called(10_000);
    isDown = false;
    await bench.called(60_000);
    expect(succeeded.size).toBe(200);
  });

  it('rejects a reference to an unregistered kind, and a second registration of a kind', async () => {
    const manager = new Manager({ client: new FakeCluster() });
    manager.addKind(widgets);
    expect(() => manager.addKind(widgets)).toThrow('the kind Widget is already registered');
    await expect(manager.start()).rejects.toThrow(
      'the kind Widget refers to the kind Shelf, which is not registered',
    );
    await manager.stop();
  });

  it('reports the current phase until it is ready', async () => {
    const bench = new Bench();
    const readiness = (): string | undefined => {
      const { ok, checks } = bench.manager.ready.report();
      return ok ? undefined : `${checks['manager'] ?? ''}; ${checks['api'] ?? ''}`;
    };
    expect(readiness()).toBe('not started; ok');
    bench.cluster.failing = () => lostReply();
    let finish: () => void = () => undefined;
    bench.manager.beforeStart('the pools', () => new Promise<void>((resolve) => (finish = resolve)));
    const starting = bench.manager.start();
    expect(readiness()).toBe('syncing caches; ok');
    await bench.clock.advance(20_000);
    expect(readiness()).toBe('syncing caches; cannot list or watch Widget, Shelf');
    bench.cluster.failing = () => undefined;
    await bench.clock.advance(30_000);
    expect(readiness()).toBe('the pools; ok');
    finish();
    await starting;
    expect(readiness()).toBeUndefined();
  });

  it('runs the duringSync hooks during the list, and continues after both', async () => {
    const bench = new Bench();
    bench.cluster.failing = () => lostReply();
    const steps: string[] = [];
    const connected = Promise.withResolvers<undefined>();
    bench.manager.duringSync('connecting', () => {
      steps.push('connecting');
      return connected.promise;
    });
    bench.manager.beforeStart('the pools', () => Promise.resolve(void steps.push('the pools')));
    const phase = () => bench.manager.ready.report().checks['manager'];
    const starting = bench.manager.start();
    await settle();
    expect([steps, phase()]).toEqual([['connecting'], 'syncing caches, connecting']);
    bench.cluster.failing = () => undefined;
    await bench.clock.advance(1_000);
    expect([steps, phase()]).toEqual([['connecting'], 'connecting']);
    connected.resolve(undefined);
    await starting;
    expect(steps).toEqual(['connecting', 'the pools']);
  });

  it('rejects the start when a duringSync hook fails', async () => {
    const bench = new Bench();
    bench.cluster.failing = () => lostReply();
    bench.manager.duringSync('connecting', () => Promise.reject(new Error('no such database')));
    await expect(bench.manager.start()).rejects.toThrow('no such database');
  });

  it('reconciles changes that occur during the beforeStart hooks', async () => {
    const bench = new Bench();
    await bench.cluster.create(widgetType, newWidget('a'));
    bench.manager.beforeStart('the pools', async () => {
      await settle();
      await bench.cluster.delete(widgetType, ref('a'));
      await bench.cluster.create(widgetType, newWidget('b'));
    });
    const gone: string[] = [];
    bench.onWidget = (_object, context) => {
      gone.push(...context.gone.map(({ metadata }) => metadata.uid));
      return done;
    };
    await bench.start();
    expect((await bench.called()).sort()).toEqual(['Widget default/a edit', 'Widget default/b edit']);
    expect(gone).toEqual(['uid-1']);
  });

  it('is not healthy while a reconcile does not end', async () => {
    const bench = new Bench();
    const held = Promise.withResolvers<Result>();
    bench.onWidget = () => held.promise;
    await bench.cluster.create(widgetType, newWidget('a'));
    await bench.start();
    await bench.clock.advance(590_000);
    expect(bench.manager.health.report()).toEqual({ ok: true, checks: { reconciles: 'ok' } });
    await bench.clock.advance(10_000);
    expect(bench.manager.health.report()).toEqual({
      ok: false,
      checks: { reconciles: 'reconciles do not end: Widget' },
    });
    held.resolve(done);
    await bench.clock.advance(0);
    expect(bench.manager.health.report().ok).toBe(true);
  });

  describe('with an elector', () => {
    const electorOf = (bench: { clock: FakeClock; cluster: FakeCluster }, identity: string): LeaderElector =>
      new LeaderElector({
        client: bench.cluster,
        lease: { namespace: 'system', name: 'operator' },
        identity,
        clock: bench.clock,
        random: () => 0,
        onLost: () => undefined,
      });

    it('keeps a standby synced, idle and ready until it acquires the lease', async () => {
      const clock = new FakeClock();
      const cluster = new FakeCluster();
      const other = electorOf({ clock, cluster }, 'other');
      await other.acquire(new AbortController().signal);
      const standby = new Bench({ clock, elector: electorOf({ clock, cluster }, 'standby') }, cluster);
      const steps: string[] = [];
      standby.manager.duringSync('connect', () => Promise.resolve(void steps.push('connect')));
      standby.manager.beforeStart('pools', () => Promise.resolve(void steps.push('pools')));
      const starting = standby.manager.start();
      await cluster.create(widgetType, newWidget('a'));
      await clock.advance(30_000);
      expect(steps).toEqual(['connect']);
      expect(standby.manager.store('Widget').size).toBe(1);
      expect(standby.manager.ready.report().ok).toBe(true);
      expect(standby.calls).toEqual([]);
      standby.manager.enqueue('Widget', 'default/a');
      await other.release();
      await clock.advance(3_000);
      await starting;
      expect(steps).toEqual(['connect', 'pools']);
      expect(standby.calls).toEqual(['Widget default/a resync']);
    });

    it('is not healthy if it leads although its lease has expired', async () => {
      const clock = new FakeClock();
      const cluster = new FakeCluster();
      const elector = electorOf({ clock, cluster }, 'one');
      const bench = new Bench({ clock, elector }, cluster);
      await elector.acquire(new AbortController().signal);
      await clock.advance(60_000);
      expect(bench.manager.health.report().ok).toBe(true);
      // The timers of a suspended process do not run.
      clock.suspend(15_000);
      expect(bench.manager.health.report().checks).toMatchObject({
        lease: 'this process believes to lead, but its Lease has expired',
      });
    });

    it('releases the lease on stop after the last reconcile', async () => {
      const clock = new FakeClock();
      const cluster = new FakeCluster();
      const bench = new Bench({ clock, elector: electorOf({ clock, cluster }, 'one') }, cluster);
      const starting = bench.manager.start();
      await clock.advance(0);
      await starting;
      let finish: () => void = () => undefined;
      bench.onWidget = async () => {
        await new Promise<void>((resolve) => (finish = resolve));
        return done;
      };
      await cluster.create(widgetType, newWidget('a'));
      await clock.advance(0);
      const stopping = bench.manager.stop();
      await clock.advance(1_000);
      expect(cluster.writes.filter((call) => call.startsWith('update leases'))).toEqual([]);
      finish();
      await clock.advance(0);
      await stopping;
      expect(cluster.writes.at(-1)).toBe('update leases system/operator');
      expect(clock.pending).toBe(0);
    });
  });

  describe('stop', () => {
    it('ends the reconciles, the hooks in reverse order, the events, the watches and the client, in this order', async () => {
      const clock = new FakeClock();
      const cluster = new FakeCluster();
      const events = new EventRecorder({
        client: cluster,
        controller: 'c',
        instance: 'i',
        clock,
        perSecond: 0.001,
        burst: 0,
      });
      const bench = new Bench({ clock, events }, cluster);
      const steps: string[] = [];
      for (const name of ['first', 'second']) {
        bench.manager.onStop(name, () => {
          steps.push(`${name} with ${cluster.watching} watches`);
          if (name === 'second') throw new Error('ignored');
          return Promise.resolve();
        });
      }
      await bench.start();
      bench.onWidget = (object) => {
        if (object !== undefined) {
          bench.manager.events.record(object, { type: 'Normal', reason: 'R', action: 'A', note: 'n' });
        }
        return done;
      };
      await cluster.create(widgetType, newWidget('a'));
      await bench.called();
      await bench.manager.stop();
      expect(steps).toEqual(['second with 2 watches', 'first with 2 watches']);
      expect(cluster.writes.at(-1)).toMatch(/^create events default\/a\./);
      expect(cluster.watching).toBe(0);
      expect(cluster.isClosed).toBe(true);
      expect(clock.pending).toBe(0);
    });

    it('aborts reconciles that exceed the grace period', async () => {
      const bench = new Bench();
      await bench.start();
      let signal: AbortSignal | undefined;
      bench.onWidget = (_object, context) => {
        ({ signal } = context);
        return new Promise(() => undefined);
      };
      await bench.cluster.create(widgetType, newWidget('a'));
      await bench.called();
      let isStopped = false;
      void bench.manager.stop().then(() => (isStopped = true));
      await bench.clock.advance(4_999);
      expect(signal?.aborted).toBe(false);
      await bench.clock.advance(1);
      expect(signal?.aborted).toBe(true);
      await bench.clock.advance(1_000);
      expect(isStopped).toBe(true);
    });

    it.each(['the list', 'a duringSync hook', 'a beforeStart hook'])(
      'ends a start during %s',
      async (when) => {
        const bench = new Bench();
        if (when === 'the list') bench.cluster.failing = () => lostReply();
        bench.manager[when === 'a duringSync hook' ? 'duringSync' : 'beforeStart'](
          'hook',
          (signal) =>
            new Promise((_resolve, reject) =>
              signal.addEventListener('abort', () => reject(new Error('aborted'))),
            ),
        );
        const starting = bench.manager.start();
        await bench.clock.advance(100);
        const stopping = bench.manager.stop();
        await bench.clock.advance(0);
        await stopping;
        await starting;
        expect(bench.calls).toEqual([]);
        expect(bench.clock.pending).toBe(0);
      },
    );
  });

  it('exports the metrics of the queue and the controller', async () => {
    const bench = new Bench();
    await bench.start();
    bench.onWidget = (_object, { attempt }) => {
      if (attempt === 0) throw new Error('once');
      return done;
    };
    await bench.cluster.create(widgetType, newWidget('a'));
    await bench.called(1_000);
    const text = bench.manager.metrics.text();
    expect(text).toContain('workqueue_adds_total{name="Widget",priority="edit"} 1');
    expect(text).toContain('workqueue_retries_total{name="Widget"} 1');
    expect(text).toContain('controller_runtime_reconcile_total{controller="Widget",result="error"} 1');
    expect(text).toContain('controller_runtime_reconcile_total{controller="Widget",result="success"} 1');
    expect(text).toContain('workqueue_depth{name="Widget"} 0');
  });
});
