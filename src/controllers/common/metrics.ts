import type { KubeObject, MetricsRegistry, ReadStore } from '../../reconcile/index.ts';

/**
 * The number of series of a metric that has one series per object. Thousands of series would cost more than they
 * show.
 */
export const MAX_SERIES = 50;

/** Registers the number of objects of a kind as `overlay_network_NAME_total`. `name` is the plural in snake case. */
export function countObjects(
  metrics: MetricsRegistry,
  name: string,
  kind: string,
  store: () => Pick<ReadStore<KubeObject>, 'size'>,
): void {
  metrics.collect(`overlay_network_${name}_total`, `${kind} objects.`, [], () => [[[], store().size]]);
}

/** Returns the {@link MAX_SERIES} items with the greatest measure, the greatest first. */
export function topOf<T>(items: Iterable<T>, measure: (item: T) => number): T[] {
  return [...items].sort((a, b) => measure(b) - measure(a) || 0).slice(0, MAX_SERIES);
}
