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
import { Kinds } from './kinds.ts';
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
  /** Keys of one kind worked on at a time; many, so that what they write is committed in groups. */
  readonly workers?: number;
  /** Between the tries of a key that fails. */
  readonly backoff?: Backoff;
  /** How long a stop waits for what is under way before it is aborted, in ms. */
  readonly graceMs?: number;
  readonly reflector?: Pick<
    ReflectorOptions,
    'pageSize' | 'idleTimeoutMs' | 'backoff' | 'unreachableBackoff'
  >;
  /** With it, nothing after the caches runs before the lease is held. */
  readonly elector?: LeaderElector;
  readonly metrics?: MetricsRegistry;
  /** Writes Events; without it they are dropped. It is closed by a stop. */
  readonly events?: EventRecorder;
}

/** Not being able to follow a kind for so long is worth telling those who ask whether we are ready, in ms. */
const tooLongMs = 15_000;

/** How long reconciles that were told to give up get for it, in ms. */
const abortMs = 1_000;

/** How long a stop waits for events to be written, in ms. */
const eventsMs = 2_000;

/** A step of starting or stopping; the signal of a step of starting is aborted by a stop. */
export type Hook = (signal: AbortSignal) => Promise<void>;

type Step = 'alongside' | 'beforeStart' | 'onStop';

/**
 * Everything that runs, in order.
 *
 * Start: all kinds are listed in full, and `alongside` hooks are done → the lease → `beforeStart` hooks → controllers.
 * Stop: controllers finish what is under way (or are cut off after the grace time) → `onStop` hooks, last first
 * → events are written → the lease is released → watches are closed.
 */
