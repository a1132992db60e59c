import type { Config } from '../config/config.ts';
import { LeaderElector, type KubeClient, type LeaderElectorOptions } from '../reconcile/index.ts';

/** Of the Lease that those who may write hold, one at a time. */
const LEASE_NAME = 'overlay-network';

/** Where that Lease is; undefined where there is no election. */
export function leaseOf({ leaderElection: { enabled, namespace } }: Config) {
  return enabled ? { namespace, name: LEASE_NAME } : undefined;
}

/** A candidate for the Lease, as the settings say; undefined where there is no election. */
export function candidate(
  config: Config,
  client: KubeClient,
  options: Pick<LeaderElectorOptions, 'identity' | 'onLost' | 'log'>,
): LeaderElector | undefined {
  const lease = leaseOf(config);
  if (lease === undefined) return undefined;
  const { leaseSeconds, renewSeconds, retrySeconds } = config.leaderElection;
  return new LeaderElector({
    ...options,
    client,
    lease,
    leaseMs: leaseSeconds * 1000,
    renewDeadlineMs: renewSeconds * 1000,
    retryMs: retrySeconds * 1000,
  });
}
