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
import { isOlder } from '../common/oldest.ts';
import { bad, conditionOf, good, type Checked, type Problem } from '../common/problem.ts';
import { countAnew } from '../externalnetwork/index.ts';
import type { ExternalAddress } from '../pools/external.ts';
import { recordedCidr, recordedNat } from '../rows/recorded.ts';
import { objectsOf, vpcOf } from '../vpc/index.ts';
import { conflictingRules } from './conflicts.ts';
import { externalAddress, holdExternal, natPlace, type NatPlace } from './external.ts';
import { internalSide, type Internal } from './internal.ts';
import { planNatRule } from './plan.ts';
import { waitersOf } from './pools.ts';

/** A rule that has all it needs. */
interface Translation {
  readonly place: NatPlace;
  readonly external: Address;
  readonly internal: Internal;
}

/**
 * Decides on a NatRule: its translation. A rule that cannot be in effect has no rows: OVN must not translate an address
 * that is no longer the rule's, or lead to a Port that is gone. Of two rules that conflict the older is in effect.
 */
export class NatRuleController implements KindController<NatRule> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  intent(_key: string, rule: NatRule): Intent<object> {
    const translation = this.#translation(rule);
    return {
      ...this.#intent(rule, translation),
      applied: () => this.#keep(rule, translation),
      settled: () => this.#env.pools.waiting.wake(waitersOf(rule.metadata.uid)),
    };
  }

  /** The rows are written: keeps the address that they have, and the one that the rule names and may get yet. */
  #keep(rule: NatRule, translation: Checked<Translation>): void {
    const { pools, stores } = this.#env;
    const keep: ExternalAddress[] = [];
    if (translation.ok) keep.push(inRows(translation.value));
    const network = vpcOf(stores, rule)?.spec.externalGateway?.externalNetworkRef.name ?? '';
    const networkUid = stores.ExternalNetwork.get(network)?.metadata.uid;
    const named = parseAddress(rule.spec.externalIP ?? '', { family: 4 });
    if (named.ok && networkUid !== undefined) keep.push({ networkUid, address: named.value });
    countAnew(this.#env, pools.external.keepShares(rule.metadata.uid, keep));
  }

  #intent(rule: NatRule, translation: Checked<Translation>): Intent<object> {
    if (!translation.ok) {
      return { desired: nothing, ...conditionOf(translation.problem), status: () => ({}) };
    }
    const { place, external, internal } = translation.value;
    const { status } = rule;
    const { namespace = '', uid } = rule.metadata;
    const { networkUid, address } = inRows(translation.value);
    this.#env.pools.external.adoptShare(networkUid, namespace, uid, address);
    return {
      desired: planNatRule(rule, {
        vpcUid: place.vpc.metadata.uid,
        networkUid: place.network.metadata.uid,
        external: formatAddress(external),
        internal,
        isUp: this.#isUp(rule, internal, place),
        subnetUids: rule.spec.type === 'DNAT' ? this.#switches(place) : [],
      }),
      status: (programmed) =>
        programmed
          ? { externalIP: formatAddress(external), internalIP: internal.address }
          : { externalIP: status?.externalIP, internalIP: status?.internalIP },
    };
  }

  #translation(rule: NatRule): Checked<Translation> {
    const { pools } = this.#env;
    const place = natPlace(this.#env, rule);
    if (!place.ok) return place;
    const external = externalAddress(this.#env, rule, place.value);
    if (!external.ok) return external;
    const held = holdExternal(this.#env, rule, place.value, external.value);
    if (!held.ok) {
      pools.waiting.add(place.value.network.metadata.uid, 'NatRule', keyOf(rule));
      return held;
    }
    if (rule.spec.externalIP !== undefined && rule.status?.externalIP === undefined) {
      this.#env.wakeSoon('ExternalNetwork', place.value.network.metadata.name);
    }
    const conflict = this.#conflict(rule, place.value, external.value);
    if (conflict !== undefined) return { ok: false, problem: conflict };
    const internal = internalSide(this.#env, rule, place.value);
    if (!internal.ok) return internal;
    const snat = wholeVpc(rule, internal.value, place.value);
    return snat ?? good({ place: place.value, external: held.value, internal: internal.value });
  }

  #conflict(rule: NatRule, place: NatPlace, external: string): Problem | undefined {
    const { pools, writer, wake } = this.#env;
    if (rule.spec.type === 'FloatingIP' && external === place.gatewayIP) {
      const message = `${external} is the address of the VPC's gateway; a NatRule of type FloatingIP needs another address.`;
      return { reason: 'NatConflict', message };
    }
    const [first, ...rest] = conflictingRules(this.#env, rule, place);
    if (first === undefined) return undefined;
    if (isOlder(first, rule)) {
      pools.waiting.add(waitersOf(first.metadata.uid), 'NatRule', keyOf(rule));
      const message =
        `The NatRule conflicts with the older NatRule "${first.metadata.name}": ` +
        `${reasonText(rule, first, external)}. Change or delete one of the two.`;
      return { reason: 'NatConflict', message };
    }
    // Younger ones that are in effect must give way; they learn it by being looked at.
    for (const younger of [first, ...rest]) {
      if (writer.ownedBy(younger.metadata.uid).length > 0) wake('NatRule', keyOf(younger));
    }
    return undefined;
  }

  /**
   * Whether a distributed rule's machine is up on a host that has the physical network: on another its traffic would be
   * lost. As it is in OVN while nobody can say.
   */
  #isUp({ metadata: { uid }, spec }: NatRule, { logicalPort }: Internal, { network }: NatPlace): boolean {
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

  /** UIDs of the Subnets whose switches are in OVN; on a physical network the fabric's router is asked, not OVN. */
  #switches({ vpc }: NatPlace): readonly string[] {
    const { stores, writer } = this.#env;
    const isInOvn = ({ metadata, status }: Subnet): boolean =>
      status?.switchName !== undefined || recordedCidr(writer, metadata.uid, 'Logical_Switch') !== undefined;
    return [...objectsOf(stores, vpc, keyOf(vpc), stores.Subnet)]
      .filter((subnet) => subnet.spec.provider === undefined && isInOvn(subnet))
      .map(({ metadata }) => metadata.uid)
      .sort();
  }
}

/** The external address that the rows of a translation have. */
function inRows({ place, external }: Translation): ExternalAddress {
  return { networkUid: place.network.metadata.uid, address: external };
}

/** The VPC's own SNAT stands against a rule for all of the VPC. */
function wholeVpc(
  { spec }: NatRule,
  internal: Internal,
  { vpc, vpcCidr }: NatPlace,
): Checked<never> | undefined {
  const snat = vpc.spec.externalGateway?.snat === 'Enabled';
  if (spec.type !== 'SNAT' || !snat || internal.address !== formatCidr(vpcCidr)) return undefined;
  return bad(
    'NatConflict',
    `The VPC "${vpc.metadata.name}" already translates the traffic of its whole range; ` +
      'set externalGateway.snat of the VPC to Disabled, or narrow spec.source.',
  );
}

function reasonText(rule: NatRule, other: NatRule, external: string): string {
  const isFloating = rule.spec.type === 'FloatingIP' || other.spec.type === 'FloatingIP';
  if (rule.spec.type === 'DNAT' && other.spec.type === 'DNAT') {
    return `both use ${rule.spec.protocol ?? ''} port ${rule.spec.externalPort ?? 0} of ${external}`;
  }
  if (!isFloating) return 'both translate the same source';
  return rule.spec.type === other.spec.type
    ? 'both use the same external address or the same Port'
    : `the one of type FloatingIP uses all ports of ${external}`;
}
