import { type Clock, realClock, within } from '../../base/index.ts';
import type { Connection, ConnectionSource } from './connection.ts';
import { abortedError, ConnectionError } from './errors.ts';

/** The client reads the credentials again after this time, and after a 401. */
const TTL_MS = 60_000;
/** A source that takes longer fails: a credential plugin can hang. */
const READ_TIMEOUT_MS = 30_000;
/**
 * The previous credentials are usually still valid. So requests wait for new ones only for this time after the start of
 * the read, and then continue with the previous ones.
 */
const PATIENCE_MS = 1_000;

/** What limits the wait for credentials. */
interface Wait {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The current connection and credentials. Concurrent requests share one read of the source. */
export class Credentials {
  readonly #source: ConnectionSource;
  readonly #clock: Clock;
  readonly #stopped = new AbortController();
  #known: Connection | undefined;
  #freshUntil = 0;
  #isRejected = false;
  #reading: { readonly result: Promise<Connection>; readonly since: number } | undefined;

  constructor(source: ConnectionSource, clock: Clock = realClock) {
    this.#source = source;
    this.#clock = clock;
  }

  /** Fresh credentials that need no wait; undefined if there are none. */
  get fresh(): Connection | undefined {
    return this.#clock.now() < this.#freshUntil ? this.#known : undefined;
  }

  /**
   * Returns the credentials. When they cannot be read, returns the previous ones.
   *
   * @throws ConnectionError NO_CREDENTIALS when there are none before the deadline
   * @throws ConnectionError ABORTED when the signal is aborted
   */
  async get({ timeoutMs, signal }: Wait): Promise<Connection> {
    const { fresh } = this;
    if (fresh !== undefined) return fresh;
    const isEnded = (): boolean => signal?.aborted === true || this.#stopped.signal.aborted;
    if (isEnded()) throw unavailable('abort', 0);
    this.#reading ??= { result: this.#read(), since: this.#clock.now() };
    const { result, since } = this.#reading;
    const previous = this.#isRejected ? undefined : this.#known;
    const patienceMs = Math.max(0, since + PATIENCE_MS - this.#clock.now());
    const limitMs = previous === undefined ? timeoutMs : Math.min(timeoutMs, patienceMs);
    const bounds = {
      clock: this.#clock,
      timeoutMs: limitMs,
      signal,
      error: (end: 'timeout' | 'abort') => unavailable(end, limitMs),
    };
    try {
      return await within(bounds, () => result);
    } catch (error) {
      if (previous !== undefined && !isEnded()) return previous;
      throw error;
    }
  }

  /** The API server rejected the credentials, so the next request reads them again. */
  reject(): void {
    this.#freshUntil = 0;
    this.#isRejected = true;
  }

  /** Ends a read. Later requests are aborted, so that no process is started after the end. */
  close(): void {
    this.#stopped.abort();
    this.#known = undefined;
    this.#freshUntil = 0;
  }

  async #read(): Promise<Connection> {
    const { signal } = this.#stopped;
    const error = (end: 'timeout' | 'abort'): Error => unavailable(end, READ_TIMEOUT_MS);
    try {
      const bounds = { clock: this.#clock, timeoutMs: READ_TIMEOUT_MS, signal, error };
      this.#known = await within(bounds, this.#source);
      this.#isRejected = false;
    } catch (cause) {
      if (this.#known === undefined || signal.aborted) throw noCredentials(cause);
    } finally {
      this.#reading = undefined;
    }
    this.#freshUntil = this.#clock.now() + TTL_MS;
    return this.#known;
  }
}

function unavailable(end: 'timeout' | 'abort', ms: number): ConnectionError {
  return end === 'abort'
    ? abortedError(false)
    : new ConnectionError(
        'NO_CREDENTIALS',
        `the credentials for the API server were not available within ${Math.round(ms)} ms; check the credential plugin of the kubeconfig`,
        { sent: false },
      );
}

function noCredentials(cause: unknown): ConnectionError {
  if (cause instanceof ConnectionError) return cause;
  return new ConnectionError('NO_CREDENTIALS', 'cannot read the credentials for the API server', {
    sent: false,
    cause,
  });
}
