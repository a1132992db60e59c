import {
  formatAddress,
  formatCidr,
  parseAddress,
  type Address,
  type NatRule,
  type Subnet,
} from '../../api/index.ts';
import { nothing } from '../../ovn/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import type { Intent } from '../common/converge.ts';
import type { Env } from '../common/env.ts';
import type { KindController } from '../common/kind-reconciler.ts';
import { bad, conditionOf, good, type Checked, type Problem } from '../common/problem.ts';
import { holdQuota } from '../common/quota.ts';
import { tenantOf } from '../common/tenant.ts';
import { recountAddresses } from '../externalnetwork/index.ts';
import { rangesOf, valueOf } from '../pools/pools.ts';
import type { ExternalAddress } from '../pools/external.ts';
import { recordedCidr, recordedNat } from '../rows/recorded.ts';
import { hasRouterPort, objectsOf } from '../vpc/index.ts';
import { compete, conflictProblem, stakesOf, withdraw, type RuleStakes } from './conflicts.ts';
import {
  externalAddress,
  externalNetworkOf,
  gatewayConflict,
  holdExternal,
  natContext,
  type NatContext,
} from './external.ts';
import { reachableInside } from './inside.ts';
import { internalSide, type Internal } from './internal.ts';
import { modeProblem } from './mode.ts';
import { movesWithoutPause } from './moves.ts';
import { planNatRule } from './plan.ts';

/** A rule whose references are resolved. */
interface Translation {
  readonly context: NatContext;
  readonly external: Address;
  readonly internal: Internal;
  /** Why the rule is not in effect with its mode. */
  readonly mode: Problem | undefined;
}

/**
 * Decides on a NatRule: its translation. A rule that cannot be in effect has no rows, because OVN must not translate
 * an address that the rule no longer has, or forward to a deleted Port. Of two rules that conflict, the older one is
 * in effect.
 */
