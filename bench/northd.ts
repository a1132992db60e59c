/** Reads ovn-northd's own statistics. */
import type { Daemon } from '../src/dev/ovn/daemon.ts';

/** Statistics of a stopwatch in ms (OVS lib/stopwatch.h). */
interface Stopwatch {
  readonly samples: number;
  readonly maximum: number;
  readonly p95: number;
}

/** Resets all stopwatches of ovn-northd. */
export async function resetStopwatches(northd: Daemon): Promise<void> {
  await northd.appctl('stopwatch/reset');
}

/** The times of ovn-northd's main loop since the last reset. Iterations without work count too. */
export async function loopTimes(northd: Daemon): Promise<Stopwatch> {
  return parseStopwatch(await northd.appctl('stopwatch/show', 'ovn-northd-loop'));
}

/**
 * Parses the output of `stopwatch/show` for one stopwatch.
 * @throws Error when a value is missing
 */
export function parseStopwatch(text: string): Stopwatch {
  const value = (name: string): number => {
    const found = new RegExp(`^\\s*${name}:\\s+([0-9.]+)`, 'm').exec(text)?.[1];
    if (found === undefined) throw new Error(`the output of stopwatch/show has no "${name}": ${text}`);
    return Number(found);
  };
  return {
    samples: value('Total samples'),
    maximum: value('Maximum'),
    p95: value('95th percentile'),
  };
}
