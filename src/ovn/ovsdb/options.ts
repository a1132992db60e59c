import type { Backoff, Clock, Logger } from '../../base/index.ts';
import { OvsdbError } from './errors.ts';
import type { MonitoredConditions } from './monitor.ts';
import type { ProbeOptions } from './probe.ts';
import { formatRemote, isLoopback, parseRemotes } from './remotes.ts';
import type { Remote } from './remotes.ts';
import type { MonitoredColumns } from './schema.ts';
import type { Connect, TlsFiles } from './transport.ts';

/** Deadlines in milliseconds. */
export interface Timeouts {
  /** Opening a connection, including the TLS handshake. Default 5000. */
  readonly connectMs: number;
  /** Small requests. Default 10,000. */
  readonly requestMs: number;
  /** The request whose reply is the dump. Default 60,000. */
  readonly syncMs: number;
  /** A transaction, unless the caller sets another deadline. Default 30,000. */
  readonly transactMs: number;
  /**
   * How long the client rejects a cluster that is behind before it assumes a restored backup. Default 30,000.
   */
  readonly staleMs: number;
}

/** The options of a client. All options except the first three have a default. */
export interface OvsdbClientOptions {
  /** `unix:/path,tcp:host:port,ssl:host:port`. The client tries them in random order. */
  readonly remotes: string;
  /** The name of the database, for example `OVN_Northbound`. */
  readonly database: string;
  /** The columns to replicate, by table. The client skips columns that the schema of the server lacks. */
  readonly tables: MonitoredColumns;
  /**
   * Replicates only rows for which at least one condition of their table holds, and all rows of tables
   * without conditions. A server before OVS 2.6 sends all rows.
   */
  readonly conditions?: MonitoredConditions;
  /** Connects only to the leader of a cluster. Default true. */
  readonly leaderOnly?: boolean;
  /** Also connects to relays (ovsdb-server with `relay:`), which cannot be leaders. Default: not if `leaderOnly` is set. */
  readonly acceptsRelays?: boolean;
  /** Files for `ssl:` remotes. */
  readonly tls?: TlsFiles;
  /** Allows `tcp:` to other machines. Default false. */
  readonly allowPlaintext?: boolean;
  readonly timeouts?: Partial<Timeouts>;
  /** Defaults: probe after 5 s of silence, close the connection after 5 s more. */
  readonly probe?: Partial<ProbeOptions>;
  /** The backoff between rounds over all remotes. Default: from 100 ms to 5 s. */
  readonly backoff?: Partial<Backoff>;
  readonly log?: Logger;
  readonly clock?: Clock;
  /** A random number in [0, 1). Default: Math.random. */
  readonly random?: () => number;
  /** Opens transports. Tests replace it. */
  readonly connect?: Connect;
}

/** The defaults of {@link Timeouts}. */
export const defaultTimeouts: Timeouts = {
  connectMs: 5000,
  requestMs: 10_000,
  syncMs: 60_000,
  transactMs: 30_000,
  staleMs: 30_000,
};

/** The default of {@link OvsdbClientOptions.backoff}. */
export const defaultBackoff: Backoff = { baseMs: 100, maxMs: 5000 };

/** The default of {@link OvsdbClientOptions.probe}. */
export const defaultProbe: ProbeOptions = { intervalMs: 5000, timeoutMs: 5000 };

/**
 * Parses and checks the remotes of the options.
 *
 * @throws OvsdbError CONFIGURATION when a remote is invalid, or needs an option that is not set
 */
export function parseAndCheckRemotes(options: OvsdbClientOptions): readonly Remote[] {
  const remotes = parseRemotes(options.remotes);
  for (const remote of remotes) checkRemote(remote, options);
  return remotes;
}

function checkRemote(remote: Remote, options: OvsdbClientOptions): void {
  if (remote.kind === 'ssl' && !options.tls) {
    throw new OvsdbError(
      'CONFIGURATION',
      `${formatRemote(remote)} needs TLS files: set at least the CA file`,
    );
  }
  if (remote.kind === 'tcp' && !isLoopback(remote.host) && options.allowPlaintext !== true) {
    throw new OvsdbError(
      'CONFIGURATION',
      `${formatRemote(remote)} is an unencrypted connection to another machine: use ssl: or allow plaintext explicitly`,
    );
  }
}
