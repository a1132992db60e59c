import { formatCidr, type Cidr, type VPCPeering } from '../../api/index.ts';
import { nothing } from '../../ovn/index.ts';
import { keyOf, type Priority, type ReconcileContext } from '../../reconcile/index.ts';
import type { Intent } from '../common/converge.ts';
import type { Env } from '../common/env.ts';
import type { KindController } from '../common/kind-reconciler.ts';
import { conditionOf, type Problem } from '../common/problem.ts';
import { recordedLink } from '../rows/recorded.ts';
import { connectionOf, type Connection } from './match.ts';
import { planPeering } from './plan.ts';

/** Decides on a VPCPeering: its half of the link between two routers. The link exists while both sides request it. */
export class VPCPeeringController implements KindController<VPCPeering> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  gone(peering: VPCPeering): void {
    this.#wakeOthers(peering);
  }

  intent(_key: string, peering: VPCPeering, { priority }: ReconcileContext<VPCPeering>): Intent<object> {
    const { pools, writer } = this.#env;
    const { uid } = peering.metadata;
    const wasConnected = writer.ownedBy(uid).length > 0;
    const connection = connectionOf(this.#env, peering);
    const intent = connection.ok
      ? this.#connect(peering, connection.value)
      : this.#refuse(peering, connection.problem);
    return {
      ...intent,
      settled: () => {
        const isConnected = writer.ownedBy(uid).length > 0;
        if (!connection.ok && !isConnected) pools.links.release(uid);
        if (wasConnected && !isConnected) this.#wakeOthers(peering);
        else this.#wakeAfterEdit(peering, priority);
      },
    };
  }

  /** Wakes the peerings whose networks overlapped the networks of this peering. */
  #wakeOthers({ metadata: { namespace = '' }, spec: { peer } }: VPCPeering): void {
    for (const each of [namespace, peer.namespace]) this.#env.pools.waiting.wake(waitersOf(each));
  }

  /**
   * Wakes the others after an edit, because the peering may advertise fewer networks now. Only an edit wakes them;
   * otherwise waiting peerings would wake each other endlessly.
   */
  #wakeAfterEdit(peering: VPCPeering, priority: Priority): void {
    if (priority === 'edit') this.#wakeOthers(peering);
  }

  #refuse(peering: VPCPeering, problem: Problem): Intent<object> {
    if (problem.reason === 'CIDROverlap' || problem.reason === 'PoolExhausted') {
      const { namespace = '' } = peering.metadata;
      for (const each of [namespace, peering.spec.peer.namespace]) {
        this.#env.pools.waiting.add(waitersOf(each), 'VPCPeering', keyOf(peering));
      }
    }
    return { desired: nothing, ...conditionOf(problem), status: () => ({}) };
  }

  #connect(peering: VPCPeering, connection: Connection): Intent<object> {
    const { pools, writer } = this.#env;
    const { uid } = peering.metadata;
    const { other } = connection;
    const link: Cidr | 'exhausted' = pools.links.allocate(uid, other.peering.metadata.uid);
    if (link === 'exhausted') {
      const message = 'No link network in 169.254.0.0/16 is free; delete unused VPCPeerings.';
      return this.#refuse(peering, { reason: 'PoolExhausted', message });
    }
    const { status } = peering;
    return {
      desired: planPeering(connection, link),
      resolvedRefs: undefined,
      status: (programmed) =>
        programmed
          ? { peerVPC: keyOf(other.vpc), linkCIDR: formatCidr(link) }
          : recordedLink(writer, uid) === undefined
            ? {}
            : { peerVPC: status?.peerVPC, linkCIDR: status?.linkCIDR },
    };
  }
}

/** The key under which peerings wait that overlap another peering of the namespace. */
const waitersOf = (namespace: string): string => `peerings/${namespace}`;
