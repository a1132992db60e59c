import {
  type Backoff,
  type Clock,
  type Logger,
  type Random,
  errorFields,
  realClock,
  silentLogger,
  sleep,
} from '../base/index.ts';
import type { KubeClient } from './client/client.ts';
import type { EventRecorder, EventSink } from './events.ts';
import { Finalizers } from './finalizer.ts';
import { HealthRegistry } from './health.ts';
import { KindRegistry } from './kinds.ts';
import type { LeaderElector } from './leader.ts';
import { MetricsRegistry } from './metrics.ts';
import { runtimeMetrics } from './runtime-metrics.ts';
import { StatusWriter, type Refresh } from './status.ts';
import type { ReadStore } from './store/store.ts';
import type { Kind, KubeObject, Priority, Reconciler } from './types.ts';
import { Reflector, type ReflectorOptions } from './watch/reflector.ts';

/** Settings of a {@link Manager}. */
export interface ManagerOptions {
  readonly client: KubeClient;
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  /** The number of concurrent reconciles per kind. A high number lets OVN commit their writes in groups. */
  readonly workers?: number;
  /** The backoff of a key that fails. */
  readonly backoff?: Backoff;
  /** The time that a stop waits for reconciles in progress before it aborts them, in ms. */
  readonly graceMs?: number;
  readonly reflector?: Pick<
    ReflectorOptions,
    'pageSize' | 'idleTimeoutMs' | 'backoff' | 'unreachableBackoff'
  >;
  /** With an elector, the manager waits for the lease after the caches are synced. */
  readonly elector?: LeaderElector;
  readonly metrics?: MetricsRegistry;
  /** Writes Events; without a recorder the manager drops events. A stop closes the recorder. */
  readonly events?: EventRecorder;
}

/** The manager is not ready when a reflector fails for this time, in ms. */
const MAX_WATCH_FAILURE_MS = 15_000;
/**
 * The process is not healthy when a reconcile runs for this time, in ms. Every wait of a reconcile has a much shorter
 * deadline, also if the API server or OVN does not answer.
 */
const MAX_RECONCILE_MS = 10 * 60_000;
/** The time that a stop waits for aborted reconciles, in ms. */
const ABORT_TIMEOUT_MS = 1_000;
/** The time that a stop waits for the event recorder, in ms. */
const EVENTS_TIMEOUT_MS = 2_000;

/** A step of the start or the stop. A stop aborts the signal of a start hook. */
type Hook = (signal: AbortSignal) => Promise<void>;

type Step = 'duringSync' | 'beforeStart' | 'onStop';

/**
 * Starts and stops the reflectors, the leader election and the controllers in order.
 *
 * - Start: sync the caches and run the `duringSync` hooks → acquire the lease → run the `beforeStart` hooks →
 *   start the controllers.
 * - Stop: wait for the reconciles in progress, and abort them after the grace period → run the `onStop` hooks in
 *   reverse order → write the queued events → release the lease → close the watches.
 */
