import type { Outcome } from './controller.ts';
import type { MetricsRegistry } from './metrics.ts';
import type { QueueObserver, WorkQueue } from './queue/queue.ts';

/** What a controller and its queue report to. */
export interface ControllerMetrics {
  readonly queue: QueueObserver;
  readonly observe: (outcome: Outcome, ms: number) => void;
}

/**
 * The runtime's metrics, by the names that client-go's and controller-runtime's have, so that existing
 * dashboards work. Returns what makes a controller's share of them.
 */
export function runtimeMetrics(
  registry: MetricsRegistry,
  queues: () => Iterable<readonly [string, WorkQueue]>,
): (controller: string) => ControllerMetrics {
  const adds = registry.counter('workqueue_adds_total', 'Keys added to the queue', ['name', 'priority']);
  const waited = registry.histogram('workqueue_queue_duration_seconds', 'How long a key waited', ['name']);
  const worked = registry.histogram('workqueue_work_duration_seconds', 'How long a key was worked on', [
    'name',
  ]);
  const retries = registry.counter('workqueue_retries_total', 'Keys put back after a failure', ['name']);
  const total = registry.counter('controller_runtime_reconcile_total', 'Reconciles by result', [
    'controller',
    'result',
  ]);
  const errors = registry.counter('controller_runtime_reconcile_errors_total', 'Reconciles that threw', [
    'controller',
  ]);
  const time = registry.histogram('controller_runtime_reconcile_time_seconds', 'Duration of a reconcile', [
    'controller',
  ]);
  const each = (value: (queue: WorkQueue) => number) => () =>
    [...queues()].map(([name, queue]) => [[name], value(queue)] as const);
  registry.collect(
    'workqueue_depth',
    'Keys waiting',
    ['name'],
    each((queue) => queue.depth),
  );
  registry.collect(
    'workqueue_longest_running_processor_seconds',
    'Age of the oldest work under way',
    ['name'],
    each((queue) => queue.longestWorkMs() / 1000),
  );
  registry.collect(
    'controller_runtime_active_workers',
    'Keys being worked on',
    ['controller'],
    each((queue) => queue.processing),
  );
  registry.collect(
    'workqueue_unfinished_work_seconds',
    'Age of all work under way, added up',
    ['name'],
    each((queue) => queue.unfinishedWorkMs() / 1000),
  );
  return (controller) => {
    // A series that only begins with the first failure hides it from rate().
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
        if (outcome === 'error' || outcome === 'terminal_error') errors.increment([controller]);
        time.observe(ms / 1000, [controller]);
      },
    };
  };
}
