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
import { trimmed } from '../trimmed.ts';
import { step, type Action, type Event, type State } from './machine.ts';

/** Settings of a {@link Reflector}. */
export interface ReflectorOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects a page of a list; a page is parsed in one go, so it bounds how long the event loop is held. */
  readonly pageSize?: number;
  /**
   * A watch that says nothing for this long is opened anew. Where nothing happens that is normal (the API server
   * repeats no bookmark), and costs one small read.
   */
  readonly idleTimeoutMs?: number;
  /** While the server refuses. */
  readonly backoff?: Backoff;
  /** While there is nobody at the other end: short, so that what the server's return waits for is not us. */
  readonly unreachableBackoff?: Backoff;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Logger;
}

/** Asked of the server: how long a watch lasts at least, in s. Up to twice that, so that not all end together. */
const watchSeconds = 290;

/** Keeps a store equal to what the API server has: the driver of the state machine in machine.ts. */
export class Reflector<T extends KubeObject> {
  readonly #client: KubeClient;
  readonly #type: ResourceType;
  readonly #store: Store<T>;
  readonly #selectors: { readonly labelSelector?: string; readonly fieldSelector?: string };
  readonly #pageSize: number;
  readonly #idleTimeoutMs: number;
  readonly #backoff: Backoff;
  readonly #unreachableBackoff: Backoff;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #stopped = new AbortController();
  readonly #listedOnce = Promise.withResolvers<undefined>();
  #state: State = { name: 'Empty' };
  #timer: Timer | undefined;
  #watch: AbortController | undefined;
  /** When the server accepted the watch under way. */
  #openedAt: number | undefined;
  #failingSince = 0;

  constructor(client: KubeClient, type: ResourceType, store: Store<T>, options: ReflectorOptions = {}) {
    this.#client = client;
    this.#type = type;
    this.#store = store;
    const { labelSelector, fieldSelector } = options;
    this.#selectors = {
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
    this.#pageSize = options.pageSize ?? 500;
    this.#idleTimeoutMs = options.idleTimeoutMs ?? 90_000;
    this.#backoff = options.backoff ?? { baseMs: 500, maxMs: 30_000 };
    this.#unreachableBackoff = options.unreachableBackoff ?? { baseMs: 100, maxMs: 1_000 };
    this.#clock = options.clock ?? realClock;
    this.#random = options.random ?? Math.random;
    this.#log = options.log ?? silentLogger;
    // Nobody need wait for it.
    this.#listedOnce.promise.catch(() => undefined);
  }

  /** The state's name, for health and tests. */
  get state(): State['name'] {
    return this.#state.name;
  }

  /** Failures in a row: 0 when all is well, also when there is nothing to hear. */
  get failures(): number {
    return 'failures' in this.#state && this.#openedAt === undefined ? this.#state.failures : 0;
  }

  /** For how long it has failed, in ms; 0 when all is well. */
  get failingMs(): number {
    return this.failures === 0 ? 0 : this.#clock.now() - this.#failingSince;
  }

  /** Begins; resolves when the store holds a first complete list. Failures are logged and retried for ever. */
  start(): Promise<undefined> {
    this.#dispatch({ type: 'start' });
    return this.#listedOnce.promise;
  }

  /** Ends the watch; the store keeps what it has. A `start` that still waits is rejected. */
  stop(): void {
    this.#dispatch({ type: 'stop' });
    this.#timer?.cancel();
    this.#stopped.abort();
    this.#listedOnce.reject(new Error(`stopped before ${this.#type.plural} were listed`));
  }

  #dispatch(event: Event<T>): void {
    const { state, actions } = step(this.#state, event);
    if (state.name === 'Waiting') {
      this.#openedAt = undefined;
      if (state.failures === 1) this.#failingSince = this.#clock.now();
    }
    this.#state = state;
    for (const action of actions) this.#carryOut(action);
  }

  #carryOut(action: Action<T>): void {
    switch (action.type) {
      case 'upsert':
        this.#store.upsert(trimmed(action.object), action);
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
        void this.#follow(action.resourceVersion);
        break;
      case 'probe':
        void this.#probe();
        break;
      case 'closeWatch':
        this.#watch?.abort();
        break;
      case 'listed':
        this.#listedOnce.resolve(undefined);
        break;
      case 'wait':
        this.#wait(action);
        break;
      case 'report':
        this.#log.warn(reports[action.what], { kind: this.#type.kind, ...errorFields(action.error) });
    }
  }

  #wait({ failures, tries, isUnreachable: isAway, atLeastMs, error }: Wait<T>): void {
    const backoff = isAway ? this.#unreachableBackoff : this.#backoff;
    const delay = Math.max(atLeastMs, backoffDelay(backoff, tries, this.#random));
    this.#sayThatItWaits(Math.round(delay), failures, error);
    this.#timer = this.#clock.setTimer(delay, () => this.#dispatch({ type: 'timer' }));
  }

  #sayThatItWaits(delayMs: number, failures: number, error: unknown): void {
    const fields = { kind: this.#type.kind, attempt: failures, delayMs, ...errorFields(error) };
    // An outage is news at first, and then less and less: on its attempts 1, 2, 4, 8 and so on.
    if (isUnreachable(error)) {
      const isNews = Number.isInteger(Math.log2(failures));
      this.#log[isNews ? 'warn' : 'debug']('the API server cannot be reached: trying again', fields);
    }
    // A server that has just learnt of a kind, or is busy, says when to come back: nothing is wrong.
    else if (error instanceof ApiError && error.code === 429)
      this.#log.info('the API server asks to wait before following a kind', fields);
    else
      this.#log.warn('following a kind failed (is its CRD installed, may we list it?): trying again', fields);
  }

  async #list(continueToken: string | undefined): Promise<void> {
    try {
      const page = await this.#client.list<T>(this.#type, {
        ...this.#selectors,
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
      const options = { ...this.#selectors, limit: 1, signal: this.#stopped.signal };
      const { resourceVersion } = await this.#client.list<T>(this.#type, options);
      this.#dispatch({ type: 'probed', resourceVersion });
    } catch (error) {
      this.#dispatch({ type: 'probeFailed', error });
    }
  }

  async #follow(resourceVersion: string): Promise<void> {
    const watch = new AbortController();
    this.#watch = watch;
    const started = this.#clock.now();
    const options = {
      ...this.#selectors,
      resourceVersion,
      timeoutSeconds: Math.round(watchSeconds * (1 + this.#random())),
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

const reports = {
  relist: 'the watch fell too far behind: listing anew',
  staleList: 'a list is older than what was seen before: not believed, asking again',
  staleListAccepted: 'lists stay older than what was seen before: the database must have been restored',
} as const;
