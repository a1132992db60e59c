import { segmentText, type ProviderNetwork } from '../../api/index.ts';
import { nothing } from '../../ovn/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import type { Intent } from '../common/converge.ts';
import { listNames, namesOfUsers } from '../common/deletion.ts';
import type { Env } from '../common/env.ts';
import type { KindController } from '../common/kind-reconciler.ts';
import type { Problem } from '../common/problem.ts';
import { externalSegment, listsVlan, physicalNetworkProblem } from '../common/segments.ts';
import { excludesSubnets } from './grant.ts';

/**
 * Decides on a ProviderNetwork. It has no rows: it permits the rows that connect Subnets to physical networks. An
 * ExternalNetwork on a listed segment takes only this segment away; Subnets can use the others.
 */
export class ProviderNetworkController implements KindController<ProviderNetwork> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /** Returns the Subnets on segments of the network. A Subnet without permission prevents no deletion. */
  users(key: string): readonly string[] {
    const { stores, pools } = this.#env;
    return namesOfUsers(
      stores.Subnet.byIndex('provider', key),
      ({ metadata }) => pools.segments.isHolder(metadata.uid),
      keyOf,
    );
  }

  intent(key: string, network: ProviderNetwork): Intent<object> {
    return {
      desired: nothing,
      accepted: physicalNetworkProblem(network.spec.physicalNetwork) ?? this.#conflict(network),
      status: () => ({ subnetCount: this.#env.stores.Subnet.keysByIndex('connectedTo', key).size }),
    };
  }

  #conflict(network: ProviderNetwork): Problem | undefined {
    const { physicalNetwork } = network.spec;
    const taken: string[] = [];
    for (const external of this.#env.stores.ExternalNetwork.byIndex('physicalNetwork', physicalNetwork)) {
      const segment = externalSegment(external);
      if (listsVlan(network, segment.vlanID) && excludesSubnets(this.#env.pools, external, network))
        taken.push(`${segmentText(segment)} (ExternalNetwork ${external.metadata.name})`);
    }
    if (taken.length === 0) return undefined;
    const message =
      `No Subnet may use a segment of an ExternalNetwork: ${listNames(taken)}. Subnets can use the other segments. ` +
      'Remove the segments of ExternalNetworks from spec.vlanIDs, or set spec.untagged to Forbidden.';
    return { reason: 'SegmentConflict', message };
  }
}
