import { Controller, type ControllerOptions } from './controller.ts';
import { type Logger, Turn, errorFields, jsonEqual } from '../base/index.ts';
import { WorkQueue, type WorkQueueOptions } from './queue/queue.ts';
import { wakeDependents, wakeTargets, type Link, type Waker } from './references.ts';
import type { ControllerMetrics } from './runtime-metrics.ts';
import type { StatusWriter } from './status.ts';
import { Store, type Change, type ReadStore } from './store/store.ts';
import type { Kind, KubeObject, Priority, Reconciler } from './types.ts';

/** The index of {@link Kind.aliases} in every store. */
const aliasIndex = 'aliases';

/** What {@link Kinds} need for every kind. */
export interface KindsOptions {
  readonly log: Logger;
  readonly now: () => number;
  readonly queue: Pick<WorkQueueOptions, 'clock' | 'random' | 'backoff'>;
  readonly status: Pick<StatusWriter, 'isEcho'>;
  readonly metricsOf: (kind: string) => ControllerMetrics;
}

/** A kind at run time, without its type. */
interface Registered {
  readonly store: Store<KubeObject>;
  readonly queue: WorkQueue | undefined;
  readonly controller: Pick<Controller<KubeObject>, 'open' | 'start' | 'stop' | 'abort'> | undefined;
}

/**
 * The kinds that are followed: their stores, the queues and controllers of those that are reconciled, and what
 * leads from a change to the keys that it wakes.
 */
