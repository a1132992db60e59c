import type { Outcome } from './controller.ts';
import type { MetricsRegistry } from './metrics.ts';
import type { QueueObserver, WorkQueue } from './queue/queue.ts';

/** The metrics of a controller and its queue. */
export interface ControllerMetrics {
  readonly queue: QueueObserver;
  readonly observe: (outcome: Outcome, ms: number) => void;
}

/**
 * Registers the runtime's metrics with the names of client-go and controller-runtime, so that existing
 * dashboards work.
 *
 * @returns a function that creates the metrics of one controller
 */
export function runtimeMetrics(
  registry: MetricsRegistry,
  queues: () => Iterable<readonly [string, WorkQueue]>,
): (controller: string) => ControllerMetrics {
  const adds = registry.counter('workqueue_adds_total', 'Keys added to the queue', ['name', 'priority']);
  const waited = registry.histogram('workqueue_queue_duration_seconds', 'Time that keys wait in the queue', [
    'name',
  ]);
  const worked = registry.histogram('workqueue_work_duration_seconds', 'Time that keys are processed', [
    'name',
  ]);
  const retries = registry.counter('workqueue_retries_total', 'Retries of keys after an error', ['name']);
  const total = registry.counter('controller_runtime_reconcile_total', 'Reconciles by result', [
    'controller',
    'result',
  ]);
  const errors = registry.counter('controller_runtime_reconcile_errors_total', 'Reconciles that failed', [
    'controller',
  ]);
  const time = registry.histogram('controller_runtime_reconcile_time_seconds', 'Duration of a reconcile', [
    'controller',
  ]);
  const each = (value: (queue: WorkQueue) => number) => () =>
    [...queues()].map(([name, queue]) => [[name], value(queue)] as const);
  registry.collect(
    'workqueue_depth',
    'Keys that wait in the queue',
    ['name'],
    each((queue) => queue.depth),
  );
  registry.collect(
    'workqueue_longest_running_processor_seconds',
    'Age of the longest-running reconcile',
    ['name'],
    each((queue) => queue.longestWorkMs() / 1000),
  );
  registry.collect(
    'controller_runtime_active_workers',
    'Reconciles in progress',
    ['controller'],
    each((queue) => queue.processing),
  );
  registry.collect(
    'workqueue_unfinished_work_seconds',
    'Total age of the reconciles in progress',
    ['name'],
    each((queue) => queue.unfinishedWorkMs() / 1000),
  );
  return (controller) => {
    // rate() needs two samples: without the zero, it would not show the first error.
    errors.increment([controller], 0);
    return {
      queue: {
        added: (priority) => adds.increment([controller, priority]),
        taken: (ms) => waited.observe(ms / 1000, [controller]),
        done: (ms) => worked.observe(ms / 1000, [controller]),
        retried: () => retries.increment([controller]),
      },
      observe: (outcome, ms) => {
        total.increment([controller, outcome]);
        if (outcome === 'error') errors.increment([controller]);
        time.observe(ms / 1000, [controller]);
      },
    };
  };
}
