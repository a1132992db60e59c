import type { SweepReport } from '../../ovn/index.ts';
import type { MetricsRegistry } from '../../reconcile/index.ts';
import type { Env } from '../common/env.ts';
import { kindNames, modules } from '../kinds.ts';

/** Counters of events that the objects do not show. */
export interface ControllerCounters {
  /** Counts a repair of rows of an object of this kind. */
  driftRepaired(kind: string): void;
  /**
   * Measures a sweep. `left` returns the present number of rows without an object. The number is exported during the
   * sweep, and afterwards if the sweep stopped at its limit or was not complete.
   *
   * @returns whether the sweep was complete: it asked for every object, and removed what it may remove
   */
  sweeping(left: () => number, sweep: () => Promise<SweepReport>): Promise<boolean>;
}

/** Registers the metrics of the networks. A scrape reads the present values, also on a standby. */
export function controllerMetrics(
  metrics: MetricsRegistry,
  { stores }: Pick<Env, 'stores'>,
): ControllerCounters {
  for (const kind of kindNames) modules[kind].metrics?.(metrics, stores);
  const drift = metrics.counter(
    'overlay_network_drift_repaired_total',
    'Repairs of rows that another program had changed.',
    ['kind'],
  );
  const removed = metrics.counter(
    'overlay_network_orphans_removed_total',
    'Deleted objects whose rows a sweep removed.',
  );
  const refused = metrics.counter(
    'overlay_network_orphan_sweeps_refused_total',
    'Sweeps that removed nothing because the share of all rows exceeded the limit (sweepShareLimit).',
  );
  const failed = metrics.counter(
    'overlay_network_orphan_sweeps_failed_total',
    'Sweeps that were not complete, for example because the API server did not answer. They are repeated.',
  );
  for (const kind of kindNames) if (modules[kind].hasRows) drift.increment([kind], 0);
  for (const counter of [removed, refused, failed]) counter.increment([], 0);
  let remainingRows: (() => number) | undefined;
  metrics.collect(
    'overlay_network_orphan_rows_left',
    'Rows without an object that the last sweep did not remove and that still exist.',
    [],
    () => {
      const rows = remainingRows?.() ?? 0;
      // Counting is expensive, so it stops when no such rows remain.
      if (rows === 0) remainingRows = undefined;
      return [[[], rows]];
    },
  );
  return {
    driftRepaired: (kind) => drift.increment([kind]),
    sweeping: async (left, sweep) => {
      remainingRows = left;
      const report = await sweep().catch((error: unknown) => {
        failed.increment();
        throw error;
      });
      removed.increment([], report.removed.length);
      const isComplete = report.failed.length === 0;
      if (report.refused !== undefined) refused.increment();
      if (!isComplete) failed.increment();
      remainingRows = isComplete && report.refused === undefined ? undefined : left;
      return isComplete;
    },
  };
}