export class NatRuleController implements KindController<NatRule> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  intent(_key: string, rule: NatRule): Intent<object> {
    const context = natContext(this.#env, rule);
    const external = context.ok ? this.#external(rule, context.value) : context;
    const stakes = context.ok && external.ok ? this.#join(rule, context.value) : undefined;
    const translation = !context.ok
      ? context
      : external.ok
        ? this.#translation(rule, context.value, external.value, stakes)
        : external;
    return {
      ...this.#intent(rule, translation),
      applied: () => {
        this.#releaseUnused(rule, translation);
        withdraw(this.#env, rule.metadata.uid, stakes);
      },
    };
  }

  /**
   * Releases unused shares after OVN has the rows; a rule without rows counts for no quota. The rule keeps the address
   * in its rows, and the address that its spec names and that it may still get.
   */
  #releaseUnused(rule: NatRule, translation: Checked<Translation>): void {
    const { pools, stores } = this.#env;
    const keep: ExternalAddress[] = [];
    if (translation.ok) keep.push(externalAddressOf(translation.value));
    else pools.usage.release(rule.metadata.uid);
    const networkUid = externalNetworkOf(stores, rule)?.metadata.uid;
    const named = parseAddress(rule.spec.externalIP ?? '', { family: 4 });
    if (named.ok && networkUid !== undefined) keep.push({ networkUid, address: named.value });
    recountAddresses(this.#env, pools.external.keepShares(rule.metadata.uid, keep));
  }

  #intent(rule: NatRule, translation: Checked<Translation>): Intent<object> {
    if (!translation.ok) {
      // The status records the address that the rule keeps, because no row does.
      return {
        desired: nothing,
        ...conditionOf(translation.problem),
        status: () => {
          const [kept] = this.#env.pools.external.sharesOf(rule.metadata.uid);
          return { externalIP: kept && formatAddress(kept.address) };
        },
      };
    }
    const { context, external, internal, mode } = translation.value;
    const { status } = rule;
    const { namespace = '', uid } = rule.metadata;
    const { networkUid, address } = externalAddressOf(translation.value);
    this.#env.pools.external.adoptShare(networkUid, tenantOf(this.#env.stores, namespace), uid, address);
    const isUp = mode === undefined && this.#isUp(rule, internal, context);
    return {
      before: isUp ? undefined : this.#withdrawal(rule, internal, context),
      desired: planNatRule(rule, {
        vpcUid: context.vpc.metadata.uid,
        networkUid: context.network.metadata.uid,
        external: formatAddress(external),
        internal,
        isUp,
        unusedAddress: context.network.spec.cidr.split('/')[0] ?? '',
        subnetUids: rule.spec.type === 'DNAT' ? this.#switches(context) : [],
      }),
      accepted: mode,
      otherConditions: [
        ...(mode === undefined ? movesWithoutPause(rule.spec) : []),
        ...reachableInside(this.#env, rule),
      ],
      status: (programmed) =>
        programmed
          ? { externalIP: formatAddress(external), internalIP: internal.address }
          : { externalIP: status?.externalIP, internalIP: status?.internalIP },
    };
  }

  /** Returns the external address of a rule, which the rule, its FloatingIP or its VPC holds. */
  #external(rule: NatRule, context: NatContext): Checked<Address> {
    const external = externalAddress(this.#env, rule, context);
    if (!external.ok) return external;
    const { metadata } = context.network;
    const countUsed = () => this.#env.pools.external.network(metadata.uid)?.counts().used;
    const used = countUsed();
    const held = holdExternal(this.#env, rule, context, external.value);
    if (!held.ok) this.#wait(rule, metadata.uid, external.value);
    else if (countUsed() !== used) recountAddresses(this.#env, [metadata.uid]);
    return gatewayConflict(rule, context, external.value) ?? held;
  }

  /** Wakes the rule when its external address becomes free, or the ranges of the network change. */
  #wait(rule: NatRule, networkUid: string, external: string): void {
    const { waiting } = this.#env.pools;
    const { namespace = '' } = rule.metadata;
    waiting.add(valueOf(networkUid, external), 'NatRule', keyOf(rule), `rules of ${namespace}`);
    waiting.add(rangesOf(networkUid), 'NatRule', keyOf(rule));
  }

  /** Lets the rule compete with the other rules that use the same address, source or Port. */
  #join(rule: NatRule, context: NatContext): RuleStakes | undefined {
    const stakes = stakesOf(this.#env, rule, context);
    if (stakes !== undefined) compete(this.#env, rule, stakes);
    return stakes;
  }

  #translation(
    rule: NatRule,
    context: NatContext,
    external: Address,
    stakes: RuleStakes | undefined,
  ): Checked<Translation> {
    const conflict = stakes && conflictProblem(this.#env, rule, stakes, formatAddress(external));
    if (conflict !== undefined) return { ok: false, problem: conflict };
    const internal = internalSide(this.#env, rule, context);
    if (!internal.ok) return internal;
    const snat = vpcSnatConflict(rule, internal.value, context);
    if (snat !== undefined) return snat;
    const excess = holdQuota(this.#env, rule, 'natRules', 1);
    if (excess !== undefined) return { ok: false, problem: excess };
    const mode = modeProblem(this.#env, rule, internal.value, stakes);
    return good({ context, external, internal: internal.value, mode });
  }

  /**
   * Whether the VM of a distributed rule is up on a host that has the physical network. On another host, the traffic
   * would be lost. While the state is unknown, the result is the state in OVN.
   */
  #isUp({ metadata: { uid }, spec }: NatRule, { logicalPort }: Internal, { network }: NatContext): boolean {
    if (spec.mode !== 'Distributed' || logicalPort === undefined) return false;
    const { bindings, chassis, writer } = this.#env;
    if (!bindings.isKnown || !chassis.isKnown) return recordedNat(writer, uid)?.isDistributed ?? false;
    const host = bindings.hostOf(logicalPort);
    return chassis
      .chassis()
      .some(
        ({ name, physicalNetworks }) =>
          name === host && physicalNetworks.includes(network.spec.physicalNetwork),
      );
  }

  /**
   * Returns the step before a distributed floating IP becomes centralized while its VM is on a host that can be the
   * gateway: OVN contains no translation until the host has noticed. ovn-controller announces an address only if the
   * address is new on its host. Without an announcement, neighbours send to the old MAC address until their ARP
   * entries expire.
   */
  #withdrawal(
    { metadata }: NatRule,
    { logicalPort = '' }: Internal,
    { network }: NatContext,
  ): Intent<object>['before'] {
    const { bindings, hosts, writer } = this.#env;
    const host = bindings.hostOf(logicalPort);
    if (hosts === undefined || host === undefined) return undefined;
    const canBeGateway = network.status?.gatewayChassis?.includes(host) ?? false;
    if (!canBeGateway || recordedNat(writer, metadata.uid)?.isDistributed !== true) return undefined;
    return { desired: nothing, done: () => hosts.caughtUp(host) };
  }

  /**
   * Returns the UIDs of the Subnets whose switches are in OVN. Subnets on a physical network without a gateway are not
   * included, because their VMs use a router outside OVN.
   */
  #switches({ vpc }: NatContext): readonly string[] {
    const { stores, writer } = this.#env;
    const isInOvn = ({ metadata, status }: Subnet): boolean =>
      status?.switchName !== undefined || recordedCidr(writer, metadata.uid, 'Logical_Switch') !== undefined;
    return [...objectsOf(stores, vpc, keyOf(vpc), stores.Subnet)]
      .filter(
        (subnet) => isInOvn(subnet) && (subnet.spec.provider === undefined || hasRouterPort(writer, subnet)),
      )
      .map(({ metadata }) => metadata.uid)
      .sort();
  }
}

/** Returns the external address in the rows of a translation. */
function externalAddressOf({ context, external }: Translation): ExternalAddress {
  return { networkUid: context.network.metadata.uid, address: external };
}

/** Returns a problem if the rule translates the whole VPC, which the SNAT of the VPC already does. */
function vpcSnatConflict(
  { spec }: NatRule,
  internal: Internal,
  { vpc, vpcCidr }: NatContext,
): Checked<never> | undefined {
  const snat = vpc.spec.externalGateway?.snat === 'Enabled';
  if (spec.type !== 'SNAT' || !snat || internal.address !== formatCidr(vpcCidr)) return undefined;
  return bad(
    'NatConflict',
    `The VPC "${vpc.metadata.name}" already translates the traffic of its whole range; ` +
      'set externalGateway.snat of the VPC to Disabled, or narrow spec.source.',
  );
}
