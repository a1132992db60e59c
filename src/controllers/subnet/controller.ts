import {
  containsCidr,
  formatAddress,
  formatCidr,
  parseCidr,
  resources,
  type Cidr,
  type Subnet,
  type VPC,
} from '../../api/index.ts';
import { isLeaving, type ReconcileContext, type Reconciler, type Result } from '../../reconcile/index.ts';
import { subnetProblem } from '../common/spec-problems.ts';
import { converge, type Intent } from '../common/converge.ts';
import { effectiveDhcp } from '../rows/dhcp.ts';
import type { Env } from '../common/env.ts';
import { hold, inUse, letGo, removeGone } from '../common/leaving.ts';
import { switchName } from '../rows/names.ts';
import type { SubnetPool, SubnetRanges } from '../pools/pools.ts';
import { claimNamed } from '../port/addressing.ts';
import { bad, fromParsed, good, type Checked, type Problem } from '../common/problem.ts';
import { vpcNetwork } from '../vpc/kind.ts';
import { vpcOf } from '../vpc/lookup.ts';
import { mtuFits } from './mtu.ts';
import { planSubnet } from './plan.ts';
import { subnetRanges } from './ranges.ts';

/** A Subnet that has all it needs for its rows. */
interface Network {
  readonly vpc: VPC;
  readonly cidr: Cidr;
  readonly ranges: SubnetRanges;
}

