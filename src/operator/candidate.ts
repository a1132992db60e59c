import type { Config } from '../config/index.ts';
import { LeaderElector, type KubeClient, type LeaderElectorOptions } from '../reconcile/index.ts';

/** Name of the Lease. Its holder is the only process that may write to the Northbound database. */
const LEASE_NAME = 'overlay-network';

/** Returns the reference to the Lease, or undefined when leader election is disabled. */
export function leaseOf({ leaderElection: { enabled, namespace } }: Config) {
  return enabled ? { namespace, name: LEASE_NAME } : undefined;
}

/** Returns a candidate for the Lease with the configured times, or undefined when leader election is disabled. */
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
