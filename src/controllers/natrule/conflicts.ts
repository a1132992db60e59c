import type { NatRule } from '../../api/index.ts';
import { keyOf, precedenceOf } from '../../reconcile/index.ts';
import type { Problem } from '../common/problem.ts';
import { MAX_NAMED, type Contender, type Stakes } from '../pools/contenders.ts';
import { externalAddress, type NatContext, type Sources } from './external.ts';
import { internalSide } from './internal.ts';

/** Returns the rule as an object that competes with the other rules of its router. */
export const contenderOf = (rule: NatRule): Contender => ({
  uid: rule.metadata.uid,
  kind: 'NatRule',
  key: keyOf(rule),
  precedence: precedenceOf(rule),
});

/**
 * Returns what a rule uses alone on its router, from its spec and its references; undefined while its external address
 * is unknown.
 *
 * - A port of an external address belongs to one DNAT rule.
 * - A rule of type FloatingIP uses the whole external address.
 * - It would be undefined which of two translations of a source OVN uses. A rule of type FloatingIP translates the
 *   address of its Port. Of two sources with different sizes, OVN uses the smaller one.
 */
export function stakesOf(sources: Sources, rule: NatRule, context: NatContext): Stakes | undefined {
  const external = externalAddress(sources, rule, context);
  if (!external.ok) return undefined;
  const { type, protocol = '', externalPort = 0 } = rule.spec;
  const router = context.vpc.metadata.uid;
  const any = `${router} any ${external.value}`;
  const whole = `${router} whole ${external.value}`;
  if (type === 'DNAT') {
    const port = `${router} port ${external.value} ${protocol} ${externalPort}`;
    return { holds: [any, port], yields: [port, whole] };
  }
  const internal = internalSide(sources, rule, context);
  const inside = internal.ok ? [`${router} source ${networkOf(internal.value.address)}`] : [];
  return type === 'SNAT'
    ? { holds: [any, ...inside], yields: [...inside, whole] }
    : { holds: [any, whole, ...inside], yields: [any, ...inside] };
}

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
  const other =
    holder === undefined
      ? `more than ${MAX_NAMED} NatRules`
      : `the older NatRule "${stores.NatRule.byUid(holder.uid)?.metadata.name ?? holder.key.split('/').at(-1) ?? ''}"`;
  const message = `The NatRule conflicts with ${other}: ${conflictText(rule, line, external)}. Change or delete one of the two.`;
  return { reason: 'NatConflict', message };
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
