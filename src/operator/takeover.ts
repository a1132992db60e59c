import { type Logger, backoffDelay, errorFields, realClock, sleep } from '../base/index.ts';
import { ApplyError, type Home, type Northbound } from '../ovn/index.ts';
import type { HealthRegistry, MetricsRegistry } from '../reconcile/index.ts';

/** What a takeover needs, and where it reports that it may not take over. */
export interface TakeoverContext {
  /** Reads the identity of the Kubernetes cluster. */
  readonly home: () => Promise<Home>;
  readonly northbound: () => Northbound;
  readonly ready: HealthRegistry;
  readonly metrics: MetricsRegistry;
  readonly log: Logger;
}

/** The delay between two attempts. */
const BACKOFF = { baseMs: 100, maxMs: 5_000 };

/**
 * Returns the function that takes the Northbound database over. It repeats until it succeeds: the connection may be
 * lost at any time, and an administrator may correct what makes this operator refuse to lead. The function rejects only
 * after `signal` is aborted.
 */
export function takeover({
  home,
  northbound,
  ready,
  metrics,
  log,
}: TakeoverContext): (signal: AbortSignal) => Promise<void> {
  let refused: string | undefined;
  ready.add('kubernetes-cluster', () =>
    refused === undefined
      ? undefined
      : 'the rows with this clusterName belong to another Kubernetes cluster; the log says what to do',
  );
  metrics.collect(
    'overlay_network_takeover_refused',
    'Whether this operator refuses to lead because its rows belong to another Kubernetes cluster: 1 or 0.',
    [],
    () => [[[], refused === undefined ? 0 : 1]],
  );
  return async (signal) => {
    for (let failures = 1; ; failures++) {
      try {
        const { fence } = northbound();
        const cluster = await home();
        const epoch = await fence.take(cluster);
        refused = undefined;
        log.info('this operator is the leader', { epoch, kubernetesCluster: cluster.uid });
        if (cluster.adopt !== undefined)
          log.warn('this cluster owns the rows now: remove the setting adopt', { adopt: cluster.adopt });
        return;
      } catch (error) {
        if (signal.aborted) throw error;
        const isRefused = error instanceof ApplyError && error.code === 'OTHER_CLUSTER';
        if (!isRefused) log.warn('cannot take over the Northbound database; retrying', errorFields(error));
        // A refusal lasts until an administrator acts, so it is logged once.
        else if (refused !== error.message)
          log.error(
            'this operator does not lead; it retries until the cause is corrected',
            errorFields(error),
          );
        refused = isRefused ? error.message : undefined;
        await sleep(realClock, backoffDelay(BACKOFF, failures, Math.random), signal);
      }
    }
  };
}
