/** Whether an operator leads now, by its Lease. */
import { type Clock, jsonEqual, sleep } from '../base/index.ts';
import { ApiError, isNotFound, leaseType, type KubeClient, type Lease } from '../reconcile/index.ts';
import { grantRemedy, ok, problem, warning, type Finding } from './finding.ts';

/** How often the Lease is looked at while it is watched for a renewal, in ms. */
const LOOK_MS = 250;

const check = 'Leader';

/** Where the Lease is. */
export interface LeaseRef {
  readonly namespace: string;
  readonly name: string;
}

/** What watching the Lease came to: its holder renewed it, or did not for as long as it says; or there is no holder. */
export type Leadership =
  | { readonly state: 'unelected' }
  | { readonly state: 'missing' | 'released' | 'forbidden'; readonly lease: string }
  | {
      readonly state: 'renewed' | 'silent';
      readonly lease: string;
      readonly holder: string;
      readonly seconds: number;
    };

/**
 * Watches the Lease until it is renewed, or for as long as it counts without that. The times in it were written by the
 * clock of another machine, so they are not compared with this one's: candidates do not do so either.
 *
 * @param ref undefined where no leader is elected. @throws ApiError, ConnectionError
 */
export async function watchLease(
  client: Pick<KubeClient, 'get'>,
  ref: LeaseRef | undefined,
  clock: Clock,
): Promise<Leadership> {
  if (ref === undefined) return { state: 'unelected' };
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
    if (clock.now() - began >= seconds * 1000) return { state: 'silent', lease, holder, seconds };
    await sleep(clock, LOOK_MS);
  }
}

/**
 * What that means. `epoch` is `NUMBER/IDENTITY` of the last that took over the Northbound database; undefined when that
 * is not known, or there is none.
 */
export function judgeLeader(leadership: Leadership, epoch: string | undefined): Finding {
  if (leadership.state === 'unelected') {
    return warning(
      check,
      'Nobody is elected (`leaderElection.enabled`), so nothing tells whether an operator runs.',
      'Ask its `/ready`; with more than one replica, elect a leader.',
    );
  }
  const { state, lease } = leadership;
  switch (state) {
    case 'forbidden':
      return warning(
        check,
        `This user may not read the Lease ${lease}: whether an operator leads is not known.`,
        grantRemedy,
      );
    case 'missing':
      return nobody(`there is no Lease ${lease}`);
    case 'released':
      return nobody(`the Lease ${lease} is free, since its last holder has stopped`);
    case 'silent':
      return nobody(
        `${leadership.holder} holds the Lease ${lease}, and has not renewed it for ${leadership.seconds} s`,
      );
    case 'renewed':
      return compare(leadership.holder, lease, epoch);
  }
}

const nobody = (why: string): Finding =>
  problem(
    check,
    `No operator leads: ${why}.`,
    'Start one (is it scaled to zero, or does it not start? `kubectl get deployments,pods`). If one runs, compare its `leaderElection.namespace` with the one given here. While another takes over this lasts some seconds: look again.',
  );

/** Who leads by the Lease is who should write. */
function compare(holder: string, lease: string, epoch: string | undefined): Finding {
  const writer = epoch?.slice(epoch.indexOf('/') + 1);
  if (writer === undefined || writer === holder)
    return ok(check, `${holder} leads, and renews the Lease ${lease}.`);
  return warning(
    check,
    `${holder} holds the Lease ${lease}, but the last to take over the Northbound database was ${writer}.`,
    'Look again: between both steps lie some seconds. If it stays, see in the log of the first why it cannot take over, and compare its `clusterName` and `ovnNbEndpoint` with those given here.',
  );
}
