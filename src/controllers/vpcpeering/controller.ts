import { formatCidr, type Cidr, type VPCPeering } from '../../api/index.ts';
import { nothing } from '../../ovn/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import type { Intent } from '../common/converge.ts';
import type { Env } from '../common/env.ts';
import type { KindController } from '../common/kind-reconciler.ts';
import { conditionOf, type Problem } from '../common/problem.ts';
import { LINK_WAITERS, routeWaiters } from '../pools/pools.ts';
import { recordedLink, type Consent } from '../rows/recorded.ts';
import { consentRows, givenConsent, pendingConsent } from './consent.ts';
import { smallestMtu } from '../vpc/index.ts';
import { pairOf } from './match.ts';
import { planPeering } from './plan.ts';
import { claimsOf, problemOf, routesOf, type Connection } from './routes.ts';
import { consentStatus, refusedRoutes, routesAccepted } from './status.ts';

/**
 * Decides on a VPCPeering: its half of the link between two routers. The link exists while both sides request it, each
 * side consents to the VPC of the other side, and each router has a route to the other.
 */
export class VPCPeeringController implements KindController<VPCPeering> {
  readonly #env: Env;
  /** UID → the claims and routes that other peerings depend on, as text. */
  readonly #announced = new Map<string, string>();

  constructor(env: Env) {
    this.#env = env;
  }

  gone({ metadata: { uid, namespace = '' } }: VPCPeering): void {
    this.#announced.delete(uid);
    this.#env.pools.waiting.wake(routeWaiters(namespace));
  }

  intent(_key: string, peering: VPCPeering): Intent<object> {
    const pair = pairOf(this.#env, peering);
    if (!pair.ok) {
      this.#announce(peering, [], '');
      return this.#refuse(peering, pair.problem, pendingConsent(this.#env, peering));
    }
    const { own, other } = pair.value;
    const connection = {
      ...pair.value,
      toOther: routesOf(this.#env, own, other),
      toOwn: routesOf(this.#env, other, own),
    };
    const claims = claimsOf(this.#env, own, other).accepted;
    const routes = connection.toOther.accepted.map(formatCidr).join();
    this.#announce(peering, claims, `${claims.map(formatCidr).join()} ${routes}`, other.peering);
    const consent = givenConsent(own.consent, other.vpc, other.range);
    const problem = problemOf(connection);
    if (problem === undefined) return this.#connect(connection, consent);
    return this.#refuse(peering, problem, consent, connection);
  }

  /**
   * Wakes the peerings that depend on what this peering claims and on the networks to which it routes, if these
   * changed: the peerings that wait for a network or route to one of the claims, and the peering of the other side.
   * They are woken only after a change; otherwise peerings would wake each other endlessly.
   */
  #announce(peering: VPCPeering, claims: readonly Cidr[], text: string, other?: VPCPeering): void {
    const { pools, wake } = this.#env;
    const { uid, namespace = '' } = peering.metadata;
    if ((this.#announced.get(uid) ?? '') === text) return;
    this.#announced.set(uid, text);
    pools.waiting.wake(routeWaiters(namespace));
    for (const network of claims) this.#wakeHolders(peering, network);
    if (other !== undefined) wake('VPCPeering', keyOf(other));
  }

  /** Wakes the other peerings of the VPC that route to a network, so that a younger one gives way. */
  #wakeHolders({ metadata: { uid, namespace = '' } }: VPCPeering, network: Cidr): void {
    const { pools, stores, wake } = this.#env;
    for (const holder of pools.routes.othersAt(namespace, uid, { network })) {
      const younger = stores.VPCPeering.byUid(holder);
      if (younger !== undefined) wake('VPCPeering', keyOf(younger));
    }
  }

  #refuse(peering: VPCPeering, problem: Problem, consent: Consent, connection?: Connection): Intent<object> {
    const { pools } = this.#env;
    const { uid, namespace = '' } = peering.metadata;
    // The claims of older peerings decide which networks are refused, whatever the problem is.
    if (connection !== undefined) pools.waiting.add(routeWaiters(namespace), 'VPCPeering', keyOf(peering));
    return {
      desired: { ...nothing, rows: consentRows(uid, consent) },
      ...conditionOf(problem),
      applied: () => {
        pools.routes.keep(namespace, uid, []);
        pools.links.release(uid);
      },
      status: () => ({
        consent: consentStatus(peering, consent, connection),
        refusedRoutes: connection && refusedRoutes(connection.toOther.refused),
      }),
    };
  }

  #connect(connection: Connection, consent: Consent): Intent<object> {
    const { pools, settings, stores, writer } = this.#env;
    const { own, other, toOther, toOwn } = connection;
    const { peering } = own;
    const { uid, namespace = '' } = peering.metadata;
    const link: Cidr | 'exhausted' = pools.links.allocate(uid, other.peering.metadata.uid);
    if (link === 'exhausted') {
      pools.waiting.add(LINK_WAITERS, 'VPCPeering', keyOf(peering));
      const message = 'No link network in 169.254.0.0/16 is free; delete unused VPCPeerings.';
      return this.#refuse(peering, { reason: 'PoolExhausted', message }, consent, connection);
    }
    const [free, taken] = this.#split(peering, toOther.accepted);
    const refused = [...toOther.refused, ...taken.map(stillUsed)];
    if (refused.some(({ reason }) => reason === 'CIDROverlap'))
      pools.waiting.add(routeWaiters(namespace), 'VPCPeering', keyOf(peering));
    const held = free.map((network) => ({ network }));
    pools.routes.add(namespace, uid, held);
    const mtu = smallestMtu(stores, other.vpc, settings.mtu);
    const networks = { other: free, own: toOwn.accepted };
    const plan = planPeering(connection, networks, link, mtu < settings.mtu ? mtu : undefined);
    const { status } = peering;
    return {
      desired: { ...plan, rows: [...consentRows(uid, consent), ...plan.rows] },
      otherConditions: [routesAccepted(refused, toOwn.refused)],
      applied: () => pools.routes.keep(namespace, uid, held),
      status: (programmed) => ({
        consent: consentStatus(peering, consent, connection),
        refusedRoutes: refusedRoutes(refused),
        ...(programmed
          ? {
              peerVPC: keyOf(other.vpc),
              linkCIDR: formatCidr(link),
              acceptedRoutes: free.map(formatCidr),
            }
          : recordedLink(writer, uid) !== undefined && {
              peerVPC: status?.peerVPC,
              linkCIDR: status?.linkCIDR,
              acceptedRoutes: status?.acceptedRoutes,
            }),
      }),
    };
  }

  /**
   * Separates the networks to which no other row of the router leads from the others. The objects with those rows give
   * way, and then wake this peering.
   */
  #split(peering: VPCPeering, networks: readonly Cidr[]): readonly [free: Cidr[], taken: Cidr[]] {
    const { uid, namespace = '' } = peering.metadata;
    const free: Cidr[] = [];
    const taken: Cidr[] = [];
    for (const network of networks) {
      const isFree = this.#env.pools.routes.othersAt(namespace, uid, { network }).length === 0;
      (isFree ? free : taken).push(network);
      if (!isFree) this.#wakeHolders(peering, network);
    }
    return [free, taken];
  }
}

const stillUsed = (network: Cidr) => ({
  network,
  reason: 'CIDROverlap' as const,
  message: `The router still has another route to ${formatCidr(network)}; wait until the operator has removed that route.`,
});
