import { formatCidr, resources, type Cidr, type VPCPeering } from '../../api/index.ts';
import { nothing } from '../../ovn/index.ts';
import {
  keyOf,
  type Priority,
  type ReconcileContext,
  type Reconciler,
  type Result,
} from '../../reconcile/index.ts';
import { converge, type Intent } from '../common/converge.ts';
import type { Env } from '../common/env.ts';
import { removeGone } from '../common/leaving.ts';
import type { Problem } from '../common/problem.ts';
import { connectionOf, type Connection } from './match.ts';
import { planPeering, recordedLink } from './plan.ts';

/** Problems that are the peering's own, or between it and others; the rest is about what it refers to. */
const ownProblems: ReadonlySet<Problem['reason']> = new Set<Problem['reason']>([
  'InvalidCIDR',
  'InvalidSpec',
  'AddressOutsideVPC',
  'CIDROverlap',
  'PeeringConflict',
  'PoolExhausted',
  'RouteConflict',
]);

/** Connects a VPC's router with another's while both sides want it. Each side has its own half of the rows. */
export class VPCPeeringReconciler implements Reconciler<VPCPeering> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  async reconcile(
    _key: string,
    peering: VPCPeering | undefined,
    { gone, priority }: ReconcileContext<VPCPeering>,
  ): Promise<Result> {
    const { pools, writer } = this.#env;
    await removeGone(this.#env, gone, (uid) => pools.links.release(uid));
    for (const each of gone) this.#wakeOthers(each);
    if (peering === undefined) return { kind: 'done' };
    const { uid } = peering.metadata;
    const wasConnected = writer.ownedBy(uid).length > 0;
    const connection = connectionOf(this.#env, peering);
    const intent = connection.ok
      ? this.#connect(peering, connection.value)
      : this.#refuse(peering, connection.problem);
    const result = await converge(this.#env, resources.VPCPeering, peering, intent);
    const isConnected = writer.ownedBy(uid).length > 0;
    if (!connection.ok && !isConnected) pools.links.release(uid);
    if (wasConnected && !isConnected) this.#wakeOthers(peering);
    else this.#wakeAfterEdit(peering, priority);
    return result;
  }

  /** Those that found this one's networks in their way. */
  #wakeOthers({ metadata: { namespace = '' }, spec: { peer } }: VPCPeering): void {
    for (const each of [namespace, peer.namespace]) this.#env.pools.waiting.wake(waitersOf(each));
  }

  /** What it advertises may be less now. Only after an edit, as those who wait would wake each other for ever. */
  #wakeAfterEdit(peering: VPCPeering, priority: Priority): void {
    if (priority === 'edit') this.#wakeOthers(peering);
  }

  #refuse(peering: VPCPeering, problem: Problem): Intent<object> {
    const isOwn = ownProblems.has(problem.reason);
    if (problem.reason === 'CIDROverlap' || problem.reason === 'PoolExhausted') {
      const { namespace = '' } = peering.metadata;
      for (const each of [namespace, peering.spec.peer.namespace]) {
        this.#env.pools.waiting.add(waitersOf(each), 'VPCPeering', keyOf(peering));
      }
    }
    return {
      desired: nothing,
      accepted: isOwn ? problem : undefined,
      resolvedRefs: isOwn ? undefined : problem,
      status: () => ({}),
    };
  }

  #connect(peering: VPCPeering, connection: Connection): Intent<object> {
    const { pools, writer } = this.#env;
    const { uid } = peering.metadata;
    const { other } = connection;
    const link: Cidr | 'exhausted' = pools.links.allocate(uid, other.peering.metadata.uid);
    if (link === 'exhausted') {
      return this.#refuse(peering, { reason: 'PoolExhausted', message: 'No network is left for the link.' });
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

/** Under what peerings wait that lead to the same addresses as another one of a namespace. */
const waitersOf = (namespace: string): string => `peerings/${namespace}`;