/** Makes a Subnet's switch, allocates its range, and holds it while it has Ports. */
export class SubnetReconciler implements Reconciler<Subnet> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  async reconcile(
    key: string,
    subnet: Subnet | undefined,
    { gone }: ReconcileContext<Subnet>,
  ): Promise<Result> {
    const env = this.#env;
    await removeGone(env, gone, (uid) => env.pools.releaseSubnet(uid));
    if (subnet === undefined) return { kind: 'done' };
    const held = isLeaving(subnet) ? inUse('Subnet', this.#users(key)) : undefined;
    if (isLeaving(subnet) && held === undefined) {
      return letGo(env, resources.Subnet, subnet, () => env.pools.releaseSubnet(subnet.metadata.uid));
    }
    if (!(await hold(env, resources.Subnet, subnet))) return { kind: 'wait' };
    return converge(env, resources.Subnet, subnet, { ...this.#intent(key, subnet), held });
  }

  #users(key: string): readonly string[] {
    return [...this.#env.stores.ports.byIndex('subnet', key)].map(({ metadata }) => `Port ${metadata.name}`);
  }

  #intent(key: string, subnet: Subnet): Intent<object> {
    const { stores, pools, settings } = this.#env;
    const vpc = vpcOf(stores, subnet);
    const resolvedRefs = vpcProblem(subnet, vpc);
    const mtu = subnet.spec.mtu ?? settings.mtu;
    const network =
      resolvedRefs === undefined && vpc !== undefined ? this.#network(key, subnet, vpc) : undefined;
    const facts = network?.ok === true ? network.value : undefined;
    const status = subnet.status ?? {};
    return {
      resolvedRefs,
      accepted: network?.ok === false ? network.problem : undefined,
      desired:
        facts &&
        planSubnet(subnet, {
          vpcUid: facts.vpc.metadata.uid,
          cidr: facts.cidr,
          gateway: facts.ranges.gateway,
          mtu,
          dhcp: effectiveDhcp(subnet.spec.dhcp, settings),
        }),
      also: facts && mtuFits(subnet.spec, settings.mtu),
      status: (programmed) => {
        const pool = pools.subnet(subnet.metadata.uid);
        return {
          cidr: facts === undefined ? status.cidr : formatCidr(facts.cidr),
          gatewayIP: programmed
            ? facts?.ranges.gateway && formatAddress(facts.ranges.gateway)
            : status.gatewayIP,
          mtu: programmed ? mtu : status.mtu,
          switchName: programmed ? switchName(subnet.metadata.uid) : status.switchName,
          vpc: programmed && vpc !== undefined ? identityOf(vpc) : status.vpc,
          ...(pool === undefined ? {} : counts(pool)),
        };
      },
    };
  }

  /** The Subnet's range and what is in it, checked and held for it. */
  #network(key: string, subnet: Subnet, vpc: VPC): Checked<Network> {
    const within = vpcNetwork(vpc);
    if (within === undefined) return bad('VPCNotReady', 'The VPC has no range.');
    const problem = subnetProblem(subnet.spec);
    if (problem !== undefined) return { ok: false, problem };
    const cidr = this.#cidr(key, subnet, vpc, within);
    if (!cidr.ok) return cidr;
    const ranges = subnetRanges(subnet, cidr.value);
    if (!ranges.ok) return ranges;
    const { uid } = subnet.metadata;
    const { gateway } = ranges.value;
    const holder = gateway && this.#env.pools.subnet(uid)?.addresses.holder(gateway);
    if (gateway !== undefined && holder !== undefined) {
      const name = this.#env.stores.ports.byUid(holder)?.metadata.name ?? holder;
      this.#env.pools.waiting.add(uid, 'Subnet', key);
      return bad(
        'IPAlreadyAllocated',
        `The Port "${name}" has the gateway's address ${formatAddress(gateway)}.`,
      );
    }
    const isNew = this.#env.pools.subnet(uid) === undefined;
    this.#env.pools.configureSubnet(uid, cidr.value, ranges.value);
    if (isNew) claimNamed(this.#env.pools, uid, this.#env.stores.ports.byIndex('subnet', key));
    return good({ vpc, cidr: cidr.value, ranges: ranges.value });
  }

  /** The range that the Subnet names, or one that is allocated and then its own. */
  #cidr(key: string, { metadata, spec }: Subnet, vpc: VPC, within: Cidr): Checked<Cidr> {
    const { pools, stores } = this.#env;
    const blocks = pools.subnetBlocks(vpc.metadata.uid, within);
    pools.setParent(metadata.uid, vpc.metadata.uid);
    if (spec.cidr === undefined) {
      const block = blocks.allocate(metadata.uid);
      if (block !== 'exhausted') return good(block);
      pools.waiting.add(vpc.metadata.uid, 'Subnet', key);
      return bad(
        'PoolExhausted',
        `The VPC "${vpc.metadata.name}" (${formatCidr(within)}) has no range left.`,
      );
    }
    const cidr = fromParsed(parseCidr(spec.cidr, { family: 4 }), 'spec.cidr');
    if (!cidr.ok) return cidr;
    if (!containsCidr(within, cidr.value)) {
      const range = `${formatCidr(within)} of the VPC "${vpc.metadata.name}"`;
      return bad('SubnetOutsideVPC', `${spec.cidr} is not inside the range ${range}.`);
    }
    const claim = blocks.claim(metadata.uid, cidr.value);
    if (claim.ok) return cidr;
    pools.waiting.add(vpc.metadata.uid, 'Subnet', key);
    if (claim.refused === 'holds-another') {
      return bad('InvalidSpec', `The Subnet has ${formatCidr(claim.held)}; spec.cidr cannot be changed.`);
    }
    const other = stores.subnets.byUid(claim.holder)?.metadata.name ?? 'that is being removed';
    return bad(
      'CIDROverlap',
      `${spec.cidr} overlaps with ${formatCidr(claim.with)} of the Subnet "${other}".`,
    );
  }
}

function vpcProblem({ spec }: Subnet, vpc: VPC | undefined): Problem | undefined {
  if (vpc === undefined) {
    const message =
      spec.vpcRef === undefined
        ? 'The namespace has no VPC.'
        : `There is no VPC "${spec.vpcRef.name}" in the namespace.`;
    return { reason: 'VPCNotFound', message };
  }
  if (vpcNetwork(vpc) !== undefined) return undefined;
  return { reason: 'VPCNotReady', message: `The VPC "${vpc.metadata.name}" is not ready.` };
}

function counts({ addresses }: SubnetPool) {
  const { total, used, available } = addresses.counts();
  return { totalIPs: total, usedIPs: used, availableIPs: available };
}

const identityOf = ({ metadata: { name, uid } }: VPC) => ({ name, uid });