export class Kinds {
  readonly #options: KindsOptions;
  readonly #turn: Turn;
  readonly #kinds = new Map<string, Registered>();
  /** By the kind referred to. */
  readonly #links = new Map<string, Link[]>();
  readonly #waker: Waker = {
    enqueue: (kind, key, priority) => this.#kinds.get(kind)?.queue?.add(key, priority),
    enqueueAfter: (kind, key, afterMs) => this.#kinds.get(kind)?.queue?.addAfter(key, afterMs),
  };
  /** Whether changes lead to reconciles. */
  #isActive = false;

  constructor(options: KindsOptions) {
    this.#options = options;
    this.#turn = new Turn(options.now);
  }

  /** Adds a kind and gives its store, which somebody has to feed. */
  add<T extends KubeObject>(kind: Kind<T>, reconciler: Reconciler<T> | undefined, workers: number): Store<T> {
    const name = kind.type.kind;
    if (this.#kinds.has(name)) throw new Error(`the kind ${name} is added twice`);
    const store = new Store<T>(indexesOf(kind), (what, error) =>
      this.#options.log.error('a kind’s declaration failed', { kind: name, what, ...errorFields(error) }),
    );
    const untyped = store as unknown as Store<KubeObject>;
    for (const [reference, { to }] of Object.entries(kind.references ?? {})) {
      const links = this.#links.get(to) ?? [];
      links.push({ from: name, reference, to, store: untyped });
      this.#links.set(to, links);
    }
    store.subscribe((change) => this.#changed(kind, change));
    const made = reconciler && this.#makeController({ kind: name, store, reconciler, workers });
    this.#kinds.set(name, { store: untyped, queue: made?.queue, controller: made?.controller });
    return store;
  }

  /** The store of an added kind. */
  store(kind: string): Store<KubeObject> {
    return this.#get(kind).store;
  }

  /** Queues by kind. */
  *queues(): Iterable<readonly [string, WorkQueue]> {
    for (const [name, { queue }] of this.#kinds) if (queue !== undefined) yield [name, queue];
  }

  /** Controllers of the kinds that have one. */
  *controllers(): Iterable<Pick<Controller<KubeObject>, 'open' | 'start' | 'stop' | 'abort'>> {
    for (const { controller } of this.#kinds.values()) if (controller !== undefined) yield controller;
  }

  /** Nothing happens before `activate`: then every object is enqueued anyway. */
  enqueue(kind: string, key: string, priority: Priority): void {
    const { queue } = this.#get(kind);
    if (this.#isActive) queue?.add(key, priority);
  }

  /** The same in `afterMs` at the latest. */
  enqueueAfter(kind: string, key: string, afterMs: number): void {
    const { queue } = this.#get(kind);
    if (this.#isActive) queue?.addAfter(key, afterMs);
  }

  /** Enqueues every object of a kind, or of all, after all other work. */
  resync(kind?: string): void {
    for (const name of kind === undefined ? this.#kinds.keys() : [kind]) {
      for (const key of this.#get(name).store.keys()) this.enqueue(name, key, 'resync');
    }
  }

  /**
   * From now on every change counts, beginning with all that there is. A standby before that only keeps its
   * stores: if it enqueued what changes, it would hoard keys and deleted objects for as long as it stands by.
   */
  activate(): void {
    this.#isActive = true;
    for (const controller of this.controllers()) controller.open();
    this.resync();
  }

  /** Throws when a reference leads to a kind that was not added. */
  checkReferences(): void {
    for (const { from, to } of [...this.#links.values()].flat()) {
      if (!this.#kinds.has(to)) throw new Error(`${from} refers to ${to}, which was not added`);
    }
  }

  #makeController<T extends KubeObject>(
    options: Pick<ControllerOptions<T>, 'kind' | 'store' | 'reconciler' | 'workers'>,
  ): { readonly queue: WorkQueue; readonly controller: Controller<T> } {
    const { log, now, metricsOf } = this.#options;
    const metrics = metricsOf(options.kind);
    const queue = new WorkQueue({ ...this.#options.queue, observer: metrics.queue });
    const { observe } = metrics;
    const turn = this.#turn;
    return { queue, controller: new Controller({ ...options, queue, log, now, turn, observe }) };
  }

  #changed<T extends KubeObject>(kind: Kind<T>, change: Change<T>): void {
    if (!this.#isActive) return;
    const name = kind.type.kind;
    const isEcho = change.type === 'updated' && this.#options.status.isEcho(change.old, change.object);
    if (!isEcho) this.#waker.enqueue(name, change.key, priorityOf(change));
    wakeDependents(change, this.#links.get(name) ?? [], kind, this.#waker);
    for (const reference of Object.values(kind.references ?? {})) {
      const { store } = this.#get(reference.to);
      wakeTargets(change, reference, (named) => objectsNamed(store, named), this.#waker);
    }
  }

  #get(name: string): Registered {
    const kind = this.#kinds.get(name);
    if (kind === undefined) throw new Error(`the kind ${name} was not added`);
    return kind;
  }
}

/** A store of these objects, with the kind's indexes, that nothing changes. */
export function storeOf<T extends KubeObject>(kind: Kind<T>, objects: Iterable<T>): ReadStore<T> {
  const store = new Store<T>(indexesOf(kind));
  for (const object of objects) store.upsert(object);
  return store;
}

/** All indexes of a kind's store: the declared ones, its references and its aliases. Throws when two share a name. */
export function indexesOf<T extends KubeObject>(
  kind: Kind<T>,
): Readonly<Record<string, (object: T) => readonly string[]>> {
  const references = Object.entries(kind.references ?? {}).map(([name, { keys }]) => [name, keys] as const);
  const declared = [...Object.entries(kind.indexes ?? {}), ...references];
  if (new Set(declared.map(([name]) => name)).size < declared.length) {
    throw new Error(`${kind.type.kind} has an index and a reference of one name`);
  }
  return { ...Object.fromEntries(declared), [aliasIndex]: kind.aliases ?? (() => []) };
}

/** What a key or an alias names. */
function objectsNamed(store: ReadStore<KubeObject>, name: string): Iterable<KubeObject> {
  const object = store.get(name);
  return object === undefined ? store.byIndex(aliasIndex, name) : [object];
}

function priorityOf(change: Change<KubeObject>): Priority {
  return change.type !== 'updated' || isEdit(change.old, change.object) ? 'edit' : 'repair';
}

/** Whether a person (or what acts for one) changed something: anything but status and bookkeeping. */
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
