import { randomUUID } from 'node:crypto';
import { ApiError, isUnreachable } from './client/errors.ts';
import { type Logger, type Turn, errorFields, inScope, scopedLog } from '../base/index.ts';
import type { WorkQueue, Work } from './queue/queue.ts';
import type { ReadStore } from './store/store.ts';
import type { KubeObject, Reconciler } from './types.ts';

/**
 * The longest backoff of a key that failed because the API server was unreachable, in ms. With an exponential
 * backoff, the keys would wait after an outage for as long as the outage lasted.
 */
const MAX_UNREACHABLE_BACKOFF_MS = 1_000;
/** The number of warnings about a key that fails because the API server is unreachable. */
const MAX_UNREACHABLE_WARNINGS = 3;

/** The dependencies and settings of a {@link Controller}. */
export interface ControllerOptions<T extends KubeObject> {
  readonly kind: string;
  readonly store: Pick<ReadStore<T>, 'get' | 'subscribe'>;
  readonly queue: WorkQueue;
  readonly reconciler: Reconciler<T>;
  /** The number of concurrent reconciles. Reconciles wait for I/O most of the time. */
  readonly workers: number;
  readonly log: Logger;
  readonly observe?: (outcome: Outcome, ms: number) => void;
  readonly now: () => number;
  /** Shares the event loop; all controllers use the same instance. */
  readonly turn: Pick<Turn, 'over'>;
}

/** The result of a reconcile, with the label values of controller-runtime's metrics. */
export type Outcome = 'success' | 'error';

/**
 * Runs workers that take keys from a queue and call a reconciler. An error of the reconciler does not stop a
 * worker.
 */
export class Controller<T extends KubeObject> {
  readonly #options: ControllerOptions<T>;
  readonly #cancelled = new AbortController();
  /** Key → deleted objects that the next reconcile must clean up; see ReconcileContext.gone. */
  readonly #gone = new Map<string, T[]>();
  #unsubscribe: () => void = () => undefined;
  #workers: readonly Promise<void>[] = [];

  constructor(options: ControllerOptions<T>) {
    this.#options = options;
  }

  /**
   * Starts to record deleted objects for the next reconciles. The method is separate from `start`, because a
   * standby must not collect objects that the leader cleans up.
   */
  recordDeletions(): void {
    this.#unsubscribe = this.#options.store.subscribe((change) => {
      if (change.type !== 'deleted') return;
      const gone = this.#gone.get(change.key);
      if (gone === undefined) this.#gone.set(change.key, [change.object]);
      else gone.push(change.object);
    });
  }

  start(): void {
    this.#workers = Array.from({ length: this.#options.workers }, () => this.#work());
  }

  /**
   * Stops taking keys and drops the waiting keys; the next start enqueues every object. Resolves when all
   * workers are idle.
   */
  async stop(): Promise<void> {
    await this.#options.queue.shutDown({ drain: false });
    await Promise.all(this.#workers);
    this.#unsubscribe();
  }

  /** Aborts the signal of the reconciles in progress. */
  abort(): void {
    this.#cancelled.abort();
  }

  async #work(): Promise<void> {
    const { queue, turn } = this.#options;
    for (let work = await queue.take(); work !== undefined; work = await queue.take()) {
      // All waiting workers continue in the same turn, which has time for only a few of them. The loop
      // therefore checks again after each wait.
      for (let nextTurn = turn.over(); nextTurn !== undefined; nextTurn = turn.over()) await nextTurn;
      await this.#reconcile(work);
      queue.done(work.key);
    }
  }

  #reconcile(work: Work): Promise<void> {
    // All log lines of a reconcile have the same ID, as in controller-runtime.
    const scope = { kind: this.#options.kind, key: work.key, reconcileID: randomUUID() };
    return inScope(scope, () => this.#reconcileOnce(work));
  }

  async #reconcileOnce({ key, priority, attempt }: Work): Promise<void> {
    const { queue, store, reconciler, observe, now } = this.#options;
    const started = now();
    const gone = this.#gone.get(key) ?? [];
    this.#gone.delete(key);
    const log = scopedLog(this.#options.log);
    log.debug('reconciling', { priority, attempt });
    let outcome: Outcome;
    try {
      const context = { priority, attempt, gone, signal: this.#cancelled.signal, log };
      await reconciler.reconcile(key, store.get(key), context);
      queue.forget(key);
      outcome = 'success';
    } catch (error) {
      // Objects that were deleted during this attempt come after the objects that this attempt received.
      if (gone.length > 0) this.#gone.set(key, [...gone, ...(this.#gone.get(key) ?? [])]);
      outcome = this.#failed(key, attempt, error, log);
    }
    const ms = now() - started;
    log.debug('reconciled', { outcome, ms: Math.round(ms * 100) / 100 });
    observe?.(outcome, ms);
  }

  #failed(key: string, attempt: number, error: unknown, log: Logger): Outcome {
    const { queue } = this.#options;
    const atLeastMs = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    const atMostMs = isUnreachable(error) ? MAX_UNREACHABLE_BACKOFF_MS : Infinity;
    const delayMs = Math.round(queue.retry(key, { atLeastMs, atMostMs }));
    // During an outage the reflectors continue to log; a warning per key and second would only repeat their
    // message.
    const level = isUnreachable(error) && attempt >= MAX_UNREACHABLE_WARNINGS ? 'debug' : 'warn';
    log[level]('reconcile failed, will retry', { attempt: attempt + 1, delayMs, ...errorFields(error) });
    return 'error';
  }
}
