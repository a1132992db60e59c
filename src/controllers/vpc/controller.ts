import {
  formatAddress,
  formatCidr,
  parseCidr,
  resources,
  tenancyOf,
  type Cidr,
  type Tenancy,
  type VPC,
} from '../../api/index.ts';
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
import { countAnew } from '../externalnetwork/counts.ts';
import { hold, inUse, letGo, removeGone } from '../common/leaving.ts';
import { routerName } from '../rows/names.ts';
import { vpcWaiters } from '../pools/pools.ts';
import { bad, fromParsed, good, type Checked, type Problem } from '../common/problem.ts';
import { Defaults } from './defaults.ts';
import { gatewayOf, recordedGateway, releaseUnused } from './gateway.ts';
import { anyVpcOf } from './kind.ts';
import { objectsOf, oldestVpc } from './lookup.ts';
import { planVpc } from './plan.ts';
import { checkRoutes, routesResolved } from './routes.ts';

/** Makes a VPC's router, allocates its range, makes the default Subnet and SecurityGroup, and holds it while used. */
export class VpcReconciler implements Reconciler<VPC> {
  readonly #env: Env;
  readonly #defaults: Defaults;

  constructor(env: Env) {
    this.#env = env;
    this.#defaults = new Defaults(env);
  }

  async reconcile(key: string, vpc: VPC | undefined, { gone }: ReconcileContext<VPC>): Promise<Result> {
    const env = this.#env;
    await removeGone(env, gone, (uid) => this.#release(uid));
    if (vpc === undefined) return { kind: 'done' };
    const users = this.#users(key, vpc);
    if (isLeaving(vpc) && users.length === 0) {
      const children = await this.#defaults.remove(vpc);
      if (children.length === 0) {
        return letGo(env, resources.VPC, vpc, () => this.#release(vpc.metadata.uid));
      }
      users.push(...children);
    }
    if (!(await hold(env, resources.VPC, vpc))) return { kind: 'wait' };
    const intent = this.#intent(key, vpc, users);
    const applied = () => countAnew(env, releaseUnused(env, vpc));
    const result = await converge(env, resources.VPC, vpc, { ...intent, applied });
    if (intent.accepted === undefined && !isLeaving(vpc)) await this.#defaults.create(vpc);
    return result;
  }

  /** The rows are gone: so are the holds on the range and on an external address. */
  #release(uid: string): void {
    const { pools } = this.#env;
    const networks = pools.external.networksOf(uid);
    pools.releaseVpc(uid);
    pools.external.release(uid);
    countAnew(this.#env, networks);
  }

  #intent(key: string, vpc: VPC, users: readonly string[]): Intent<object> {
    const { namespace = '', uid } = vpc.metadata;
    const labels = this.#env.stores.namespaces.get(namespace)?.metadata.labels;
    const tenancy = tenancyOf(namespace, labels);
    const cidr = this.#cidr(key, vpc, tenancy);
    const routes = checkRoutes(vpc);
    const problem = cidr.ok ? (routes.ok ? undefined : routes.problem) : cidr.problem;
    const networks = this.#env.pools.external.networksOf(uid);
    const gateway = problem === undefined ? gatewayOf(this.#env, vpc) : good(undefined);
    const external = gateway.ok ? gateway.value : undefined;
    if (external !== undefined && !networks.includes(external.network.uid)) {
      countAnew(this.#env, [external.network.uid]);
      this.#wakeRules(key, vpc);
    }
    const subnets = this.#env.stores.subnets;
    return {
      desired:
        cidr.ok && routes.ok && (gateway.ok || !this.#mayKeep(vpc, gateway.problem))
          ? planVpc(vpc, cidr.value, external, this.#env.settings.mtu)
          : undefined,
      accepted: problem,
      resolvedRefs: gateway.ok ? undefined : gateway.problem,
      also: routesResolved(this.#env.stores, vpc, key, external),
      held: isLeaving(vpc) ? inUse('VPC', users) : undefined,
      status: (programmed) => ({
        cidr: cidr.ok ? formatCidr(cidr.value) : vpc.status?.cidr,
        ...tenancy,
        routerName: programmed ? routerName(uid) : vpc.status?.routerName,
        gatewayIPs: programmed ? external && [formatAddress(external.address)] : vpc.status?.gatewayIPs,
        subnetCount:
          subnets.keysByIndex('vpc', key).size +
          (oldestVpc(this.#env.stores, namespace) === vpc
            ? subnets.keysByIndex('vpc', anyVpcOf(namespace)).size
            : 0),
      }),
    };
  }

  /** They must not use an address that the VPC does not hold, and its status may have said this one all the time. */
  #wakeRules(key: string, vpc: VPC): void {
    const { stores, wake } = this.#env;
    for (const rule of objectsOf(stores, vpc, key, stores.natRules)) wake('NatRule', keyOf(rule));
  }

  /** Whether its rows have a gateway on the network that it asks for, of which nothing is known at the moment. */
  #mayKeep({ metadata: { uid }, spec }: VPC, { reason }: Problem): boolean {
    const { stores, writer } = this.#env;
    const network = stores.externalNetworks.get(spec.externalGateway?.externalNetworkRef.name ?? '');
    return (
      reason === 'ExternalNetworkNotReady' &&
      recordedGateway(writer, uid)?.networkUid === network?.metadata.uid
    );
  }

  /** The VPC's range: the one it names, or one that is allocated and then its own. */
  #cidr(key: string, vpc: VPC, { organization }: Tenancy): Checked<Cidr> {
    const { pools, stores } = this.#env;
    const { namespace = '', uid } = vpc.metadata;
    const oldest = oldestVpc(stores, namespace);
    if (oldest !== undefined && oldest.metadata.uid !== uid) {
      const name = oldest.metadata.name;
      return bad(
        'VPCAlreadyExists',
        `The namespace has the VPC "${name}" already; a project has exactly one.`,
      );
    }
    if (vpc.spec.cidr === undefined) {
      const block = pools.vpcBlocks.allocate(organization, uid);
      if (block !== 'exhausted') return good(block);
      pools.waiting.add(vpcWaiters(organization), 'VPC', key);
      return bad(
        'PoolExhausted',
        'No range is free for the VPC; give it a cidr, or ask an administrator for a larger pool.',
      );
    }
    const cidr = fromParsed(parseCidr(vpc.spec.cidr, { family: 4 }), 'spec.cidr');
    if (!cidr.ok) return cidr;
    const claim = pools.vpcBlocks.claim(organization, uid, cidr.value);
    if (claim.ok) return cidr;
    pools.waiting.add(vpcWaiters(organization), 'VPC', key);
    // Whose the other range is, and where, is not this tenant's business.
    return bad(
      'CIDROverlap',
      `${vpc.spec.cidr} overlaps with the range of another VPC; choose another cidr, or leave it out.`,
    );
  }

  /** What keeps a VPC: what people made in it. */
  #users(key: string, vpc: VPC): string[] {
    const { stores } = this.#env;
    const users: KubeObject[] = [
      ...objectsOf(stores, vpc, key, stores.subnets),
      ...objectsOf(stores, vpc, key, stores.natRules),
      ...objectsOf(stores, vpc, key, stores.vpcPeerings),
    ];
    return users
      .filter((object) => !this.#defaults.isOf(vpc, object))
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  }
}
