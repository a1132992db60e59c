/** What ovn-northd says of its own work. */
import type { Daemon } from '../src/dev/ovn/daemon.ts';

/** Statistics of a stopwatch in ms (OVS lib/stopwatch.h). */
export interface Stopwatch {
  readonly samples: number;
  readonly maximum: number;
  readonly p95: number;
}

/** Begins to count anew. */
export async function resetStopwatches(northd: Daemon): Promise<void> {
  await northd.appctl('stopwatch/reset');
}

/** The times of northd's main loop since the last reset; the loops in which there was nothing to do count too. */
export async function loopTimes(northd: Daemon): Promise<Stopwatch> {
  return parseStopwatch(await northd.appctl('stopwatch/show', 'ovn-northd-loop'));
}

/** @throws Error when it is not what `stopwatch/show` prints of one stopwatch */
export function parseStopwatch(text: string): Stopwatch {
  const value = (name: string): number => {
    const found = new RegExp(`^\\s*${name}:\\s+([0-9.]+)`, 'm').exec(text)?.[1];
    if (found === undefined) throw new Error(`no "${name}" in: ${text}`);
    return Number(found);
  };
  return {
    samples: value('Total samples'),
    maximum: value('Maximum'),
    p95: value('95th percentile'),
  };
}
