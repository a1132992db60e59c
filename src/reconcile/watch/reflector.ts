import {
  type Backoff,
  type Clock,
  type Logger,
  type Random,
  type Timer,
  backoffDelay,
  errorFields,
  realClock,
  silentLogger,
} from '../../base/index.ts';
import type { KubeClient } from '../client/client.ts';
import { ApiError, ConnectionError, isAborted, isUnreachable } from '../client/errors.ts';
import type { Store } from '../store/store.ts';
import type { KubeObject, ResourceType } from '../types.ts';
import { withoutManagedFields } from '../managed-fields.ts';
import { transition, type Action, type Event, type State } from './state-machine.ts';

/** Settings of a {@link Reflector}. */
export interface ReflectorOptions {
  /**
   * The number of objects per page of a list. The client parses a page at once, which blocks the event loop.
   */
  readonly pageSize?: number;
  /**
   * A watch without data for this time is opened again, after one small read. Silence is normal when no
   * object changes, because the API server does not repeat bookmarks.
   */
  readonly idleTimeoutMs?: number;
  /** The backoff while the server returns errors. */
  readonly backoff?: Backoff;
  /** The backoff while the server is unreachable; short, so that the watch resumes soon after an outage. */
  readonly unreachableBackoff?: Backoff;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Logger;
}

/**
 * The minimum duration of a watch, in s. The reflector requests a random duration up to twice this value, so
 * that the watches do not end at the same time.
 */
const MIN_WATCH_SECONDS = 290;

/**
 * Lists and watches a kind and keeps the store in sync with the API server. This class is the driver of the
 * state machine in state-machine.ts.
 */
export class Reflector<T extends KubeObject> {
  readonly #client: KubeClient;
  readonly #type: ResourceType;
  readonly #store: Store<T>;
  readonly #pageSize: number;
  readonly #idleTimeoutMs: number;
  readonly #backoff: Backoff;
  readonly #unreachableBackoff: Backoff;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #stopped = new AbortController();
  readonly #firstList = Promise.withResolvers<undefined>();
  #state: State = { name: 'Empty' };
  #timer: Timer | undefined;
  #currentWatch: AbortController | undefined;
  /** The time at which the server accepted the current watch. */
  #openedAt: number | undefined;
  #failingSince = 0;

  constructor(client: KubeClient, type: ResourceType, store: Store<T>, options: ReflectorOptions = {}) {
    this.#client = client;
    this.#type = type;
    this.#store = store;
    this.#pageSize = options.pageSize ?? 500;
    this.#idleTimeoutMs = options.idleTimeoutMs ?? 90_000;
    this.#backoff = options.backoff ?? { baseMs: 500, maxMs: 30_000 };
    this.#unreachableBackoff = options.unreachableBackoff ?? { baseMs: 100, maxMs: 1_000 };
    this.#clock = options.clock ?? realClock;
    this.#random = options.random ?? Math.random;
    this.#log = options.log ?? silentLogger;
    // Without a handler, a stop before the first list would cause an unhandled rejection.
    this.#firstList.promise.catch(() => undefined);
  }

  /** The name of the current state. */
  get state(): State['name'] {
    return this.#state.name;
  }

  /** The number of consecutive failures; 0 while a watch is open, also without events. */
  get failures(): number {
    return 'failures' in this.#state && this.#openedAt === undefined ? this.#state.failures : 0;
  }

  /** The time since the first of the consecutive failures, in ms; 0 without a failure. */
  get failingMs(): number {
    return this.failures === 0 ? 0 : this.#clock.now() - this.#failingSince;
  }

  /**
   * Starts the list and watch. Resolves when the store contains the first complete list. Logs and retries
   * failures until `stop`.
   *
   * @throws Error when `stop` is called before the first list is complete
   */
  start(): Promise<undefined> {
    this.#dispatch({ type: 'start' });
    return this.#firstList.promise;
  }

  /** Closes the watch. The store keeps its objects. */
  stop(): void {
    this.#dispatch({ type: 'stop' });
    this.#timer?.cancel();
    this.#stopped.abort();
    this.#firstList.reject(new Error(`the reflector was stopped before it listed ${this.#type.plural}`));
  }

  #dispatch(event: Event<T>): void {
    const { state, actions } = transition(this.#state, event);
    if (state.name === 'Waiting') {
      this.#openedAt = undefined;
      if (state.failures === 1) this.#failingSince = this.#clock.now();
    }
    this.#state = state;
    for (const action of actions) this.#execute(action);
  }

