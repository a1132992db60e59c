import {
  type Backoff,
  type Clock,
  type Logger,
  backoffDelay,
  realClock,
  silentLogger,
  sleep,
} from '../../base/index.ts';
import { noProgress } from './cluster.ts';
import { Connection } from './connection.ts';
import type { ConnectionOptions, Progress } from './connection.ts';
import { asOvsdbError, OvsdbError } from './errors.ts';
import type { Operation } from './operations.ts';
import { defaultBackoff, defaultProbe, defaultTimeouts, usableRemotes } from './options.ts';
import type { OvsdbClientOptions, Timeouts } from './options.ts';
import { formatRemote, shuffled } from './remotes.ts';
import type { Remote } from './remotes.ts';
import { ReplicaStore } from './replica.ts';
import type { Replica } from './replica.ts';
import type { DatabaseSchema } from './schema.ts';
import { blame, readResults } from './transact.ts';
import type { OperationResult } from './transact.ts';
import { connectTransport } from './transport.ts';

/** `connected`: the replica is up to date, and transactions can be sent. */
export type ClientState = 'connected' | 'disconnected';

/** A connection that stayed in use this long was a good one: the next attempt starts without backoff. */
const stableMs = 5000;

/**
 * A client of one OVSDB database: keeps a replica of chosen tables, and sends transactions. It reconnects for as
 * long as it is started; the replica keeps its last content while the connection is away.
 */
export class OvsdbClient {
  readonly #options: OvsdbClientOptions;
  readonly #remotes: readonly Remote[];
  readonly #timeouts: Timeouts;
  readonly #backoff: Backoff;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #random: () => number;
  readonly #progress: Progress;
  readonly #listeners = new Set<(state: ClientState) => void>();
  readonly #stopping = new AbortController();
  readonly #synced = Promise.withResolvers<undefined>();
  readonly #unreachable = Promise.withResolvers<undefined>();
  #running: Promise<void> | undefined;
  #connection: Connection | undefined;
  #lastError: OvsdbError | undefined;

  /** @throws OvsdbError CONFIGURATION when the remotes cannot be used as they are given. */
  constructor(options: OvsdbClientOptions) {
    this.#options = options;
    this.#timeouts = { ...defaultTimeouts, ...options.timeouts };
    this.#backoff = { ...defaultBackoff, ...options.backoff };
    this.#clock = options.clock ?? realClock;
    this.#log = options.log ?? silentLogger;
    this.#random = options.random ?? Math.random;
    this.#remotes = shuffled(usableRemotes(options), this.#random);
    this.#progress = {
      store: new ReplicaStore(this.#log),
      lastTxnId: undefined,
      generation: 0,
      cluster: noProgress,
      schema: undefined,
      staleSince: undefined,
    };
    this.#synced.promise.catch(() => undefined);
  }

  /** The tables, empty until the first synchronisation. */
  get replica(): Replica {
    return this.#progress.store;
  }

  /**
   * Changes when the replica was filled anew, without the server's word that it goes on from what was seen before: it
   * may then be another database, or an older state of this one.
   */
  get generation(): number {
    return this.#progress.generation;
  }

  /** The schema of the server last used; undefined before the first. */
  get schema(): DatabaseSchema | undefined {
    return this.#progress.schema;
  }

  /** Whether the replica is up to date and transactions can be sent. */
  get connected(): boolean {
    return this.#connection !== undefined && this.#connection.session.ended === undefined;
  }

  /** Why the last attempt or connection failed; for people and health checks. */
  get lastError(): OvsdbError | undefined {
    return this.#lastError;
  }

  /** Resolves when every remote was tried once and none would do: whoever can do without need not wait longer. */
  get unreachable(): Promise<undefined> {
    return this.#unreachable.promise;
  }

