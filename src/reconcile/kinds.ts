import { Controller, type ControllerOptions } from './controller.ts';
import { type Logger, Turn, errorFields, jsonEqual } from '../base/index.ts';
import { WorkQueue, type WorkQueueOptions } from './queue/queue.ts';
import {
  ALIAS_INDEX,
  enqueueDependents,
  enqueueTargets,
  OLDEST_ALIAS_INDEX,
  type Enqueuer,
  type Link,
} from './references.ts';
import type { ControllerMetrics } from './runtime-metrics.ts';
import type { StatusWriter } from './status.ts';
import { Store, type Change, type ReadStore } from './store/store.ts';
import type { Kind, KubeObject, Priority, Reconciler } from './types.ts';

/**
 * The largest share of the workers of a kind that process keys of one namespace. The others are free for other
 * namespaces when one namespace waits for a slow API server or database.
 */
const MAX_NAMESPACE_SHARE = 0.75;

/** The dependencies of a {@link KindRegistry}. */
interface KindRegistryOptions {
  readonly log: Logger;
  readonly now: () => number;
  readonly queue: Pick<WorkQueueOptions, 'clock' | 'random' | 'backoff'>;
  readonly status: Pick<StatusWriter, 'isEcho'>;
  readonly metricsOf: (kind: string) => ControllerMetrics;
}

/** The store, queue and controller of a registered kind, without the type parameter of the kind. */
interface RegisteredKind {
  readonly store: Store<KubeObject>;
  readonly queue: WorkQueue | undefined;
  readonly controller:
    Pick<Controller<KubeObject>, 'recordDeletions' | 'start' | 'stop' | 'abort'> | undefined;
}

/**
 * The registered kinds with their stores, and the queues and controllers of the kinds that have a reconciler.
 * The registry converts each change of a store into the keys to enqueue.
 */