  #execute(action: Action<T>): void {
    switch (action.type) {
      case 'upsert':
        this.#store.upsert(withoutManagedFields(action.object), action);
        break;
      case 'delete':
        this.#store.delete(action.object);
        break;
      case 'retain':
        this.#store.retain(action.keys);
        break;
      case 'list':
        void this.#list(action.continueToken);
        break;
      case 'watch':
        this.#openedAt = undefined;
        void this.#openWatch(action.resourceVersion);
        break;
      case 'probe':
        void this.#probe();
        break;
      case 'closeWatch':
        this.#currentWatch?.abort();
        break;
      case 'listed':
        this.#firstList.resolve(undefined);
        break;
      case 'wait':
        this.#wait(action);
        break;
      case 'report':
        this.#log.warn(reportMessages[action.what], { kind: this.#type.kind, ...errorFields(action.error) });
    }
  }

  #wait({ failures, backoffAttempt, isUnreachable: isAway, atLeastMs, error }: Wait<T>): void {
    const backoff = isAway ? this.#unreachableBackoff : this.#backoff;
    const delay = Math.max(atLeastMs, backoffDelay(backoff, backoffAttempt, this.#random));
    this.#logRetry(Math.round(delay), failures, error);
    this.#timer = this.#clock.setTimer(delay, () => this.#dispatch({ type: 'timer' }));
  }

  #logRetry(delayMs: number, failures: number, error: unknown): void {
    const fields = { kind: this.#type.kind, attempt: failures, delayMs, ...errorFields(error) };
    // During an outage only the attempts 1, 2, 4, 8, ... log a warning.
    if (isUnreachable(error)) {
      const isPowerOfTwo = Number.isInteger(Math.log2(failures));
      this.#log[isPowerOfTwo ? 'warn' : 'debug']('cannot reach the API server, will retry', fields);
    }
    // A 429 is not a fault: the server is busy, or is still initialising its cache for a new kind.
    else if (error instanceof ApiError && error.code === 429)
      this.#log.info('the API server is busy, will retry to list or watch a kind', fields);
    else
      this.#log.warn(
        'failed to list or watch a kind, will retry; check its CRD and the RBAC permissions',
        fields,
      );
  }

  async #list(continueToken: string | undefined): Promise<void> {
    try {
      const page = await this.#client.list<T>(this.#type, {
        limit: this.#pageSize,
        ...(continueToken === undefined ? {} : { continueToken }),
        signal: this.#stopped.signal,
      });
      this.#dispatch({ type: 'page', page });
    } catch (error) {
      this.#dispatch({ type: 'listFailed', error });
    }
  }

  async #probe(): Promise<void> {
    try {
      const options = { limit: 1, signal: this.#stopped.signal };
      const { resourceVersion } = await this.#client.list<T>(this.#type, options);
      this.#dispatch({ type: 'probed', resourceVersion });
    } catch (error) {
      this.#dispatch({ type: 'probeFailed', error });
    }
  }

  async #openWatch(resourceVersion: string): Promise<void> {
    const watch = new AbortController();
    this.#currentWatch = watch;
    const started = this.#clock.now();
    const options = {
      resourceVersion,
      timeoutSeconds: Math.round(MIN_WATCH_SECONDS * (1 + this.#random())),
      idleTimeoutMs: this.#idleTimeoutMs,
      onOpen: () => (this.#openedAt = this.#clock.now()),
      signal: watch.signal,
    };
    try {
      await this.#client.watch<T>(this.#type, options, (event) => {
        if (!watch.signal.aborted) this.#dispatch({ type: 'watchEvent', event });
      });
      if (!watch.signal.aborted) {
        this.#dispatch({ type: 'watchEnded', lastedMs: this.#clock.now() - started });
      }
    } catch (error) {
      if (isAborted(error) || watch.signal.aborted) return;
      const opened = this.#openedAt;
      const isSilent = opened !== undefined && error instanceof ConnectionError && error.code === 'TIMEOUT';
      const lastedMs = opened === undefined ? 0 : this.#clock.now() - opened;
      this.#dispatch(isSilent ? { type: 'watchSilent' } : { type: 'watchFailed', error, lastedMs });
    }
  }
}

type Wait<T extends KubeObject> = Extract<Action<T>, { type: 'wait' }>;

const reportMessages = {
  relist: 'the watch cannot resume, listing the kind again',
  staleList: 'ignoring a list that is older than the last known resourceVersion, will retry',
  staleListAccepted:
    'accepting lists that are older than the last known resourceVersion: etcd was probably restored',
} as const;