export class Manager {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly status: StatusWriter;
  readonly finalizers: Finalizers;
  readonly events: EventSink;
  readonly metrics: MetricsRegistry;
  /** Whether the process works at all (a restart might help). */
  readonly health = new HealthRegistry();
  /** Whether the caches are full and the hooks done, or a standby could take over. */
  readonly ready = new HealthRegistry();
  readonly #options: ManagerOptions;
  readonly #clock: Clock;
  readonly #kinds: Kinds;
  readonly #reflectors = new Map<string, Pick<Reflector<KubeObject>, 'start' | 'stop' | 'failingMs'>>();
  readonly #hooks: Record<Step, (readonly [string, Hook])[]> = { alongside: [], beforeStart: [], onStop: [] };
  readonly #stopping = new AbortController();
  /** Why it is not ready; undefined once it is. */
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
    this.#kinds = new Kinds({
      log,
      now: () => clock.now(),
      queue: definedOf({ clock, random: options.random, backoff: options.backoff }),
      status: this.status,
      metricsOf: runtimeMetrics(metrics, () => this.#kinds.queues()),
    });
    this.ready.add('manager', () => this.#phase);
    this.ready.add('api', () => this.#unfollowed());
  }

  /**
   * Follows a kind, and reconciles it when there is a reconciler. All kinds are added before `start`; the order
   * does not matter. A reference to a kind that is never added is an error of `start`.
   */
  addKind<T extends KubeObject>(
    kind: Kind<T>,
    reconciler?: Reconciler<T>,
    { workers = this.#options.workers ?? 64 }: { readonly workers?: number } = {},
  ): void {
    const store = this.#kinds.add(kind, reconciler, workers);
    const { labelSelector, fieldSelector } = kind;
    const { random } = this.#options;
    const reflector = new Reflector<T>(this.client, kind.type, store, {
      ...this.#options.reflector,
      ...definedOf({ labelSelector, fieldSelector, random }),
      clock: this.#clock,
      log: this.log,
    });
    this.#reflectors.set(kind.type.kind, reflector);
  }

  /** The objects of an added kind. */
  store<T extends KubeObject>(kind: string): ReadStore<T> {
    return this.#kinds.store(kind) as unknown as ReadStore<T>;
  }

  /**
   * Has a key reconciled, whether or not there is such an object. Nothing happens before the `beforeStart` hooks:
   * then every object is enqueued anyway.
   */
  enqueue(kind: string, key: string, priority: Priority = 'repair'): void {
    this.#kinds.enqueue(kind, key, priority);
  }

  /** The same in `afterMs` at the latest; a burst of such calls for one key is one. */
  enqueueAfter(kind: string, key: string, afterMs: number): void {
    this.#kinds.enqueueAfter(kind, key, afterMs);
  }

  /** Has every object of a kind (of all kinds) reconciled, after all other work. */
  resync(kind?: string): void {
    this.#kinds.resync(kind);
  }

  /** Runs while the kinds are listed, also on a standby: e.g. connecting to what else is needed. */
  alongside(name: string, hook: Hook): void {
    this.#hooks.alongside.push([name, hook]);
  }

  /**
   * Runs when the caches are full and the lease is held, before the first reconcile: e.g. rebuilding pools.
   * Changes are remembered from before the first of these hooks on, so none falls between them and the start.
   */
  beforeStart(name: string, hook: Hook): void {
    this.#hooks.beforeStart.push([name, hook]);
  }

  /** Runs when the controllers have stopped; the hooks run last first. */
  onStop(name: string, hook: Hook): void {
    this.#hooks.onStop.push([name, hook]);
  }

  /**
   * Resolves when the controllers run (with an elector that may be after any time), or when a stop came between.
   * Rejects when a hook throws.
   */
  async start(): Promise<void> {
    this.#kinds.checkReferences();
    if (!(await this.#unlessStopped(this.#fill()))) return;
    const { elector } = this.#options;
    if (elector !== undefined) {
      this.#phase = undefined;
      await elector.acquire(this.#stopping.signal);
    }
    if (this.#isStopping()) return;
    this.#kinds.activate();
    await this.#prepare();
    if (this.#isStopping()) return;
    for (const controller of this.#kinds.controllers()) controller.start();
    this.#phase = undefined;
  }

  /** Stops everything, in order, also in the middle of a start; at most once. Never rejects. */
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
        this.log.error('a step of stopping failed', { step: name, ...errorFields(error) });
      }
    }
    await this.#options.events?.close(eventsMs);
    await this.#options.elector?.release();
    for (const reflector of this.#reflectors.values()) reflector.stop();
    this.client.close();
  }

  async #stopControllers(): Promise<void> {
    const controllers = [...this.#kinds.controllers()];
    const done = Promise.all(controllers.map((controller) => controller.stop()));
    if (await this.#within(this.#options.graceMs ?? 10_000, done)) return;
    this.log.warn('reconciles are cut off: they took longer than the grace time');
    for (const controller of controllers) controller.abort();
    await this.#within(abortMs, done);
  }

  /** Whether `promise` resolves within `ms`. */
  async #within(ms: number, promise: Promise<unknown>): Promise<boolean> {
    const over = new AbortController();
    const late = sleep(this.#clock, ms, over.signal).then(() => false);
    const inTime = await Promise.race([promise.then(() => true), late]);
    over.abort();
    return inTime;
  }

  /** Whether `promise` resolved before a stop. */
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

  /** Lists every kind, and meanwhile connects to what else there is. */
  async #fill(): Promise<void> {
    const underWay = new Set<string>();
    const track = async (name: string, work: Promise<unknown>): Promise<void> => {
      underWay.add(name);
      this.#phase = [...underWay].join(', ');
      await work;
      underWay.delete(name);
      if (underWay.size > 0 && !this.#isStopping()) this.#phase = [...underWay].join(', ');
    };
    const lists = [...this.#reflectors.values()].map((reflector) => reflector.start());
    const { signal } = this.#stopping;
    const steps = [track('listing', Promise.all(lists))];
    for (const [name, hook] of this.#hooks.alongside) steps.push(track(name, hook(signal)));
    await Promise.all(steps);
  }

  async #prepare(): Promise<void> {
    for (const [name, hook] of this.#hooks.beforeStart) {
      if (this.#isStopping()) return;
      this.#phase = name;
      if (!(await this.#unlessStopped(hook(this.#stopping.signal)))) return;
    }
  }

  #unfollowed(): string | undefined {
    const kinds = [...this.#reflectors].filter(([, { failingMs }]) => failingMs >= tooLongMs);
    return kinds.length === 0 ? undefined : `cannot follow ${kinds.map(([name]) => name).join(', ')}`;
  }
}

/** Without the properties that are undefined, as exact optional properties want it. */
function definedOf<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
