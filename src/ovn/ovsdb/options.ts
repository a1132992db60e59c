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
  /** Opening a connection, TLS handshake included. Default 5000. */
  readonly connectMs: number;
  /** Small requests of the handshake. Default 10 000. */
  readonly requestMs: number;
  /** The request whose reply is the dump. Default 60 000. */
  readonly syncMs: number;
  /** A transaction, unless its caller says otherwise. Default 30 000. */
  readonly transactMs: number;
  /** How long a cluster that is behind what was seen is refused before it counts as restored. Default 30 000. */
  readonly staleMs: number;
}

/** What a client needs; everything but the first three has a default. */
export interface OvsdbClientOptions {
  /** `unix:/path,tcp:host:port,ssl:host:port`; tried in random order. */
  readonly remotes: string;
  /** Name of the database, e.g. `OVN_Northbound`. */
  readonly database: string;
  /** What to replicate, columns by table. What the server's schema lacks is left out. */
  readonly tables: MonitoredColumns;
  /**
   * By table: replicate only rows for which one of the conditions holds; all rows of the others. A server before
   * OVS 2.6 sends all the same.
   */
  readonly conditions?: MonitoredConditions;
  /** Use only the leader of a cluster. Default true. */
  readonly leaderOnly?: boolean;
  /** Files for `ssl:` remotes. */
  readonly tls?: TlsFiles;
  /** Allow `tcp:` to other machines. Default false. */
  readonly allowPlaintext?: boolean;
  readonly timeouts?: Partial<Timeouts>;
  /** Defaults: probe after 5 s of silence, give up after 5 s more. */
  readonly probe?: Partial<ProbeOptions>;
  /** Between rounds over all remotes. Defaults: 100 ms doubling to 5 s. */
  readonly backoff?: Partial<Backoff>;
  readonly log?: Logger;
  readonly clock?: Clock;
  /** A number in [0, 1), as Math.random. */
  readonly random?: () => number;
  /** Opens transports; tests script it. */
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
 * The remotes of the options.
 *
 * @throws OvsdbError CONFIGURATION when one cannot be used as the options are.
 */
export function usableRemotes(options: OvsdbClientOptions): readonly Remote[] {
  const remotes = parseRemotes(options.remotes);
  for (const remote of remotes) checkRemote(remote, options);
  return remotes;
}

function checkRemote(remote: Remote, options: OvsdbClientOptions): void {
  if (remote.kind === 'ssl' && !options.tls) {
    throw new OvsdbError('CONFIGURATION', `${formatRemote(remote)} needs TLS files: at least the CA`);
  }
  if (remote.kind === 'tcp' && !isLoopback(remote.host) && options.allowPlaintext !== true) {
    throw new OvsdbError(
      'CONFIGURATION',
      `${formatRemote(remote)} is plaintext to another machine: use ssl:, or allow plaintext explicitly`,
    );
  }
}
