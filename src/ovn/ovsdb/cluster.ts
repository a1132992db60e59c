import type { Row, Uuid, Value } from './values.ts';

/** The database and table in which a server reports its state (ovsdb-server(5)). */
export const SERVER_DATABASE = '_Server';
export const SERVER_TABLE = 'Database';

/** The columns of the table that the client reads. */
export const serverColumns: Readonly<Record<string, readonly string[]>> = {
  [SERVER_TABLE]: ['name', 'model', 'connected', 'leader', 'cid', 'index'],
};

/** The state of one database on one server, as the server reports it. */
export interface ServerStatus {
  readonly model: string;
  readonly connected: boolean;
  readonly leader: boolean;
  /** The id of the cluster; undefined for a standalone database. */
  readonly clusterId: Uuid | undefined;
  /** The index of the last applied raft log entry; undefined for a standalone database. */
  readonly index: number | undefined;
}

/**
 * Reads the state of a database from the rows of `_Server.Database`; undefined if the server does not have
 * it.
 */
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
      index: typeof index === 'number' ? index : undefined,
    };
  }
  return undefined;
}

/** The known progress of a clustered database. It survives connections. */
export interface ClusterProgress {
  readonly clusterId: Uuid | undefined;
  /** The highest known index. A server with a lower index would show an older state. */
  readonly index: number;
}

/** The progress before the first connection. */
export const noProgress: ClusterProgress = { clusterId: undefined, index: 0 };

/**
 * Whether the client can use a server. `stale`: the only problem is that the index of the server is too low.
 */
type ServerCheck =
  | { readonly usable: true; readonly progress: ClusterProgress }
  | { readonly usable: false; readonly stale: boolean; readonly reason: string };

/** What the client needs from a server. */
export interface ServerRequirements {
  readonly leaderOnly: boolean;
  readonly acceptsRelays: boolean;
}

/**
 * Decides whether the client can use a server. The function rejects a follower if `leaderOnly` is set, a relay unless
 * `acceptsRelays` is set, a server that lost its cluster, and a server whose index is lower than the known index, because
 * rows would return to an older state. A different cluster id means a different database with independent indexes.
 */
export function checkServer(
  status: ServerStatus | undefined,
  progress: ClusterProgress,
  { leaderOnly, acceptsRelays }: ServerRequirements,
): ServerCheck {
  const reject = (reason: string, stale = false): ServerCheck => ({ usable: false, stale, reason });
  if (!status) return reject('the server does not have the database');
  if (status.model === 'standalone') return { usable: true, progress: noProgress };
  if (!status.connected) return reject('the server is not connected to its cluster');
  if (status.model === 'relay')
    return acceptsRelays
      ? { usable: true, progress }
      : reject('the server is a relay, but the client needs the leader; name the servers of the database');
  if (leaderOnly && !status.leader) return reject('the server is not the leader');
  const index = status.index ?? 0;
  const sameCluster = progress.clusterId === undefined || progress.clusterId === status.clusterId;
  if (sameCluster && index < progress.index) {
    return reject(
      `the server is behind: its index is ${index}, but the client has already seen index ${progress.index}`,
      true,
    );
  }
  return { usable: true, progress: { clusterId: status.clusterId, index } };
}
