import { segmentKey, type ExternalNetwork } from '../../api/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import type { Intent } from '../common/converge.ts';
import { namesOfUsers } from '../common/deletion.ts';
import type { Env } from '../common/env.ts';
import type { KindController } from '../common/kind-reconciler.ts';
import type { Problem } from '../common/problem.ts';
import { externalSegment } from '../common/segments.ts';
import { rangesOf } from '../pools/pools.ts';
import { switchName } from '../rows/names.ts';
import { selectChassis } from './chassis.ts';
import { planExternalNetwork } from './plan.ts';
import { externalAddressing } from './ranges.ts';
import { segmentProblem } from './segment.ts';

/** Decides on an ExternalNetwork: its switch, its addresses and its gateway chassis. */
export class ExternalNetworkController implements KindController<ExternalNetwork> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /**
   * Returns the objects that have an address of the network. An object that names the network without permission
   * prevents no deletion. The rows of a deleted object may still contain an address until the database has removed
   * them.
   */
  users(key: string, { metadata: { uid } }: ExternalNetwork): readonly string[] {
    const { pools } = this.#env;
    const users = namesOfUsers(
      this.#env.usersOf('ExternalNetwork', [key]),
      (object) => pools.external.networksOf(object.metadata.uid).includes(uid),
      keyOf,
    );
    const isInRows = users.length === 0 && (pools.external.network(uid)?.counts().used ?? 0) > 0;
    return isInRows ? ['rows that the operator is removing'] : users;
  }

  intent(_key: string, network: ExternalNetwork): Intent<object> {
    const { pools } = this.#env;
    const { uid } = network.metadata;
    const addressing = this.#addressing(network);
    const key = segmentKey(externalSegment(network));
    if (addressing.ok) {
      pools.segments.holdAsExternalNetwork(key, uid);
      const isNew = pools.external.configure(uid, addressing.value.cidr, addressing.value.ranges);
      pools.external.join(uid, pools.segments, key);
      if (isNew) {
        this.#env.claimNamed(network);
        pools.waiting.wake(uid);
        pools.waiting.wake(rangesOf(uid));
      }
    }
    const chassis = this.#chassis(network);
    return {
      desired: addressing.ok ? planExternalNetwork(network, addressing.value) : undefined,
      accepted: addressing.ok ? undefined : addressing.problem,
      resolvedRefs: chassis.problem,
      applied: () => pools.segments.release(uid, key),
      status: (programmed) => {
        const counts = pools.external.network(uid)?.counts();
        return {
          totalIPs: counts?.total,
          usedIPs: counts?.used,
          availableIPs: counts?.available,
          gatewayChassis: chassis.names,
          switchName: programmed ? switchName(uid) : network.status?.switchName,
        };
      },
    };
  }

  /** Returns the addresses of a network that may use its segment. Otherwise the network waits for the segment. */
  #addressing(network: ExternalNetwork): ReturnType<typeof externalAddressing> {
    const addressing = externalAddressing(network);
    const problem = segmentProblem(this.#env, network);
    if (!addressing.ok || problem === undefined) return addressing;
    const { name } = network.metadata;
    this.#env.pools.waiting.add(segmentKey(externalSegment(network)), 'ExternalNetwork', name);
    return { ok: false, problem };
  }

  /**
   * Returns the chassis of the network. When no chassis remains, the list in the status does not change: routers
   * without a chassis cannot move, and an unchanged list saves two writes when the chassis returns.
   */
  #chassis(network: ExternalNetwork): { names: readonly string[] | undefined; problem?: Problem } {
    const before = network.status?.gatewayChassis;
    const { chassis } = this.#env;
    const names = chassis.isKnown ? selectChassis(network.spec, chassis.chassis()) : [];
    if (names.length > 0) return { names };
    if (!chassis.isKnown && before !== undefined) return { names: before };
    const { gatewayChassis, physicalNetwork } = network.spec;
    const missing =
      gatewayChassis.names === undefined
        ? `No chassis has both enable-chassis-as-gw in ovn-cms-options and a bridge mapping for "${physicalNetwork}"; ` +
          'set both on a host.'
        : `No chassis in spec.gatewayChassis.names has a bridge mapping for "${physicalNetwork}"; ` +
          'set ovn-bridge-mappings on one of these hosts.';
    const message = chassis.isKnown
      ? missing
      : 'The operator has not read the Southbound database yet, so it does not know the chassis; ' +
        'check that the Southbound database runs and that the operator can connect to it (ovnSbEndpoint).';
    return { names: before, problem: { reason: 'NoGatewayChassis', message } };
  }
}
