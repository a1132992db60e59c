import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import type { MetricsRegistry } from '../reconcile/index.ts';

/** Milliseconds between two looks at the event loop's delay. */
const RESOLUTION_MS = 20;

/**
 * What a process tells of itself, by the names that Prometheus' client libraries have, and which version it is. Delays
 * of the event loop are those since the last scrape. Returns what stops the measuring.
 */
export function processMetrics(metrics: MetricsRegistry, version: string): () => void {
  const { node } = process.versions;
  metrics.collect(
    'overlay_network_build_info',
    'The version that runs; always 1.',
    ['version', 'node'],
    () => [[[version, node], 1]],
  );
  const startSeconds = Date.now() / 1000 - process.uptime();
  metrics.collect('process_start_time_seconds', 'When the process started.', [], () => [[[], startSeconds]]);
  metrics.collect(
    'process_cpu_seconds_total',
    'Processor time used.',
    [],
    () => {
      const { user, system } = process.cpuUsage();
      return [[[], (user + system) / 1e6]];
    },
    'counter',
  );
  metrics.collect('process_resident_memory_bytes', 'Memory in use.', [], () => [
    [[], process.memoryUsage.rss()],
  ]);
  metrics.collect('nodejs_heap_size_used_bytes', 'Memory in use for objects.', [], () => [
    [[], process.memoryUsage().heapUsed],
  ]);
  metrics.collect('process_open_fds', 'Open files and connections.', [], () => {
    const count = openFiles();
    return count === undefined ? [] : [[[], count]];
  });

  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  metrics.collect(
    'nodejs_eventloop_lag_seconds',
    'How late the event loop came to its work, since the last scrape.',
    ['quantile'],
    () => {
      // Its values are times between two looks.
      const lag = (ns: number): number => Math.max(0, ns / 1e9 - RESOLUTION_MS / 1000);
      const values = [
        [['0.5'], lag(delay.percentile(50))],
        [['0.99'], lag(delay.percentile(99))],
        [['1'], lag(delay.max)],
      ] as const;
      delay.reset();
      return values;
    },
  );
  return () => delay.disable();
}

/** Where the system tells it (proc(5)). */
function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}
