import {
  addressCount,
  formatAddress,
  formatCidr,
  ORGANIZATION_LABEL,
  parseCidr,
  tenancyOf,
} from '../../api/index.ts';
import type { Cidr, ProjectPolicy, VPC } from '../../api/index.ts';
import { isLeaving, keyOf } from '../../reconcile/index.ts';
import type { Intent } from '../common/converge.ts';
import { namesOfUsers } from '../common/deletion.ts';
import type { Env } from '../common/env.ts';
import type { KindController } from '../common/kind-reconciler.ts';
import { bad, conditionOf, fromParsed, good, type Checked, type Problem } from '../common/problem.ts';
import { holdQuota, unknownNamespace } from '../common/quota.ts';
import { tenantOf } from '../common/tenant.ts';
import { recountAddresses } from '../externalnetwork/index.ts';
import { MAX_NAMED } from '../pools/contenders.ts';
import { vpcWaiters } from '../pools/pools.ts';
import { keepFilters } from '../rows/filters.ts';
import { routerName } from '../rows/names.ts';
import { knownCidr, recordedGateway } from '../rows/recorded.ts';
import { minPrefix, rangeProblem } from './allowed-range.ts';
import { Defaults } from './defaults.ts';
import { gatewayOf, keptAddress, releaseUnused } from './gateway.ts';
import { anyVpcOf, vpcsOf } from './kind.ts';
import { objectsOf, oldestVpc } from './lookup.ts';
import { holdOwnRoutes } from './own-routes.ts';
import { planVpc, vpcFilters } from './plan.ts';
import { checkRoutes, noRoutes, routesResolved, usedRoutes } from './routes.ts';
import { rangeRouted } from './routing.ts';
import { smallestMtu } from './smallest-mtu.ts';

/** Decides on a VPC: its range, router and gateway; creates its default Subnet and SecurityGroup. */
export class VPCController implements KindController<VPC> {
  readonly #env: Env;
  readonly #defaults: Defaults;

  constructor(env: Env) {
    this.#env = env;
    this.#defaults = new Defaults(env);
  }

