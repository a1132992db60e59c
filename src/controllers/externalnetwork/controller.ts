import { resources, type ExternalNetwork } from '../../api/index.ts';
import {
  isLeaving,
  keyOf,
  type KubeObject,
  type ReconcileContext,
  type Reconciler,
  type Result,
} from '../../reconcile/index.ts';
import { converge, type Intent } from '../common/converge.ts';
import type { Env } from '../common/env.ts';
import { hold, inUse, letGo, removeGone } from '../common/leaving.ts';
import { switchName } from '../rows/names.ts';
import type { Problem } from '../common/problem.ts';
import { selectChassis } from './chassis.ts';
import { claimNamedAddresses } from './named.ts';
import { planExternalNetwork } from './plan.ts';
import { externalAddressing } from './ranges.ts';

/** Makes an ExternalNetwork's switch, keeps its addresses and its list of chassis, and holds it while it is used. */
export class ExternalNetworkReconciler implements Reconciler<ExternalNetwork> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  async reconcile(
    key: string,
    network: ExternalNetwork | undefined,
    { gone }: ReconcileContext<ExternalNetwork>,
  ): Promise<Result> {
    const env = this.#env;
    await removeGone(env, gone, (uid) => env.pools.external.remove(uid));
    if (network === undefined) return { kind: 'done' };
    const held = isLeaving(network) ? inUse('ExternalNetwork', this.#users(key, network)) : undefined;
    if (isLeaving(network) && held === undefined) {
      const release = () => env.pools.external.remove(network.metadata.uid);
      return letGo(env, resources.ExternalNetwork, network, release);
    }
    if (!(await hold(env, resources.ExternalNetwork, network))) return { kind: 'wait' };
    return converge(env, resources.ExternalNetwork, network, { ...this.#intent(network), held });
  }

  /**
   * Those that have an address of the network: naming it without being allowed to holds nothing. After them rows may
   * still have one, until the database has taken them out.
   */
  #users(key: string, { metadata: { uid } }: ExternalNetwork): readonly string[] {
    const { stores, pools } = this.#env;
    const referrers: KubeObject[] = [
      ...stores.vpcs.byIndex('externalNetwork', key),
      ...stores.floatingIPs.byIndex('externalNetwork', key),
    ];
    const users = referrers
      .filter(({ metadata }) => pools.external.networksOf(metadata.uid).includes(uid))
      .map((object) => `${object.kind} ${keyOf(object)}`);
    const isInRows = users.length === 0 && (pools.external.network(uid)?.counts().used ?? 0) > 0;
    return isInRows ? ['rows that are being removed'] : users;
  }

  #intent(network: ExternalNetwork): Intent<object> {
    const { pools, stores } = this.#env;
    const { uid } = network.metadata;
    const addressing = externalAddressing(network);
    if (addressing.ok) {
      const isNew = pools.external.configure(uid, addressing.value.cidr, addressing.value.ranges);
      if (isNew) {
        claimNamedAddresses(pools, stores, network);
        pools.waiting.wake(uid);
      }
    }
    const chassis = this.#chassis(network);
    return {
      desired: addressing.ok ? planExternalNetwork(network, addressing.value.cidr) : undefined,
      accepted: addressing.ok ? undefined : addressing.problem,
      resolvedRefs: chassis.problem,
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

  /**
   * The chassis of the network. When none is left the list stays as it was: routers whose last chassis went have
   * nothing to move to, and need not be written twice when it comes back.
   */
  #chassis(network: ExternalNetwork): { names: readonly string[] | undefined; problem?: Problem } {
    const before = network.status?.gatewayChassis;
    const { chassis } = this.#env;
    const names = chassis.isKnown ? selectChassis(network.spec, chassis.chassis()) : [];
    if (names.length > 0) return { names };
    if (!chassis.isKnown && before !== undefined) return { names: before };
    const { gatewayChassis, physicalNetwork } = network.spec;
    const wanted =
      gatewayChassis.names === undefined
        ? 'enable-chassis-as-gw in ovn-cms-options'
        : 'a name in gatewayChassis.names';
    const message = chassis.isKnown
      ? `OVN has no chassis with a bridge mapping for "${physicalNetwork}" and ${wanted}.`
      : 'The Southbound database has not been read yet, so the chassis are not known.';
    return { names: before, problem: { reason: 'NoGatewayChassis', message } };
  }
}
