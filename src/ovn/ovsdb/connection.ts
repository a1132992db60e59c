import type { Clock, Logger } from '../../base/index.ts';
import {
  judgeServer,
  noProgress,
  readServerStatus,
  serverColumns,
  serverDatabase,
  serverTable,
} from './cluster.ts';
import type { ClusterProgress } from './cluster.ts';
import { OvsdbError } from './errors.ts';
import { readUpdate, startMonitor } from './monitor.ts';
import type { MonitoredConditions, MonitorReply } from './monitor.ts';
import type { ProbeOptions } from './probe.ts';
import { ReplicaStore } from './replica.ts';
import { intersectSchema, parseSchema } from './schema.ts';
import type { DatabaseSchema, MonitoredColumns } from './schema.ts';
import { Session } from './session.ts';
import type { Transport } from './transport.ts';
import { zeroUuid } from './values.ts';
import type { Uuid } from './values.ts';

/** What outlives a connection. The replica's rows and `lastTxnId` always change together. */
export interface Progress {
  readonly store: ReplicaStore;
  /** The last transaction that the replica holds; undefined when only a full dump can bring it up to date. */
  lastTxnId: Uuid | undefined;
  /** How often the replica was filled anew, rather than brought up to date from where it was. */
  generation: number;
  cluster: ClusterProgress;
  schema: DatabaseSchema | undefined;
  /** Since when servers were refused only because they are behind; undefined when that is not so. */
  staleSince: number | undefined;
}

/** What a connection is to do. */
export interface ConnectionOptions {
  readonly database: string;
  readonly tables: MonitoredColumns;
  /** By table: which rows to replicate; unset: all. */
  readonly conditions: MonitoredConditions | undefined;
  readonly leaderOnly: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly probe: ProbeOptions;
  /** Deadline of small requests. */
  readonly requestMs: number;
  /** Deadline of the request whose reply is the dump. */
  readonly syncMs: number;
  /** After this long without any server that is not behind, a leader that is behind counts as restored from a backup. */
  readonly staleMs: number;
}

/** One connection: brings the replica up to date, keeps it so, and watches that the server stays a good one. */
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
      onNotification: (method, params) => this.#notified(method, params),
    });
  }

  /**
   * Resolves when the replica is up to date. Can be called again after {@link interrupted}.
   *
   * @throws OvsdbError SERVER_UNSUITABLE when another server should be tried; others when the connection failed.
   */
  async synchronise(): Promise<void> {
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

  /** Resolves with `canceled` when the server took the monitor away (synchronise again), or with why it ended. */
  interrupted(): Promise<'canceled' | OvsdbError> {
    return Promise.race([this.session.closed, this.#canceled.promise]);
  }

  get #dataId(): string {
    return `${this.#options.database}#${this.#round}`;
  }

  get #serverId(): string {
    return `${serverDatabase}#${this.#round}`;
  }

  /** Of an earlier round: one of them may be canceled already, and the server's complaint about that is no matter. */
  #cancelMonitors(): void {
    if (this.#round === 0) return;
    for (const id of [this.#dataId, this.#serverId]) {
      this.session
        .call('monitor_cancel', [id], { timeoutMs: this.#options.requestMs })
        .catch(() => undefined);
    }
  }

  /** Monitors the server's word about itself, and judges it. Servers before OVS 2.9 have none: always good. */
  async #watchServer(): Promise<void> {
    const { requestMs: timeoutMs } = this.#options;
    this.#server = undefined;
    let json: unknown;
    try {
      json = await this.session.call('get_schema', [serverDatabase], { timeoutMs });
      // Without it the server drops the connection when a database is converted, added or removed.
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
      database: serverDatabase,
      id: this.#serverId,
      tables,
      since: undefined,
      timeoutMs,
      take: (reply) => server.applyDump(reply.format, reply.updates),
    });
    this.#judge();
  }

  #judge(): void {
    if (!this.#server) return;
    const { database, leaderOnly, clock, staleMs, log } = this.#options;
    const progress = this.#progress;
    const status = readServerStatus(this.#server.rows(serverTable), database);
    let verdict = judgeServer(status, progress.cluster, { leaderOnly });
    if (!verdict.usable && verdict.stale) {
      progress.staleSince ??= clock.now();
      if (status?.leader === true && clock.now() - progress.staleSince >= staleMs) {
        log.warn(
          'the database is older than what was seen before, and stays so: taken as restored from a backup',
          {
            database,
            index: status.index,
            seen: progress.cluster.index,
          },
        );
        verdict = judgeServer(status, noProgress, { leaderOnly });
        progress.lastTxnId = undefined;
      }
    }
    if (!verdict.usable) throw new OvsdbError('SERVER_UNSUITABLE', verdict.reason);
    if (verdict.progress.clusterId !== progress.cluster.clusterId) progress.lastTxnId = undefined;
    progress.cluster = verdict.progress;
    progress.staleSince = undefined;
  }

  /** Rows and transaction id advance together, or, when the session ended meanwhile, not at all. */
  async #takeReply(reply: MonitorReply): Promise<void> {
    const { store } = this.#progress;
    const wanted = (): boolean => this.#advance(reply.lastTxnId);
    if (reply.isDump) {
      this.#progress.generation++;
      await store.applyDump(reply.format, reply.updates, wanted);
    } else await store.applyUpdate(reply.format, reply.updates, wanted);
  }

  #advance(lastTxnId: Uuid | undefined): boolean {
    if (this.session.ended) return false;
    this.#progress.lastTxnId = lastTxnId === zeroUuid ? undefined : lastTxnId;
    return true;
  }

  #notified(method: string, params: readonly unknown[]): void | Promise<void> {
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
      this.#judge();
    }
    if (method === 'monitor_canceled' && (params[0] === this.#dataId || params[0] === this.#serverId)) {
      this.#canceled.resolve('canceled');
    }
  }

  /** An update that does not fit means that replica and server disagree: only a full dump mends that. */
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