  intent(key: string, vpc: VPC): Intent<object> {
    const { namespace = '', uid } = vpc.metadata;
    const labels = this.#env.stores.Namespace.get(namespace)?.metadata.labels;
    const tenancy = tenancyOf(namespace, labels);
    const { cidr, notAllowed } = this.#cidr(key, vpc);
    const routes = checkRoutes(vpc);
    const problem = cidr.ok ? (routes.ok ? undefined : routes.problem) : cidr.problem;
    const networks = this.#env.pools.external.networksOf(uid);
    const gateway =
      problem === undefined && cidr.ok ? gatewayOf(this.#env, vpc, cidr.value) : good(undefined);
    const external = gateway.ok ? gateway.value : undefined;
    if (external !== undefined && !networks.includes(external.network.uid)) {
      recountAddresses(this.#env, [external.network.uid]);
      this.#wakeRules(key, vpc);
    }
    const refused = gateway.ok ? {} : conditionOf(gateway.problem);
    const isPlanned = cidr.ok && routes.ok && (gateway.ok || !this.#keepsGateway(vpc, gateway.problem));
    const staticRoutes = cidr.ok ? usedRoutes(this.#env, vpc, cidr.value, external) : noRoutes;
    const hold = isPlanned ? holdOwnRoutes(this.#env, key, vpc, staticRoutes.used) : undefined;
    return {
      desired:
        isPlanned && hold !== undefined
          ? planVpc(
              vpc,
              {
                cidr: cidr.value,
                organization: this.#env.pools.vpcBlocks.homeOf(uid) ?? '',
                kept: keptAddress(this.#env, vpc),
              },
              external,
              staticRoutes.used,
              {
                hostLimits: this.#env.settings.hostLimits,
                gatewayMtu: smallestMtu(this.#env.stores, vpc, this.#env.settings.mtu),
              },
            )
          : undefined,
      fallback: () => {
        const known = knownCidr(this.#env.writer, vpc, 'Logical_Router');
        return known && keepFilters(this.#env.writer, uid, vpcFilters(uid, known));
      },
      accepted: problem ?? notAllowed ?? refused.accepted,
      resolvedRefs: refused.resolvedRefs,
      otherConditions: cidr.ok
        ? [
            ...routesResolved(staticRoutes),
            ...(external === undefined ? [] : rangeRouted(external.routing, cidr.value, external.network)),
          ]
        : [],
      applied: () => {
        hold?.applied();
        recountAddresses(this.#env, releaseUnused(this.#env, vpc, external));
      },
      settled: async () => {
        if (problem === undefined && !isLeaving(vpc)) await this.#defaults.create(vpc);
      },
      status: (programmed) => ({
        cidr: cidr.ok ? formatCidr(cidr.value) : vpc.status?.cidr,
        ...tenancy,
        routerName: programmed ? routerName(uid) : vpc.status?.routerName,
        defaults: this.#defaults.recorded(vpc),
        gatewayIPs: programmed ? external && [formatAddress(external.address)] : vpc.status?.gatewayIPs,
        subnetCount: this.#env.stores.Subnet.keysByIndex('switchIn', uid).size,
      }),
    };
  }

  /**
   * Wakes the NatRules of the VPC: they wait until the VPC holds its gateway address. The status may not change, so
   * the rules need an explicit wake-up.
   */
  #wakeRules(key: string, vpc: VPC): void {
    const { stores, wake } = this.#env;
    for (const rule of objectsOf(stores, vpc, key, stores.NatRule)) wake('NatRule', keyOf(rule));
  }

  /** Whether the rows contain a gateway on the wanted network, while the state of the network is unknown. */
  #keepsGateway({ metadata: { uid }, spec }: VPC, { reason }: Problem): boolean {
    const { stores, writer } = this.#env;
    const network = stores.ExternalNetwork.get(spec.externalGateway?.externalNetworkRef.name ?? '');
    return (
      reason === 'ExternalNetworkNotReady' &&
      recordedGateway(writer, uid)?.networkUid === network?.metadata.uid
    );
  }

  /**
   * Returns the range that the VPC holds; otherwise the range that the spec names, or an allocated range. The VPC keeps
   * its range, because its machines use the range. If administrators no longer allow the range, or assign the namespace
   * to an organization in which another VPC has the range, the result contains the problem (`notAllowed`).
   */
  #cidr(key: string, vpc: VPC): { readonly cidr: Checked<Cidr>; readonly notAllowed?: Problem | undefined } {
    const { pools, stores, settings, policies } = this.#env;
    const { namespace = '', uid } = vpc.metadata;
    const oldest = oldestVpc(stores, namespace);
    if (oldest !== undefined && oldest.metadata.uid !== uid) {
      const held = this.#isNamed(vpc)
        ? `the VPC "${oldest.metadata.name}"`
        : `more than ${MAX_NAMED} older VPCs`;
      const message = `The namespace already has ${held}, and only one VPC can be in effect; delete the others.`;
      return { cidr: bad('VPCAlreadyExists', message) };
    }
    const unknown = unknownNamespace(this.#env, vpc);
    if (unknown !== undefined) return { cidr: { ok: false, problem: unknown } };
    const policy = policies.of(namespace);
    const { organization } = tenantOf(stores, namespace);
    const held = pools.vpcBlocks.heldBy(uid);
    if (held !== undefined) {
      const isNamed = vpc.spec.cidr !== undefined;
      const notAllowed = isNamed ? rangeProblem(held, settings, policy) : undefined;
      return { cidr: good(held), notAllowed: notAllowed ?? this.#contested(key, vpc, held, organization) };
    }
    if (stores.Namespace.get(namespace) === undefined) {
      const message =
        'The operator has not read the namespace of the VPC yet, so it does not know the organization; wait; if the condition does not change, check that the operator may list namespaces.';
      return { cidr: bad('NamespaceNotRead', message) };
    }
    if (vpc.spec.cidr === undefined) return { cidr: this.#allocate(key, vpc, organization, policy) };
    const cidr = fromParsed(parseCidr(vpc.spec.cidr, { family: 4 }), 'spec.cidr');
    if (!cidr.ok) return { cidr };
    const notAllowed = rangeProblem(cidr.value, settings, policy);
    if (notAllowed !== undefined) return { cidr: { ok: false, problem: notAllowed } };
    const excess = holdQuota(this.#env, vpc, 'vpcAddresses', addressCount(cidr.value));
    if (excess !== undefined) return { cidr: { ok: false, problem: excess } };
    const claim = pools.vpcBlocks.claim(organization, uid, cidr.value);
    if (claim.ok) return { cidr };
    pools.usage.release(uid);
    pools.waiting.add(vpcWaiters(organization), 'VPC', key, formatCidr(cidr.value));
    // The message does not name the other VPC, which may belong to another tenant.
    const message = `${vpc.spec.cidr} overlaps the range of another VPC; create the VPC with another cidr, or without cidr.`;
    return { cidr: bad('CIDROverlap', message) };
  }

  /** Returns a problem if another VPC of the organization has an overlapping range. */
  #contested(
    key: string,
    { metadata: { uid } }: VPC,
    range: Cidr,
    organization: string,
  ): Problem | undefined {
    const { vpcBlocks, waiting } = this.#env.pools;
    vpcBlocks.place(uid, organization);
    if (!vpcBlocks.isContested(uid)) return undefined;
    waiting.add(vpcWaiters(organization), 'VPC', key);
    // The message does not name the other VPC, which may belong to another tenant.
    const message =
      `The range ${formatCidr(range)} of the VPC overlaps the range of another VPC in the organization of the namespace. ` +
      'The VPC keeps its range and works, but the two VPCs cannot be connected. Ask an administrator for the previous ' +
      `organization (label ${ORGANIZATION_LABEL} of the namespace), or create the VPC again with another cidr.`;
    return { reason: 'CIDROverlap', message };
  }

  /** Allocates a range of the pool, which is smaller if administrators allow only smaller VPCs. */
  #allocate(key: string, vpc: VPC, organization: string, policy: ProjectPolicy | undefined): Checked<Cidr> {
    const { pools, settings } = this.#env;
    const { uid } = vpc.metadata;
    const prefix = Math.max(settings.vpcPrefix, minPrefix(settings, policy));
    const excess = holdQuota(this.#env, vpc, 'vpcAddresses', 2 ** (32 - prefix));
    if (excess !== undefined) return { ok: false, problem: excess };
    const block = pools.vpcBlocks.allocate(organization, uid, prefix);
    if (block !== 'exhausted') return good(block);
    pools.usage.release(uid);
    pools.waiting.add(vpcWaiters(organization), 'VPC', key, `any /${prefix}`);
    return bad(
      'PoolExhausted',
      'No range is free for the VPC; create the VPC with a cidr, or ask an administrator for a larger pool (cidrPool).',
    );
  }

  /** Whether the message of a VPC that is not in effect names the VPC in effect. */
  #isNamed({ metadata: { namespace, uid } }: VPC): boolean {
    let older = 0;
    for (const { metadata } of vpcsOf(this.#env.stores, namespace)) {
      if (metadata.uid === uid) return true;
      if (++older > MAX_NAMED) return false;
    }
    return false;
  }

  /** Returns the objects of users in the VPC. */
  users(key: string, vpc: VPC): readonly string[] {
    const { stores } = this.#env;
    const { namespace = '', uid } = vpc.metadata;
    const isOldest = oldestVpc(stores, namespace)?.metadata.uid === uid;
    return namesOfUsers(
      this.#env.usersOf('VPC', isOldest ? [key, anyVpcOf(namespace)] : [key]),
      (object) => !this.#defaults.isCreatedFor(vpc, object),
    );
  }

  removeCreated(vpc: VPC): Promise<readonly string[]> {
    return this.#defaults.remove(vpc);
  }
}
