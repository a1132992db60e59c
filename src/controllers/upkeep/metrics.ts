import type { MetricsRegistry } from '../../reconcile/index.ts';
import type { Env } from '../common/env.ts';
import { kindNames, modules } from '../kinds.ts';

/** Counters of events that the objects do not show. */
export interface ControllerCounters {
  /** Counts a repair of rows of an object of this kind. */
  driftRepaired(kind: string): void;
  /**
   * Counts a sweep that removed the rows of `owners` deleted objects. `left` is set when the sweep stopped at its
   * limit: it returns the present number of rows without an object.
   */
  swept(owners: number, left?: () => number): void;
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
  for (const kind of kindNames) if (modules[kind].hasRows) drift.increment([kind], 0);
  removed.increment([], 0);
  refused.increment([], 0);
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
    swept: (owners, left) => {
      removed.increment([], owners);
      if (left !== undefined) refused.increment();
      remainingRows = left;
    },
  };
}