export class Manager {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly status: StatusWriter;
  readonly finalizers: Finalizers;
  readonly events: EventSink;
  readonly metrics: MetricsRegistry;
  /** The health checks. A failed check means that a restart can help. */
  readonly health = new HealthRegistry();
  /** The readiness checks. They pass when the controllers run, or when a standby has synced its caches. */
  readonly ready = new HealthRegistry();
  readonly #options: ManagerOptions;
  readonly #clock: Clock;
  readonly #kinds: KindRegistry;
  readonly #reflectors = new Map<string, Pick<Reflector<KubeObject>, 'start' | 'stop' | 'failingMs'>>();
  readonly #hooks: Record<Step, (readonly [string, Hook])[]> = {
    duringSync: [],
    beforeStart: [],
    onStop: [],
  };
  readonly #stopping = new AbortController();
  /** The current phase of the start or stop; undefined when the manager is ready. */
  #phase: string | undefined = 'not started';
  #stopped: Promise<void> | undefined;

  constructor(options: ManagerOptions) {
    const { client, log = silentLogger, clock = realClock, metrics = new MetricsRegistry() } = options;
    this.#options = options;
    this.client = client;
    this.log = log;
    this.metrics = metrics;
    this.events = options.events ?? { record: () => undefined };
    this.#clock = clock;
    const refresh: Refresh = (type, object) => {
      if (this.#reflectors.has(type.kind)) this.#kinds.store(type.kind).refresh(object);
    };
    this.status = new StatusWriter(client, refresh);
    this.finalizers = new Finalizers(client, refresh);
    this.#kinds = new KindRegistry({
      log,
      now: () => clock.now(),
      queue: definedOf({ clock, random: options.random, backoff: options.backoff }),
      status: this.status,
      metricsOf: runtimeMetrics(metrics, () => this.#kinds.queues()),
    });
    this.health.add('reconciles', () => this.#stuckKinds());
    const { elector } = options;
    if (elector !== undefined)
      this.health.add('lease', () =>
        elector.isOverdue ? 'this process believes to lead, but its Lease has expired' : undefined,
      );
    this.ready.add('manager', () => this.#phase);
    this.ready.add('api', () => this.#failingKinds());
  }

  /**
   * Registers a kind. The manager lists and watches the kind, and reconciles its objects if `reconciler` is
   * given. All kinds must be registered before `start`, in any order.
   *
   * @throws Error when the kind is already registered
   */
  addKind<T extends KubeObject>(
    kind: Kind<T>,
    reconciler?: Reconciler<T>,
    { workers = this.#options.workers ?? 64 }: { readonly workers?: number } = {},
  ): void {
    const store = this.#kinds.add(kind, reconciler, workers);
    const { random } = this.#options;
    const reflector = new Reflector<T>(this.client, kind.type, store, {
      ...this.#options.reflector,
      ...definedOf({ random }),
      clock: this.#clock,
      log: this.log,
    });
    this.#reflectors.set(kind.type.kind, reflector);
  }

  /** The store of a registered kind. */
  store<T extends KubeObject>(kind: string): ReadStore<T> {
    return this.#kinds.store(kind) as unknown as ReadStore<T>;
  }

  /**
   * Enqueues a key. The object need not exist. The call has no effect before the `beforeStart` hooks, because
   * the start enqueues every object.
   */
  enqueue(kind: string, key: string, priority: Priority = 'repair'): void {
    this.#kinds.enqueue(kind, key, priority);
  }

  /** Enqueues a key after at most `afterMs`. Several calls for a key result in one reconcile. */
  enqueueAfter(kind: string, key: string, afterMs: number): void {
    this.#kinds.enqueueAfter(kind, key, afterMs);
  }

  /** Enqueues every object of a kind, or of all kinds, with the lowest priority. */
  resync(kind?: string): void {
    this.#kinds.resync(kind);
  }

  /** Adds a hook that runs during the initial sync, also on a standby; for example to connect to OVN. */
  duringSync(name: string, hook: Hook): void {
    this.#hooks.duringSync.push([name, hook]);
  }

  /**
   * Adds a hook that runs after the cache sync and the acquisition of the lease, before the first reconcile;
   * for example to rebuild the pools. The queues record the changes that occur during these hooks.
   */
  beforeStart(name: string, hook: Hook): void {
    this.#hooks.beforeStart.push([name, hook]);
  }

  /** Adds a hook that runs after the controllers have stopped. The hooks run in reverse order. */
  onStop(name: string, hook: Hook): void {
    this.#hooks.onStop.push([name, hook]);
  }

  /**
   * Starts the manager. Resolves when the controllers run, or after a stop. With an elector, the method can
   * wait for the lease for any time.
   *
   * @throws Error when a reference names a kind that is not registered
   * @throws the error of a hook
   */
  async start(): Promise<void> {
    this.#kinds.checkReferences();
    if (!(await this.#unlessStopped(this.#sync()))) return;
    const { elector } = this.#options;
    if (elector !== undefined) {
      this.#phase = undefined;
      await elector.acquire(this.#stopping.signal);
    }
    if (this.#isStopping()) return;
    this.#kinds.activate();
    await this.#runBeforeStartHooks();
    if (this.#isStopping()) return;
    for (const controller of this.#kinds.controllers()) controller.start();
    this.#phase = undefined;
  }

  /**
   * Stops the manager in order, also during a start. Repeated calls return the same promise. Never rejects.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#phase = 'stopping';
    this.#stopping.abort();
    await this.#stopControllers();
    for (const [name, hook] of this.#hooks.onStop.toReversed()) {
      try {
        await hook(new AbortController().signal);
      } catch (error) {
        this.log.error('a stop hook failed', { step: name, ...errorFields(error) });
      }
    }
    await this.#options.events?.close(EVENTS_TIMEOUT_MS);
    await this.#options.elector?.release();
    for (const reflector of this.#reflectors.values()) reflector.stop();
    this.client.close();
  }

  async #stopControllers(): Promise<void> {
    const controllers = [...this.#kinds.controllers()];
    const done = Promise.all(controllers.map((controller) => controller.stop()));
    if (await this.#resolvesWithin(this.#options.graceMs ?? 10_000, done)) return;
    this.log.warn('aborting reconciles that exceeded the grace period');
    for (const controller of controllers) controller.abort();
    await this.#resolvesWithin(ABORT_TIMEOUT_MS, done);
  }

  /** Whether `promise` resolves within `ms`. */
  async #resolvesWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
    const settled = new AbortController();
    const late = sleep(this.#clock, ms, settled.signal).then(() => false);
    const inTime = await Promise.race([promise.then(() => true), late]);
    settled.abort();
    return inTime;
  }

  /**
   * Waits for `promise`. Ignores its error after a stop.
   *
   * @returns whether the manager is not stopping
   */
  async #unlessStopped(promise: Promise<unknown>): Promise<boolean> {
    try {
      await promise;
    } catch (error) {
      if (!this.#isStopping()) throw error;
    }
    return !this.#isStopping();
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Waits for the initial list of every kind and for the `duringSync` hooks. */
  async #sync(): Promise<void> {
    const pending = new Set<string>();
    const track = async (name: string, work: Promise<unknown>): Promise<void> => {
      pending.add(name);
      this.#phase = [...pending].join(', ');
      await work;
      pending.delete(name);
      if (pending.size > 0 && !this.#isStopping()) this.#phase = [...pending].join(', ');
    };
    const lists = [...this.#reflectors.values()].map((reflector) => reflector.start());
    const { signal } = this.#stopping;
    const steps = [track('syncing caches', Promise.all(lists))];
    for (const [name, hook] of this.#hooks.duringSync) steps.push(track(name, hook(signal)));
    await Promise.all(steps);
  }

  async #runBeforeStartHooks(): Promise<void> {
    for (const [name, hook] of this.#hooks.beforeStart) {
      if (this.#isStopping()) return;
      this.#phase = name;
      if (!(await this.#unlessStopped(hook(this.#stopping.signal)))) return;
    }
  }

  #stuckKinds(): string | undefined {
    const stuck = [...this.#kinds.queues()].filter(([, queue]) => queue.longestWorkMs() >= MAX_RECONCILE_MS);
    return stuck.length === 0
      ? undefined
      : `reconciles do not end: ${stuck.map(([kind]) => kind).join(', ')}`;
  }

  #failingKinds(): string | undefined {
    const kinds = [...this.#reflectors].filter(([, { failingMs }]) => failingMs >= MAX_WATCH_FAILURE_MS);
    return kinds.length === 0 ? undefined : `cannot list or watch ${kinds.map(([name]) => name).join(', ')}`;
  }
}

/** Returns `object` without the undefined properties, as required by exactOptionalPropertyTypes. */
function definedOf<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
