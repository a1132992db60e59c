import { encodeValue } from './codec.ts';
import { OvsdbError } from './errors.ts';
import { uuidType } from './operations.ts';
import type { Condition } from './operations.ts';
import type { TableSchema } from './schema.ts';
import type { Session } from './session.ts';
import type { UpdateFormat } from './table-updates.ts';
import { ZERO_UUID } from './values.ts';
import type { Uuid } from './values.ts';

/** The first reply to a monitor request. */
export interface MonitorReply {
  readonly format: UpdateFormat;
  /**
   * True: `updates` contains all rows. False: `updates` contains the changes since the requested transaction.
   */
  readonly isDump: boolean;
  readonly updates: unknown;
  /** The last transaction in `updates`; undefined if the server does not report transaction ids. */
  readonly lastTxnId: Uuid | undefined;
}

/** Conditions by table (ovsdb-server(7), "Monitor_cond"). They may use only monitored columns. */
export type MonitoredConditions = Readonly<Record<string, readonly Condition[]>>;

/** The options of a monitor. */
interface MonitorOptions<T> {
  readonly database: string;
  /** The id of the monitor within the session. Every notification contains it. */
  readonly id: string;
  readonly tables: ReadonlyMap<string, TableSchema>;
  /** Monitors only rows for which at least one condition of their table holds. Without an entry: all rows. */
  readonly conditions?: MonitoredConditions | undefined;
  /** The last transaction that the replica contains; undefined if there is none. */
  readonly since: Uuid | undefined;
  readonly timeoutMs: number;
  /** Receives the reply in the order of messages, before any notification of this monitor. */
  readonly take: (reply: MonitorReply) => T | Promise<T>;
}

/**
 * Starts a monitor with the best method of the server: `monitor_cond_since` (OVS 2.12), `monitor_cond` (OVS
 * 2.6), or `monitor` (RFC 7047 §4.1.5). `monitor` supports no conditions, so it sends all rows.
 *
 * @throws OvsdbError the error of the server or of the session
 */
export async function startMonitor<T>(session: Session, options: MonitorOptions<T>): Promise<T> {
  const { database, id, timeoutMs, take, conditions = {} } = options;
  const whole = Object.fromEntries(
    [...options.tables].map(([table, schema]) => [table, [{ columns: [...schema.columns.keys()] }]]),
  );
  const requests = Object.fromEntries(
    [...options.tables].map(([table, schema]) => [
      table,
      [{ columns: [...schema.columns.keys()], ...where(schema, conditions[table]) }],
    ]),
  );
  const attempts = [
    () =>
      session.call('monitor_cond_since', [database, id, requests, options.since ?? ZERO_UUID], {
        timeoutMs,
        consume: (result) => take(readSinceReply(result)),
      }),
    () =>
      session.call('monitor_cond', [database, id, requests], {
        timeoutMs,
        consume: (updates) => take({ format: 2, isDump: true, updates, lastTxnId: undefined }),
      }),
    () =>
      session.call('monitor', [database, id, whole], {
        timeoutMs,
        consume: (updates) => take({ format: 1, isDump: true, updates, lastTxnId: undefined }),
      }),
  ];
  let unsupported: unknown;
  for (const attempt of attempts) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof OvsdbError && error.code === 'UNKNOWN_METHOD')) throw error;
      unsupported = error;
    }
  }
  throw unsupported;
}

/** Returns the `where` clause of a table. A condition on a column that the server lacks holds for no row. */
function where(
  { columns }: TableSchema,
  conditions: readonly Condition[] | undefined,
): { readonly where?: readonly unknown[] } {
  if (conditions === undefined) return {};
  const present = conditions.flatMap((one) => {
    const type = one.column === '_uuid' ? uuidType : columns.get(one.column);
    return type === undefined ? [] : [[one.column, one.function, encodeValue(type, one.value)]];
  });
  return { where: present.length > 0 ? present : [false] };
}

function readSinceReply(result: unknown): MonitorReply {
  const [found, lastTxnId, updates] = Array.isArray(result) ? (result as unknown[]) : [];
  if (typeof found !== 'boolean' || typeof lastTxnId !== 'string') {
    throw new OvsdbError('PROTOCOL_ERROR', 'the server sent a malformed reply to monitor_cond_since');
  }
  return { format: 2, isDump: !found, updates, lastTxnId };
}

/** A change notification of a monitor. */
interface MonitorUpdate {
  readonly monitorId: unknown;
  readonly format: UpdateFormat;
  readonly updates: unknown;
  readonly lastTxnId: Uuid | undefined;
}

/**
 * Reads `update`, `update2` and `update3`. Returns undefined for other notifications.
 *
 * @throws OvsdbError PROTOCOL_ERROR when the notification is malformed
 */
export function readUpdate(method: string, params: readonly unknown[]): MonitorUpdate | undefined {
  switch (method) {
    case 'update':
      return { monitorId: params[0], format: 1, updates: params[1], lastTxnId: undefined };
    case 'update2':
      return { monitorId: params[0], format: 2, updates: params[1], lastTxnId: undefined };
    case 'update3':
      if (typeof params[1] !== 'string')
        throw new OvsdbError('PROTOCOL_ERROR', 'the server sent a malformed update3');
      return { monitorId: params[0], format: 2, updates: params[2], lastTxnId: params[1] };
    default:
      return undefined;
  }
}
