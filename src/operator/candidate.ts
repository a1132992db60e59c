import type { Config } from '../config/index.ts';
import {
  LeaderElector,
  RestClient,
  type BoundClient,
  type ConnectionSource,
  type KubeClient,
  type LeaderElectorOptions,
  type RestClientOptions,
} from '../reconcile/index.ts';

/** Name of the Lease. Its holder is the only process that may write to the Northbound database. */
const LEASE_NAME = 'overlay-network';

/** Returns the reference to the Lease, or undefined when leader election is disabled. */
export function leaseOf({ leaderElection: { enabled, namespace } }: Config) {
  return enabled ? { namespace, name: LEASE_NAME } : undefined;
}

/** The connections of the client for the Lease: one for renewals, and others for a read at the same time. */
const MAX_LEASE_SOCKETS = 4;

/**
 * Returns the client for the Lease. It has its own connections and credentials, so that it never waits for other
 * requests. The elector repeats a failed attempt, so the client does not.
 */
export function leaseClient(
  source: ConnectionSource,
  bound: BoundClient,
  options: Pick<RestClientOptions, 'onRequest'>,
): KubeClient {
  return bound.alongside(
    new RestClient(source, { ...options, maxSockets: MAX_LEASE_SOCKETS, maxAttempts: 1 }),
  );
}

/** Returns a candidate for the Lease with the configured times, or undefined when leader election is disabled. */
export function candidate(
  config: Config,
  client: KubeClient,
  options: Pick<LeaderElectorOptions, 'identity' | 'onLost' | 'log' | 'isAble'>,
): LeaderElector | undefined {
  const lease = leaseOf(config);
  if (lease === undefined) return undefined;
  const { leaseSeconds, renewSeconds, retrySeconds, offerSeconds } = config.leaderElection;
  return new LeaderElector({
    ...options,
    client,
    lease,
    leaseMs: leaseSeconds * 1000,
    renewDeadlineMs: renewSeconds * 1000,
    retryMs: retrySeconds * 1000,
    offerMs: offerSeconds * 1000,
  });
}
