import type { Config } from './config.ts';
import { LeaderElector, type KubeClient, type LeaderElectorOptions } from './reconcile/index.ts';

/** Of the Lease that those who may write hold, one at a time. */
const LEASE_NAME = 'overlay-network';

/** A candidate for the Lease, as the settings say; undefined where there is no election. */
export function candidate(
  { leaderElection: { enabled, namespace, leaseSeconds, renewSeconds, retrySeconds } }: Config,
  client: KubeClient,
  options: Pick<LeaderElectorOptions, 'identity' | 'onLost' | 'log'>,
): LeaderElector | undefined {
  if (!enabled) return undefined;
  return new LeaderElector({
    ...options,
    client,
    lease: { namespace, name: LEASE_NAME },
    leaseMs: leaseSeconds * 1000,
    renewDeadlineMs: renewSeconds * 1000,
    retryMs: retrySeconds * 1000,
  });
}