  /**
   * Starts, and resolves when the replica is filled for the first time.
   *
   * @param options.timeoutMs rejects with DEADLINE_EXCEEDED (its cause is the last failure) when that takes
   * longer; the client goes on trying until `stop`. Without it the wait ends only with `stop`.
   * @throws OvsdbError DEADLINE_EXCEEDED; STOPPED.
   */
  async start(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    if (this.#stopping.signal.aborted) return this.#synced.promise;
    this.#running ??= this.#run();
    if (options.timeoutMs === undefined) return this.#synced.promise;
    const late = Promise.withResolvers<undefined>();
    const timer = this.#clock.setTimer(options.timeoutMs, () =>
      late.reject(
        new OvsdbError(
          'DEADLINE_EXCEEDED',
          `${this.#options.database} is not there yet: ${this.#lastError?.message ?? 'no answer'}`,
          {
            cause: this.#lastError,
          },
        ),
      ),
    );
    try {
      await Promise.race([this.#synced.promise, late.promise]);
    } finally {
      timer.cancel();
    }
  }

  /** Ends the connection and all attempts; transactions under way fail with CONNECTION_LOST. Final. */
  async stop(): Promise<void> {
    const stopped = new OvsdbError('STOPPED', 'the OVSDB client was stopped');
    this.#stopping.abort(stopped);
    this.#synced.reject(stopped);
    await this.#running;
  }

  /** Calls `listener` at each change of {@link connected}. Returns the function that ends it. */
  onState(listener: (state: ClientState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sends a transaction: all of the operations take effect, or none. Resolves when it is committed **and** the
   * replica shows its effect. Several may be under way at once; the server takes them in the order of the calls.
   *
   * @throws OvsdbError the server's refusals with `operationIndex`: nothing was committed; NOT_CONNECTED and
   * INVALID_REQUEST before anything was sent; CONNECTION_LOST, DEADLINE_EXCEEDED or ABORTED with
   * `outcomeUnknown`: re-read the replica once it is connected again, then decide.
   */
  async transact(
    operations: readonly Operation[],
    options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<OperationResult[]> {
    const schema = this.#progress.schema;
    if (!this.#connection || !schema) {
      throw new OvsdbError('NOT_CONNECTED', `not connected to ${this.#options.database}`, {
        cause: this.#lastError,
      });
    }
    const { session } = this.#connection;
    try {
      const result = await session.call('transact', [schema.name, ...operations], {
        timeoutMs: options.timeoutMs ?? this.#timeouts.transactMs,
        signal: options.signal,
      });
      return readResults(schema, operations, result);
    } catch (error) {
      throw blame(operations, error);
    }
  }

  /**
   * Whether somebody holds this lock of the server that is connected (RFC 7047 §4.1.8). Writes nothing; a lock that is
   * free is held here between the question and the answer.
   *
   * @throws OvsdbError NOT_CONNECTED, CONNECTION_LOST or DEADLINE_EXCEEDED.
   */
  async isLocked(lock: string): Promise<boolean> {
    const session = this.#connection?.session;
    if (session === undefined)
      throw new OvsdbError('NOT_CONNECTED', `not connected to ${this.#options.database}`);
    const timeoutMs = this.#timeouts.requestMs;
    const { locked } = await session.call<{ locked?: unknown }>('lock', [lock], { timeoutMs });
    await session.call('unlock', [lock], { timeoutMs });
    return locked !== true;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let attempt = 0, failures = 0; ; attempt++) {
      const remote = this.#remotes[attempt % this.#remotes.length] as Remote;
      const since = this.#clock.now();
      let wasSynced = false;
      try {
        wasSynced = await this.#serve(remote);
      } catch (error) {
        this.#lastError = asOvsdbError(error, 'CONNECTION_LOST', formatRemote(remote));
      }
      if (signal.aborted) return;
      this.#log.info('OVSDB connection ended, or was not made', {
        database: this.#options.database,
        remote: formatRemote(remote),
        reason: this.#lastError?.message,
      });
      if (attempt + 1 >= this.#remotes.length) this.#unreachable.resolve(undefined);
      failures = wasSynced && this.#clock.now() - since >= stableMs ? 0 : failures + 1;
      if (failures > 0 && failures % this.#remotes.length === 0) {
        await sleep(
          this.#clock,
          backoffDelay(this.#backoff, failures / this.#remotes.length, this.#random),
          signal,
        );
      }
    }
  }

  /** One connection from its opening to its end; returns whether the replica was ever up to date in it. */
  async #serve(remote: Remote): Promise<boolean> {
    const { signal } = this.#stopping;
    const { connect = connectTransport, tls, allowPlaintext } = this.#options;
    const transport = await connect(remote, {
      timeoutMs: this.#timeouts.connectMs,
      tls,
      allowPlaintext,
      signal,
    });
    const connection = new Connection(transport, this.#connectionOptions(), this.#progress);
    const { session } = connection;
    const onStop = (): void => session.close(signal.reason as OvsdbError);
    signal.addEventListener('abort', onStop);
    if (signal.aborted) onStop();
    let wasSynced = false;
    try {
      for (;;) {
        await connection.synchronise();
        wasSynced = true;
        this.#use(connection, remote);
        const interruption = await connection.interrupted();
        if (interruption !== 'canceled') break;
        this.#use(undefined, remote);
      }
    } catch (error) {
      session.close(asOvsdbError(error, 'CONNECTION_LOST', formatRemote(remote)));
    }
    this.#use(undefined, remote);
    this.#lastError = await session.closed;
    signal.removeEventListener('abort', onStop);
    return wasSynced;
  }

  #use(connection: Connection | undefined, remote: Remote): void {
    if (this.#connection === connection) return;
    this.#connection = connection;
    const { database } = this.#options;
    if (connection) this.#log.info('OVSDB connected', { database, remote: formatRemote(remote) });
    for (const listener of this.#listeners) {
      try {
        listener(connection ? 'connected' : 'disconnected');
      } catch (error) {
        this.#log.error('a listener of the OVSDB state failed', { error: String(error) });
      }
    }
    if (connection) this.#synced.resolve(undefined);
  }

  #connectionOptions(): ConnectionOptions {
    const { database, tables, conditions, leaderOnly = true, probe } = this.#options;
    const { requestMs, syncMs, staleMs } = this.#timeouts;
    return {
      database,
      tables,
      conditions,
      leaderOnly,
      clock: this.#clock,
      log: this.#log,
      probe: { ...defaultProbe, ...probe },
      requestMs,
      syncMs,
      staleMs,
    };
  }
}
