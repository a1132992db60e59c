import type { Row, Uuid, Value } from './values.ts';

/** The table of the `_Server` database that tells how a server stands (ovsdb-server(5)), and what is read of it. */
export const serverDatabase = '_Server';
export const serverTable = 'Database';
export const serverColumns: Readonly<Record<string, readonly string[]>> = {
  [serverTable]: ['name', 'model', 'connected', 'leader', 'cid', 'sid', 'index'],
};

/** One server's word about one database. */
export interface ServerStatus {
  readonly model: string;
  readonly connected: boolean;
  readonly leader: boolean;
  /** Identity of the cluster; undefined when standalone. */
  readonly clusterId: Uuid | undefined;
  readonly serverId: Uuid | undefined;
  /** Index of the last raft log entry that the server has applied; undefined when standalone. */
  readonly index: number | undefined;
}

/** Reads the row of `_Server.Database` whose name is `database`; undefined when the server does not have it. */
export function readServerStatus(rows: Iterable<Row>, database: string): ServerStatus | undefined {
  for (const row of rows) {
    if (row['name'] !== database) continue;
    const optional = (column: string): Value | undefined => {
      const value = row[column];
      return value instanceof Set ? (value as ReadonlySet<Value>).values().next().value : value;
    };
    const text = (column: string): string | undefined => {
      const value = optional(column);
      return typeof value === 'string' ? value : undefined;
    };
    const index = optional('index');
    return {
      model: text('model') ?? 'standalone',
      connected: row['connected'] !== false,
      leader: row['leader'] !== false,
      clusterId: text('cid'),
      serverId: text('sid'),
      index: typeof index === 'number' ? index : undefined,
    };
  }
  return undefined;
}

/** What has been seen of a clustered database, kept across connections. */
export interface ClusterProgress {
  readonly clusterId: Uuid | undefined;
  /** The highest index seen: what a server with a lower one would show is the past. */
  readonly index: number;
}

/** Nothing seen yet. */
export const noProgress: ClusterProgress = { clusterId: undefined, index: 0 };

/** Whether to use a server. `stale` is set when it would do but for an index that is behind. */
export type Verdict =
  | { readonly usable: true; readonly progress: ClusterProgress }
  | { readonly usable: false; readonly stale: boolean; readonly reason: string };

/**
 * Judges a server by what it says of itself. A follower is refused when only a leader will do; one that lost its
 * cluster always; one that is behind what was seen already too, because rows would travel back in time. Another
 * cluster id is another database, with its own count.
 */
export function judgeServer(
  status: ServerStatus | undefined,
  progress: ClusterProgress,
  options: { readonly leaderOnly: boolean },
): Verdict {
  const refuse = (reason: string, stale = false): Verdict => ({ usable: false, stale, reason });
  if (!status) return refuse('the server does not have the database');
  if (status.model === 'standalone') return { usable: true, progress: noProgress };
  if (!status.connected) return refuse('the server is not connected to its cluster');
  if (options.leaderOnly && status.model === 'relay')
    return refuse('the server is a relay, and the leader is wanted');
  if (options.leaderOnly && !status.leader) return refuse('the server is not the leader');
  if (status.model === 'relay') return { usable: true, progress };
  const index = status.index ?? 0;
  const sameCluster = progress.clusterId === undefined || progress.clusterId === status.clusterId;
  if (sameCluster && index < progress.index) {
    return refuse(`the server is behind: at index ${index}, while ${progress.index} was seen before`, true);
  }
  return { usable: true, progress: { clusterId: status.clusterId, index } };
}
