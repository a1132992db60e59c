import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import type { MetricsRegistry } from '../reconcile/index.ts';

/** Milliseconds between two samples of the delay of the event loop. */
const RESOLUTION_MS = 20;

/**
 * Registers metrics of the process, with the names of Prometheus' client libraries, and the version of the program.
 * The delays of the event loop are measured since the last scrape.
 *
 * @returns a function that stops the measurement
 */
export function processMetrics(metrics: MetricsRegistry, version: string): () => void {
  const { node } = process.versions;
  metrics.collect(
    'overlay_network_build_info',
    'Version of the program and of Node; the value is always 1.',
    ['version', 'node'],
    () => [[[version, node], 1]],
  );
  const startSeconds = Date.now() / 1000 - process.uptime();
  metrics.collect(
    'process_start_time_seconds',
    'Start time of the process, in seconds since 1970.',
    [],
    () => [[[], startSeconds]],
  );
  metrics.collect(
    'process_cpu_seconds_total',
    'CPU time of the process, in seconds.',
    [],
    () => {
      const { user, system } = process.cpuUsage();
      return [[[], (user + system) / 1e6]];
    },
    'counter',
  );
  metrics.collect('process_resident_memory_bytes', 'Resident memory of the process.', [], () => [
    [[], process.memoryUsage.rss()],
  ]);
  metrics.collect('nodejs_heap_size_used_bytes', 'Used part of the JavaScript heap.', [], () => [
    [[], process.memoryUsage().heapUsed],
  ]);
  metrics.collect('process_open_fds', 'Number of open file descriptors.', [], () => {
    const count = openFiles();
    return count === undefined ? [] : [[[], count]];
  });

  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  metrics.collect(
    'nodejs_eventloop_lag_seconds',
    'Delay of the event loop since the last scrape.',
    ['quantile'],
    () => {
      // The histogram has the time between two samples, so the resolution is subtracted.
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

/** Returns the number of open files, or undefined on a system without /proc (proc(5)). */
function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}