export class KindRegistry {
  readonly #options: KindRegistryOptions;
  readonly #turn: Turn;
  readonly #kinds = new Map<string, RegisteredKind>();
  /** Referenced kind → the references to it. */
  readonly #links = new Map<string, Link[]>();
  readonly #enqueuer: Enqueuer = {
    enqueue: (kind, key, priority) => this.#kinds.get(kind)?.queue?.add(key, priority),
    enqueueAfter: (kind, key, afterMs) => this.#kinds.get(kind)?.queue?.addAfter(key, afterMs),
  };
  /** Whether changes enqueue keys. */
  #isActive = false;

  constructor(options: KindRegistryOptions) {
    this.#options = options;
    this.#turn = new Turn(options.now);
  }

  /**
   * Registers a kind.
   *
   * @returns the store of the kind, which the caller must fill with a reflector
   */
  add<T extends KubeObject>(kind: Kind<T>, reconciler: Reconciler<T> | undefined, workers: number): Store<T> {
    const name = kind.type.kind;
    if (this.#kinds.has(name)) throw new Error(`the kind ${name} is already registered`);
    const store = new Store<T>(indexesOf(kind), (what, error) =>
      this.#options.log.error('a function of a kind declaration threw an error', {
        kind: name,
        what,
        ...errorFields(error),
      }),
    );
    const untyped = store as unknown as Store<KubeObject>;
    for (const [reference, { to, wakesOldest, ignores }] of Object.entries(kind.references ?? {})) {
      const links = this.#links.get(to) ?? [];
      links.push({ from: name, reference, to, store: untyped, wakesOldest, ignores });
      this.#links.set(to, links);
    }
    store.subscribe((change) => this.#onChange(kind, change));
    const created = reconciler && this.#createController({ kind: name, store, reconciler, workers });
    this.#kinds.set(name, { store: untyped, queue: created?.queue, controller: created?.controller });
    return store;
  }

  /** The store of a registered kind. */
  store(kind: string): Store<KubeObject> {
    return this.#get(kind).store;
  }

  /** The queues, with the name of their kind. */
  *queues(): Iterable<readonly [string, WorkQueue]> {
    for (const [name, { queue }] of this.#kinds) if (queue !== undefined) yield [name, queue];
  }

  /** The controllers of the kinds that have a reconciler. */
  *controllers(): Iterable<Pick<Controller<KubeObject>, 'recordDeletions' | 'start' | 'stop' | 'abort'>> {
    for (const { controller } of this.#kinds.values()) if (controller !== undefined) yield controller;
  }

  /** Enqueues a key. Before `activate` the call has no effect, because `activate` enqueues every object. */
  enqueue(kind: string, key: string, priority: Priority): void {
    const { queue } = this.#get(kind);
    if (this.#isActive) queue?.add(key, priority);
  }

  /** Enqueues a key after at most `afterMs`. */
  enqueueAfter(kind: string, key: string, afterMs: number): void {
    const { queue } = this.#get(kind);
    if (this.#isActive) queue?.addAfter(key, afterMs);
  }

  /** Enqueues every object of a kind, or of all kinds, with the lowest priority. */
  resync(kind?: string): void {
    for (const name of kind === undefined ? this.#kinds.keys() : [kind]) {
      for (const key of this.#get(name).store.keys()) this.enqueue(name, key, 'resync');
    }
  }

  /**
   * Enqueues every object, and from now on the keys of every change. A standby only fills its stores before
   * this call; otherwise its queues would collect keys and deleted objects for as long as the process is a
   * standby.
   */
  activate(): void {
    this.#isActive = true;
    for (const controller of this.controllers()) controller.recordDeletions();
    this.resync();
  }

  /** @throws Error when a reference names a kind that is not registered */
  checkReferences(): void {
    for (const { from, to } of [...this.#links.values()].flat()) {
      if (!this.#kinds.has(to))
        throw new Error(`the kind ${from} refers to the kind ${to}, which is not registered`);
    }
  }

  #createController<T extends KubeObject>(
    options: Pick<ControllerOptions<T>, 'kind' | 'store' | 'reconciler' | 'workers'>,
  ): { readonly queue: WorkQueue; readonly controller: Controller<T> } {
    const { log, now, metricsOf } = this.#options;
    const metrics = metricsOf(options.kind);
    const maxPerNamespace = Math.ceil(options.workers * MAX_NAMESPACE_SHARE);
    const queue = new WorkQueue({ ...this.#options.queue, observer: metrics.queue, maxPerNamespace });
    const { observe } = metrics;
    const turn = this.#turn;
    return { queue, controller: new Controller({ ...options, queue, log, now, turn, observe }) };
  }

  #onChange<T extends KubeObject>(kind: Kind<T>, change: Change<T>): void {
    if (!this.#isActive) return;
    const name = kind.type.kind;
    const isEcho = change.type === 'updated' && this.#options.status.isEcho(change.old, change.object);
    if (!isEcho) this.#enqueuer.enqueue(name, change.key, priorityOf(change));
    enqueueDependents(change, this.#links.get(name) ?? [], kind, this.#get(name).store, this.#enqueuer);
    for (const reference of Object.values(kind.references ?? {})) {
      const { store } = this.#get(reference.to);
      enqueueTargets(change, reference, (named) => objectsNamed(store, named), this.#enqueuer);
    }
  }

  #get(name: string): RegisteredKind {
    const kind = this.#kinds.get(name);
    if (kind === undefined) throw new Error(`the kind ${name} is not registered`);
    return kind;
  }
}

/** The name of the index of every store by the namespace of its objects. */
export const NAMESPACE_INDEX = 'inNamespace';

/** Creates a read-only store of `objects` with the indexes of the kind. */
export function storeOf<T extends KubeObject>(kind: Kind<T>, objects: Iterable<T>): ReadStore<T> {
  const store = new Store<T>(indexesOf(kind));
  for (const object of objects) store.upsert(object);
  return store;
}

/**
 * All indexes of a kind's store: the declared indexes, the references, the aliases and the namespace.
 *
 * @throws Error when an index and a reference have the same name
 */
export function indexesOf<T extends KubeObject>(
  kind: Kind<T>,
): Readonly<Record<string, (object: T) => readonly string[]>> {
  const references = Object.entries(kind.references ?? {}).map(([name, { keys }]) => [name, keys] as const);
  const declared = [...Object.entries(kind.indexes ?? {}), ...references];
  if (new Set(declared.map(([name]) => name)).size < declared.length) {
    throw new Error(`the kind ${kind.type.kind} has an index and a reference with the same name`);
  }
  return {
    ...Object.fromEntries(declared),
    [NAMESPACE_INDEX]: ({ metadata: { namespace } }) => (namespace === undefined ? [] : [namespace]),
    [ALIAS_INDEX]: kind.aliases ?? (() => []),
    [OLDEST_ALIAS_INDEX]: kind.aliasesOfOldest ?? (() => []),
  };
}

/** Returns the objects that a key or an alias names. */
export function objectsNamed(store: ReadStore<KubeObject>, name: string): Iterable<KubeObject> {
  const object = store.get(name);
  if (object !== undefined) return [object];
  const [oldest] = store.oldestFirst(OLDEST_ALIAS_INDEX, name);
  return oldest === undefined ? store.byIndex(ALIAS_INDEX, name) : [oldest];
}

function priorityOf(change: Change<KubeObject>): Priority {
  return change.type !== 'updated' || isEdit(change.old, change.object) ? 'edit' : 'repair';
}

/** Whether a user changed the object: the spec, the deletion timestamp, labels or annotations differ. */
function isEdit(old: KubeObject, object: KubeObject): boolean {
  const a = old.metadata;
  const b = object.metadata;
  return (
    a.generation !== b.generation ||
    a.deletionTimestamp !== b.deletionTimestamp ||
    !jsonEqual(a.labels, b.labels) ||
    !jsonEqual(a.annotations, b.annotations)
  );
}
