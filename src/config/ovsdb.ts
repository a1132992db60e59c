import { setting } from './settings.ts';
import { seconds } from './values.ts';

/** The times of the connections to OVSDB servers. Large databases and slow networks need longer ones. */
export interface OvsdbTimes {
  /** Silence before the client probes the server, and further silence before the connection is lost, in seconds; 0: never. */
  readonly probeSeconds: number;
  /** Time-out of the first read of a database, in seconds. */
  readonly dumpSeconds: number;
  /** Time-out of a transaction, in seconds. */
  readonly transactionSeconds: number;
}

/** The settings of {@link OvsdbTimes}. */
export const ovsdbSettings = {
  'ovsdb.probeSeconds': setting(
    seconds(0, 3600),
    5,
    'silence of an OVSDB server before a probe, and then before the connection is lost; 0: no probes',
  ),
  'ovsdb.dumpSeconds': setting(seconds(1, 3600), 60, 'time-out of the first read of an OVSDB database'),
  'ovsdb.transactionSeconds': setting(seconds(1, 3600), 30, 'time-out of an OVSDB transaction'),
} as const;

/** Returns the times as options for an OVSDB client. */
export function ovsdbTimesOf({
  ovsdb: { probeSeconds, dumpSeconds, transactionSeconds },
}: {
  readonly ovsdb: Omit<OvsdbTimes, 'transactionSeconds'> & Partial<OvsdbTimes>;
}) {
  const transactMs = transactionSeconds === undefined ? {} : { transactMs: transactionSeconds * 1000 };
  return {
    probe: { intervalMs: probeSeconds * 1000, timeoutMs: probeSeconds * 1000 },
    timeouts: { syncMs: dumpSeconds * 1000, ...transactMs },
  };
}
