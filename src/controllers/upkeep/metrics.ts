import type { MetricsRegistry } from '../../reconcile/index.ts';
import type { Env } from '../common/env.ts';
import { kindNames, modules } from '../kinds.ts';

/** What happens too seldom to be seen in the objects: counted. */
export interface ControllerCounters {
  /** Rows of an object of this kind that somebody else had changed were put right. */
  driftRepaired(kind: string): void;
  /**
   * A sweep has removed the rows of so many objects that are gone. `left`, when it stopped since that was too much:
   * how many rows without an object there are whenever it is called.
   */
  swept(owners: number, left?: () => number): void;
}

/** Registers what is known of the networks; the values are those of the moment of a scrape, also on a standby. */
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
  let leftAlone: (() => number) | undefined;
  metrics.collect(
    'overlay_network_orphan_rows_left',
    'Rows without an object that the last sweep did not remove and that still exist.',
    [],
    () => {
      const rows = leftAlone?.() ?? 0;
      // Counting costs something: once there are none, no more are looked for.
      if (rows === 0) leftAlone = undefined;
      return [[[], rows]];
    },
  );
  return {
    driftRepaired: (kind) => drift.increment([kind]),
    swept: (owners, left) => {
      removed.increment([], owners);
      if (left !== undefined) refused.increment();
      leftAlone = left;
    },
  };
}
