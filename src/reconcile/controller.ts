import { randomUUID } from 'node:crypto';
import { ApiError, isUnreachable } from './client/errors.ts';
import { TerminalError } from './errors.ts';
import { type Logger, type Turn, errorFields, inScope, scopedLog } from '../base/index.ts';
import type { WorkQueue, Work } from './queue/queue.ts';
import type { ReadStore } from './store/store.ts';
import type { KubeObject, Reconciler, Result } from './types.ts';

/**
 * Longest backoff of a key that failed because the API server was away, in ms: when it is back, its objects must not
 * wait for as long again as it was away.
 */
const unreachableMs = 1_000;
/** So often such a key is warned of. */
const maxNews = 3;

/** What a {@link Controller} works with. */
export interface ControllerOptions<T extends KubeObject> {
  readonly kind: string;
  readonly store: Pick<ReadStore<T>, 'get' | 'subscribe'>;
  readonly queue: WorkQueue;
  readonly reconciler: Reconciler<T>;
  /** Keys worked on at a time; they wait for I/O most of the time. */
  readonly workers: number;
  readonly log: Logger;
  readonly observe?: (outcome: Outcome, ms: number) => void;
  readonly now: () => number;
  /** Of the event loop; one for all controllers. */
  readonly turn: Pick<Turn, 'over'>;
}

/** How a reconcile ended, by the names that controller-runtime's metrics have. */
export type Outcome = 'success' | 'requeue_after' | 'error' | 'terminal_error';

/** Workers that take keys from a queue and give them to a reconciler. Nothing that it throws ends a worker. */
export class Controller<T extends KubeObject> {
  readonly #options: ControllerOptions<T>;
  readonly #cancelled = new AbortController();
  /** What reconciles must clean up after: see ReconcileContext.gone. */
  readonly #gone = new Map<string, T[]>();
  #unsubscribe: () => void = () => undefined;
  #workers: readonly Promise<void>[] = [];

  constructor(options: ControllerOptions<T>) {
    this.#options = options;
  }

  /**
   * Begins to take notice: what goes away from now on is remembered for the reconciles to come. Apart from
   * `start`, because a standby that waits for weeks must not hoard what others clean up.
   */
  open(): void {
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

  /** Takes no new keys, and drops those that wait (the next start does them). Resolves when no worker is busy. */
  async stop(): Promise<void> {
    await this.#options.queue.shutDown({ drain: false });
    await Promise.all(this.#workers);
    this.#unsubscribe();
  }

  /** Asks what is under way to give up. */
  abort(): void {
    this.#cancelled.abort();
  }

  async #work(): Promise<void> {
    const { queue, turn } = this.#options;
    for (let work = await queue.take(); work !== undefined; work = await queue.take()) {
      // Asked again after each wait: all workers wait for one turn, and only the first few find time in the next.
      for (let others = turn.over(); others !== undefined; others = turn.over()) await others;
      await this.#reconcile(work);
      queue.done(work.key);
    }
  }

  #reconcile(work: Work): Promise<void> {
    // One id for all that is told of one reconcile, as controller-runtime has it.
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
      const result: Result = await reconciler.reconcile(key, store.get(key), context);
      queue.forget(key);
      if (result.kind === 'requeue') queue.addAfter(key, result.afterMs);
      outcome = result.kind === 'requeue' ? 'requeue_after' : 'success';
    } catch (error) {
      // What went away during this try comes after what it was told of.
      if (gone.length > 0) this.#gone.set(key, [...gone, ...(this.#gone.get(key) ?? [])]);
      outcome = this.#failed(key, attempt, error, log);
    }
    const ms = now() - started;
    log.debug('reconciled', { outcome, ms: Math.round(ms * 100) / 100 });
    observe?.(outcome, ms);
  }

  #failed(key: string, attempt: number, error: unknown, log: Logger): Outcome {
    const { queue } = this.#options;
    if (error instanceof TerminalError) {
      queue.forget(key);
      log.error('reconcile failed for good', errorFields(error));
      return 'terminal_error';
    }
    const atLeastMs = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    const atMostMs = isUnreachable(error) ? unreachableMs : Infinity;
    const delayMs = Math.round(queue.retry(key, { atLeastMs, atMostMs }));
    // An outage is news at first; then those who watch tell of it, and not every key each second.
    const level = isUnreachable(error) && attempt >= maxNews ? 'debug' : 'warn';
    log[level]('reconcile failed: trying again', { attempt: attempt + 1, delayMs, ...errorFields(error) });
    return 'error';
  }
}
