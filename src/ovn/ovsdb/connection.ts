import type { Clock, Logger } from '../../base/index.ts';
import {
  SERVER_DATABASE,
  SERVER_TABLE,
  checkServer,
  noProgress,
  readServerStatus,
  serverColumns,
} from './cluster.ts';
import type { ClusterProgress, ServerRequirements } from './cluster.ts';
import { OvsdbError } from './errors.ts';
import { readUpdate, startMonitor } from './monitor.ts';
import type { MonitoredConditions, MonitorReply } from './monitor.ts';
import type { ProbeOptions } from './probe.ts';
import { ReplicaStore } from './replica.ts';
import { intersectSchema, parseSchema } from './schema.ts';
import type { DatabaseSchema, MonitoredColumns } from './schema.ts';
import { Session } from './session.ts';
import type { Transport } from './transport.ts';
import { ZERO_UUID } from './values.ts';
import type { Uuid } from './values.ts';

/** The state that survives a connection. The rows of the replica and `lastTxnId` always change together. */
export interface Progress {
  readonly store: ReplicaStore;
  /** The last transaction that the replica contains; undefined if the replica needs a full dump. */
  lastTxnId: Uuid | undefined;
  /** The number of full dumps. */
  generation: number;
  cluster: ClusterProgress;
  schema: DatabaseSchema | undefined;
  /** The time since which servers were rejected only because they are behind; undefined otherwise. */
  staleSince: number | undefined;
}

/** The options of a connection. */
export interface ConnectionOptions extends ServerRequirements {
  readonly database: string;
  readonly tables: MonitoredColumns;
  /** The rows to replicate, by table; undefined: all rows. */
  readonly conditions: MonitoredConditions | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly probe: ProbeOptions;
  /** The deadline of small requests. */
  readonly requestMs: number;
  /** The deadline of the request whose reply is the dump. */
  readonly syncMs: number;
  /**
   * If all servers are behind for this time, the client assumes a restore from a backup and accepts the
   * leader.
   */
  readonly staleMs: number;
}

/** One connection: synchronizes the replica, applies updates, and checks that the server stays usable. */
export class Connection {
  readonly session: Session;
  readonly #options: ConnectionOptions;
  readonly #progress: Progress;
  #round = 0;
  #server: ReplicaStore | undefined;
  #canceled = Promise.withResolvers<'canceled'>();

  constructor(transport: Transport, options: ConnectionOptions, progress: Progress) {
    this.#options = options;
    this.#progress = progress;
    this.session = new Session(transport, {
      clock: options.clock,
      probe: options.probe,
      onNotification: (method, params) => this.#onNotification(method, params),
    });
  }

