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
import { Failures } from './failures.ts';
import type { Operation } from './operations.ts';
import { defaultBackoff, defaultProbe, defaultTimeouts, parseAndCheckRemotes } from './options.ts';
import type { OvsdbClientOptions, Timeouts } from './options.ts';
import { formatRemote, shuffled } from './remotes.ts';
import type { Remote } from './remotes.ts';
import { ReplicaStore } from './replica.ts';
import type { Replica } from './replica.ts';
import type { DatabaseSchema } from './schema.ts';
import { addOperationIndex, readResults } from './transact.ts';
import type { OperationResult } from './transact.ts';
import { connectTransport } from './transport.ts';

/** `connected`: the replica is up to date, and the client can send transactions. */
type ClientState = 'connected' | 'disconnected';

/** After a connection of this duration the next attempt starts without backoff. */
const STABLE_CONNECTION_MS = 5000;

/**
 * A client of one OVSDB database. The client replicates selected tables and sends transactions. It reconnects
 * until `stop`. The replica keeps its content while the client is disconnected.
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
  readonly #failures: Failures;

  /** @throws OvsdbError CONFIGURATION when a remote is invalid */
  constructor(options: OvsdbClientOptions) {
    this.#options = options;
    this.#timeouts = { ...defaultTimeouts, ...options.timeouts };
    this.#backoff = { ...defaultBackoff, ...options.backoff };
    this.#clock = options.clock ?? realClock;
    this.#log = options.log ?? silentLogger;
    this.#random = options.random ?? Math.random;
    this.#remotes = shuffled(parseAndCheckRemotes(options), this.#random);
    this.#failures = new Failures(this.#log, options.database, this.#remotes.length);
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

  /** The replicated tables. They are empty until the first synchronization. */
  get replica(): Replica {
    return this.#progress.store;
  }

  /**
   * Increases with each full dump, that is, when the server did not confirm that it continues from the last
   * known transaction. The content may then come from another database, or from an older state of the same
   * database.
   */
  get generation(): number {
    return this.#progress.generation;
  }

  /** The schema of the last server; undefined before the first connection. */
  get schema(): DatabaseSchema | undefined {
    return this.#progress.schema;
  }

  /** Whether the replica is up to date and the client can send transactions. */
  get connected(): boolean {
    return this.#connection !== undefined && this.#connection.session.ended === undefined;
  }

  /** Describes why the client is not connected, for users; undefined while it is connected. */
  get problem(): string | undefined {
    return this.connected ? undefined : this.#failures.describe();
  }

  /** Whether the connected server is a relay. Relays do not show the locks of the database. */
  get isRelay(): boolean {
    return this.#connection?.isRelay === true;
  }

  /** The error of the last failed attempt or connection, for messages. */
  get lastError(): OvsdbError | undefined {
    return this.#lastError;
  }

  /** Resolves when the client has tried every remote once without success. */
  get unreachable(): Promise<undefined> {
    return this.#unreachable.promise;
  }

  /**
   * Starts the client. Resolves after the first synchronization of the replica.
   *
   * @param options.timeoutMs the maximum wait; the client continues to connect until `stop` even after the
   * timeout
   * @throws OvsdbError DEADLINE_EXCEEDED after the timeout; the cause is the last failure
   * @throws OvsdbError STOPPED after `stop`
   */
  async start(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    if (this.#stopping.signal.aborted) return this.#synced.promise;
    this.#running ??= this.#run();
    if (options.timeoutMs === undefined) return this.#synced.promise;
    const late = Promise.withResolvers<undefined>();
    const timer = this.#clock.setTimer(options.timeoutMs, () => {
      const cause = this.#lastError;
      const message = `cannot read ${this.#options.database}: ${cause?.message ?? 'no server has answered'}`;
      late.reject(new OvsdbError('DEADLINE_EXCEEDED', message, { cause }));
    });
    try {
      await Promise.race([this.#synced.promise, late.promise]);
    } finally {
      timer.cancel();
    }
  }

  /** Closes the connection and ends all attempts. Transactions in flight fail with CONNECTION_LOST. Final. */
  async stop(): Promise<void> {
    const stopped = new OvsdbError('STOPPED', 'the OVSDB client was stopped');
    this.#stopping.abort(stopped);
    this.#synced.reject(stopped);
    await this.#running;
  }

  /**
   * Calls `listener` at each change of {@link connected}.
   *
   * @returns the function that removes the listener
   */
  onState(listener: (state: ClientState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sends a transaction: all operations take effect, or none. Resolves when the transaction is committed
   * **and** the replica shows its effect. Several transactions may be in flight; the server executes them in
   * the order of the calls.
   *
   * @throws OvsdbError NOT_CONNECTED or INVALID_REQUEST before the client sent anything
   * @throws OvsdbError the error of the server, with `operationIndex`: the server committed nothing
   * @throws OvsdbError CONNECTION_LOST, DEADLINE_EXCEEDED or ABORTED with `outcomeUnknown`: read the replica
   * after the next synchronization before you repeat the transaction
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
      throw addOperationIndex(operations, error);
    }
  }

  /**
   * Returns whether another client holds a lock of the connected server (RFC 7047 §4.1.8). Writes nothing. If
   * the lock is free, this client holds it for a moment.
   *
   * @throws OvsdbError NOT_CONNECTED, CONNECTION_LOST or DEADLINE_EXCEEDED
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
      this.#failures.add(formatRemote(remote), this.#lastError?.message ?? 'no reason');
      if (attempt + 1 >= this.#remotes.length) this.#unreachable.resolve(undefined);
      failures = wasSynced && this.#clock.now() - since >= STABLE_CONNECTION_MS ? 0 : failures + 1;
      if (failures > 0 && failures % this.#remotes.length === 0) {
        await sleep(
          this.#clock,
          backoffDelay(this.#backoff, failures / this.#remotes.length, this.#random),
          signal,
        );
      }
    }
  }

  /**
   * Opens a connection and uses it until its end. Returns whether the replica was synchronized at any time.
   */
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
        await connection.synchronize();
        wasSynced = true;
        this.#setConnection(connection, remote);
        const interruption = await connection.interrupted();
        if (interruption !== 'canceled') break;
        this.#setConnection(undefined, remote);
      }
    } catch (error) {
      session.close(asOvsdbError(error, 'CONNECTION_LOST', formatRemote(remote)));
    }
    this.#setConnection(undefined, remote);
    this.#lastError = await session.closed;
    signal.removeEventListener('abort', onStop);
    return wasSynced;
  }

  #setConnection(connection: Connection | undefined, remote: Remote): void {
    if (this.#connection === connection) return;
    this.#connection = connection;
    const { database } = this.#options;
    if (connection) this.#failures.clear();
    if (connection)
      this.#log.info('connected to the OVSDB server', { database, remote: formatRemote(remote) });
    for (const listener of this.#listeners) {
      try {
        listener(connection ? 'connected' : 'disconnected');
      } catch (error) {
        this.#log.error('a listener of the OVSDB connection state failed', { error: String(error) });
      }
    }
    if (connection) this.#synced.resolve(undefined);
  }

  #connectionOptions(): ConnectionOptions {
    const { database, tables, conditions, leaderOnly = true, acceptsRelays = !leaderOnly } = this.#options;
    const { requestMs, syncMs, staleMs } = this.#timeouts;
    return {
      database,
      tables,
      conditions,
      leaderOnly,
      acceptsRelays,
      clock: this.#clock,
      log: this.#log,
      probe: { ...defaultProbe, ...this.#options.probe },
      requestMs,
      syncMs,
      staleMs,
    };
  }
}
