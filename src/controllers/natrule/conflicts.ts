import type { NatRule } from '../../api/index.ts';
import { keyOf, precedenceOf } from '../../reconcile/index.ts';
import type { Problem } from '../common/problem.ts';
import { MAX_NAMED, type Contender, type Stakes } from '../pools/contenders.ts';
import { externalAddress, type NatContext, type Sources } from './external.ts';
import { internalSide } from './internal.ts';

/** Returns the rule as an object that competes with the other rules of its router. */
const contenderOf = (rule: NatRule): Contender => ({
  uid: rule.metadata.uid,
  kind: 'NatRule',
  key: keyOf(rule),
  precedence: precedenceOf(rule),
});

/** What a rule uses alone, and what prevents only its mode. */
export interface RuleStakes extends Stakes {
  /** A line whose holders, of any age, prevent only `mode: Distributed`. */
  readonly central?: string;
}

/**
 * Returns what a rule uses alone on its router, from its spec and its references; undefined while its external address
 * is unknown.
 *
 * - A port of an external address belongs to one DNAT rule.
 * - A rule of type FloatingIP uses the whole external address.
 * - It would be undefined which of two translations of a source OVN uses. A rule of type FloatingIP translates the
 *   address of its Port. Of two sources with different sizes, OVN uses the smaller one.
 */
export function stakesOf(sources: Sources, rule: NatRule, context: NatContext): RuleStakes | undefined {
  const external = externalAddress(sources, rule, context);
  if (!external.ok) return undefined;
  const { type, protocol = '', externalPort = 0, mode } = rule.spec;
  const router = context.vpc.metadata.uid;
  const any = `${router} any ${external.value}`;
  const whole = `${router} whole ${external.value}`;
  const internal = internalSide(sources, rule, context);
  const forwarded = internal.ok ? [`${router} target ${internal.value.address}`] : [];
  if (type === 'DNAT') {
    const port = `${router} port ${external.value} ${protocol} ${externalPort}`;
    return { holds: [any, port, ...forwarded], yields: [port, whole] };
  }
  const inside = internal.ok ? [`${router} source ${networkOf(internal.value.address)}`] : [];
  if (type === 'SNAT') return { holds: [any, ...inside], yields: [...inside, whole] };
  const holds = [any, whole, ...inside];
  const [central] = mode === 'Distributed' ? forwarded : [];
  return { holds, yields: [any, ...inside], ...(central !== undefined && { central }) };
}

/** Makes a rule compete with the other rules of its router. */
export function compete({ pools }: Pick<Sources, 'pools'>, rule: NatRule, stakes: RuleStakes): void {
  pools.contenders.join(contenderOf(rule), standing(stakes));
}

/** Removes a rule from the lines that its rows no longer use. */
export function withdraw({ pools }: Pick<Sources, 'pools'>, uid: string, stakes?: RuleStakes): void {
  pools.contenders.keep(uid, stakes && standing(stakes));
}

/** Returns all lines of a rule. A change of any of them wakes the rule. */
const standing = ({ holds, yields, central }: RuleStakes): Stakes => ({
  holds,
  yields: central === undefined ? yields : [...yields, central],
});

/**
 * Returns the name of the oldest DNAT rule that forwards to the machine of a rule with `mode: Distributed`, with an
 * article; undefined if there is none.
 */
export function forwarderOf(
  { pools, stores }: Pick<Sources, 'pools' | 'stores'>,
  rule: NatRule,
  { central }: RuleStakes,
): string | undefined {
  if (central === undefined) return undefined;
  // The age of the two rules does not matter: the rule is the youngest one in this line.
  const youngest = { ...contenderOf(rule), precedence: LAST };
  const obstacle = pools.contenders.obstacle(youngest, { yields: [central] });
  if (obstacle === undefined) return undefined;
  const name = stores.NatRule.byUid(obstacle.holder?.uid ?? '')?.metadata.name;
  return name === undefined ? 'a NatRule' : `the NatRule "${name}"`;
}

/** Sorts after the precedence of every object. */
const LAST = '\uffff';

/** Returns an address as a network: a rule of type SNAT can name the address of a Port as a /32. */
const networkOf = (address: string): string => (address.includes('/') ? address : `${address}/32`);

/** Returns the problem of a rule that conflicts with an older rule of its router. */
export function conflictProblem(
  { pools, stores }: Pick<Sources, 'pools' | 'stores'>,
  rule: NatRule,
  stakes: Stakes,
  external: string,
): Problem | undefined {
  const obstacle = pools.contenders.obstacle(contenderOf(rule), stakes);
  if (obstacle === undefined) return undefined;
  const { holder, line } = obstacle;
  const isRemoved = holder !== undefined && stores.NatRule.byUid(holder.uid) === undefined;
  const other =
    holder === undefined
      ? `more than ${MAX_NAMED} NatRules`
      : `the older NatRule "${holder.key.split('/').at(-1) ?? ''}"`;
  const message = `The NatRule conflicts with ${other}: ${conflictText(rule, line, external)}. Change or delete one of the two.`;
  return { reason: 'NatConflict', message, isTemporary: isRemoved };
}

function conflictText({ spec }: NatRule, line: string, external: string): string {
  switch (line.split(' ')[1]) {
    case 'port':
      return `both use ${spec.protocol ?? ''} port ${spec.externalPort ?? 0} of ${external}`;
    case 'whole':
      return `the NatRule of type FloatingIP uses all ports of ${external}`;
    case 'any':
      return `a NatRule of type FloatingIP uses all ports of ${external}`;
    default:
      return 'both translate the same source';
  }
}