  /**
   * Resolves when the replica is up to date. The caller may call this method again after {@link interrupted}.
   *
   * @throws OvsdbError SERVER_UNSUITABLE when the client should try another server
   * @throws OvsdbError another code when the connection failed
   */
  async synchronize(): Promise<void> {
    const { database, requestMs: timeoutMs, tables } = this.#options;
    this.#cancelMonitors();
    this.#round++;
    this.#canceled = Promise.withResolvers();
    await this.#watchServer();
    const schema = parseSchema(await this.session.call('get_schema', [database], { timeoutMs }));
    const monitored = intersectSchema(schema, tables);
    this.#progress.schema = schema;
    if (this.#progress.store.setTables(monitored)) this.#progress.lastTxnId = undefined;
    await startMonitor(this.session, {
      database,
      id: this.#dataId,
      tables: monitored,
      conditions: this.#options.conditions,
      since: this.#progress.lastTxnId,
      timeoutMs: this.#options.syncMs,
      take: (reply) => this.#takeReply(reply),
    });
  }

  /**
   * Resolves with `canceled` when the server canceled the monitor, or with the reason when the session ended.
   */
  interrupted(): Promise<'canceled' | OvsdbError> {
    return Promise.race([this.session.closed, this.#canceled.promise]);
  }

  /** Whether the server is a relay, which forwards a database of other servers. */
  get isRelay(): boolean {
    const rows = this.#server?.rows(SERVER_TABLE) ?? [];
    return readServerStatus(rows, this.#options.database)?.model === 'relay';
  }

  get #dataId(): string {
    return `${this.#options.database}#${this.#round}`;
  }

  get #serverId(): string {
    return `${SERVER_DATABASE}#${this.#round}`;
  }

  /**
   * Cancels the monitors of the last round. One of them may be canceled already, so the errors are ignored.
   */
  #cancelMonitors(): void {
    if (this.#round === 0) return;
    for (const id of [this.#dataId, this.#serverId]) {
      this.session
        .call('monitor_cancel', [id], { timeoutMs: this.#options.requestMs })
        .catch(() => undefined);
    }
  }

  /**
   * Monitors the state of the server and checks it. Servers before OVS 2.9 report no state; they are always
   * usable.
   */
  async #watchServer(): Promise<void> {
    const { requestMs: timeoutMs } = this.#options;
    this.#server = undefined;
    let json: unknown;
    try {
      json = await this.session.call('get_schema', [SERVER_DATABASE], { timeoutMs });
      // Without this call the server closes the connection when a database is converted, added or removed.
      await this.session.call('set_db_change_aware', [true], { timeoutMs });
    } catch (error) {
      if (!(error instanceof OvsdbError) || error.serverError === undefined) throw error;
      if (json === undefined) return;
    }
    const server = new ReplicaStore();
    const tables = intersectSchema(parseSchema(json), serverColumns);
    server.setTables(tables);
    this.#server = server;
    await startMonitor(this.session, {
      database: SERVER_DATABASE,
      id: this.#serverId,
      tables,
      since: undefined,
      timeoutMs,
      take: (reply) => server.applyDump(reply.format, reply.updates),
    });
    this.#checkServer();
  }

  #checkServer(): void {
    if (!this.#server) return;
    const { database, clock, staleMs, log } = this.#options;
    const progress = this.#progress;
    const status = readServerStatus(this.#server.rows(SERVER_TABLE), database);
    let check = checkServer(status, progress.cluster, this.#options);
    if (!check.usable && check.stale) {
      progress.staleSince ??= clock.now();
      if (status?.leader === true && clock.now() - progress.staleSince >= staleMs) {
        log.warn(
          'all servers have an older state than before: the client assumes that the database was restored from a backup',
          {
            database,
            index: status.index,
            seen: progress.cluster.index,
          },
        );
        check = checkServer(status, noProgress, this.#options);
        progress.lastTxnId = undefined;
      }
    }
    if (!check.usable) throw new OvsdbError('SERVER_UNSUITABLE', check.reason);
    if (check.progress.clusterId !== progress.cluster.clusterId) progress.lastTxnId = undefined;
    progress.cluster = check.progress;
    progress.staleSince = undefined;
  }

  /** Updates rows and transaction id together, or neither of them if the session has ended. */
  async #takeReply(reply: MonitorReply): Promise<void> {
    const { store } = this.#progress;
    const stillNeeded = (): boolean => this.#advance(reply.lastTxnId);
    if (reply.isDump) {
      this.#progress.generation++;
      await store.applyDump(reply.format, reply.updates, stillNeeded);
    } else await store.applyUpdate(reply.format, reply.updates, stillNeeded);
  }

  #advance(lastTxnId: Uuid | undefined): boolean {
    if (this.session.ended) return false;
    this.#progress.lastTxnId = lastTxnId === ZERO_UUID ? undefined : lastTxnId;
    return true;
  }

  #onNotification(method: string, params: readonly unknown[]): void | Promise<void> {
    const update = readUpdate(method, params);
    if (update?.monitorId === this.#dataId) {
      return this.#takeUpdate(() =>
        this.#progress.store.applyUpdate(update.format, update.updates, () =>
          this.#advance(update.lastTxnId),
        ),
      );
    }
    if (update && update.monitorId === this.#serverId && this.#server) {
      void this.#server.applyUpdate(update.format, update.updates);
      this.#checkServer();
    }
    if (method === 'monitor_canceled' && (params[0] === this.#dataId || params[0] === this.#serverId)) {
      this.#canceled.resolve('canceled');
    }
  }

  /**
   * If an update does not fit, replica and server disagree, so the next synchronization needs a full dump.
   */
  #takeUpdate(apply: () => boolean | Promise<boolean>): void | Promise<void> {
    const failed = (error: unknown): never => {
      this.#progress.lastTxnId = undefined;
      throw error;
    };
    try {
      const done = apply();
      if (done instanceof Promise) return done.then(() => undefined, failed);
    } catch (error) {
      failed(error);
    }
  }
}
