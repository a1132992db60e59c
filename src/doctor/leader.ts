/** Checks with the Lease whether an operator leads. */
import { type Clock, jsonEqual, sleep } from '../base/index.ts';
import { ApiError, isNotFound, leaseType, type KubeClient, type Lease } from '../reconcile/index.ts';
import { grantRemedy, ok, problem, warning, type Finding } from './finding.ts';

/** Time between two reads of the Lease, in ms. */
const POLL_INTERVAL_MS = 250;

const check = 'Leader';

/** The reference to the Lease. */
export interface LeaseRef {
  readonly namespace: string;
  readonly name: string;
}

/**
 * The observed state of the Lease. `renewed`: the holder renewed the Lease. `expired`: the holder did not renew the
 * Lease for the duration of the Lease. `disabled`: leader election is disabled. In the other states the Lease has no
 * known holder.
 */
type Leadership =
  | { readonly state: 'disabled' }
  | { readonly state: 'missing' | 'released' | 'forbidden'; readonly lease: string }
  | {
      readonly state: 'renewed' | 'expired';
      readonly lease: string;
      readonly holder: string;
      readonly seconds: number;
    };

/**
 * Watches the Lease until its holder renews it or its duration ends. The function does not compare the times in the
 * Lease with the local clock, because another machine wrote these times. Candidates for the Lease do the same.
 *
 * @param ref undefined when leader election is disabled
 * @throws ApiError when the API server refuses the request, except with 403 and 404
 * @throws ConnectionError when the API server does not answer
 */
export async function watchLease(
  client: Pick<KubeClient, 'get'>,
  ref: LeaseRef | undefined,
  clock: Clock,
): Promise<Leadership> {
  if (ref === undefined) return { state: 'disabled' };
  const lease = `${ref.namespace}/${ref.name}`;
  const began = clock.now();
  let first: Lease['spec'];
  for (;;) {
    let spec: Lease['spec'];
    try {
      ({ spec } = await client.get<Lease>(leaseType, ref));
    } catch (error) {
      if (isNotFound(error)) return { state: 'missing', lease };
      if (error instanceof ApiError && error.code === 403) return { state: 'forbidden', lease };
      throw error;
    }
    const { holderIdentity: holder = '', leaseDurationSeconds: seconds = 0 } = spec ?? {};
    if (holder === '') return { state: 'released', lease };
    first ??= spec;
    if (!jsonEqual(first, spec)) return { state: 'renewed', lease, holder, seconds };
    if (clock.now() - began >= seconds * 1000) return { state: 'expired', lease, holder, seconds };
    await sleep(clock, POLL_INTERVAL_MS);
  }
}

/**
 * Returns the finding for a state of the Lease.
 *
 * @param epoch `NUMBER/IDENTITY` of the last takeover of the Northbound database; undefined when the database has no
 *   epoch or is not available
 */
export function evaluateLeader(leadership: Leadership, epoch: string | undefined): Finding {
  if (leadership.state === 'disabled') {
    return warning(
      check,
      'Leader election is disabled (`leaderElection.enabled`), so doctor cannot determine whether an operator runs.',
      'Check `/ready` of the operator. Enable leader election when there is more than one replica.',
    );
  }
  const { state, lease } = leadership;
  switch (state) {
    case 'forbidden':
      return warning(
        check,
        `This user may not read the Lease ${lease}, so doctor cannot determine whether an operator leads.`,
        grantRemedy,
      );
    case 'missing':
      return noLeader(`the Lease ${lease} does not exist`);
    case 'released':
      return noLeader(`the Lease ${lease} is free because its last holder released it`);
    case 'expired':
      return noLeader(
        `${leadership.holder} holds the Lease ${lease} but did not renew it for ${leadership.seconds} s`,
      );
    case 'renewed':
      return compare(leadership.holder, lease, epoch);
  }
}

const noLeader = (why: string): Finding =>
  problem(
    check,
    `No operator leads: ${why}.`,
    'Start an operator; `kubectl get deployments,pods` shows whether it is scaled to zero or fails to start. If an operator runs, compare its `leaderElection.namespace` with the setting of doctor. A takeover lasts some seconds: run doctor again.',
  );

/** Compares the holder of the Lease with the last operator that took over the Northbound database. */
function compare(holder: string, lease: string, epoch: string | undefined): Finding {
  const writer = epoch?.slice(epoch.indexOf('/') + 1);
  if (writer === undefined || writer === holder)
    return ok(check, `${holder} leads and renews the Lease ${lease}.`);
  return warning(
    check,
    `${holder} holds the Lease ${lease}, but the last operator that took over the Northbound database is ${writer}.`,
    'Run doctor again: the takeover follows some seconds after the Lease. If the warning stays, read in the log of the holder why it cannot take over, and compare its `clusterName` and `ovnNbEndpoint` with the settings of doctor.',
  );
}
