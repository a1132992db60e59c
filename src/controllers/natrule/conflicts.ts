import type { NatRule } from '../../api/index.ts';
import type { Stores } from '../common/env.ts';
import { addressKey } from '../floatingip/index.ts';
import { oldestFirst } from '../common/oldest.ts';
import { keyOf } from '../../reconcile/index.ts';
import { externalAddress, type NatContext, type Sources } from './external.ts';
import { internalSide } from './internal.ts';
import { externalKey } from './kind.ts';

/** The properties of a rule that no other rule may share, from its spec and its references. */
interface Claim {
  readonly type: NatRule['spec']['type'];
  readonly external: string;
  /** Protocol and port of a DNAT rule, for example `TCP/443`. */
  readonly service: string;
  readonly internal: string | undefined;
}

/** Returns the rules of the same router that conflict with this rule, the oldest first. */
export function conflictingRules(sources: Sources, rule: NatRule, context: NatContext): readonly NatRule[] {
  const own = claimOf(sources, rule, context);
  if (own === undefined) return [];
  const others = new Map(
    [...candidates(sources.stores, rule, own, context)].map((each) => [keyOf(each), each]),
  );
  others.delete(keyOf(rule));
  return oldestFirst(others.values()).filter((other) => {
    const theirs = claimOf(sources, other, context);
    return theirs !== undefined && excludes(own, theirs);
  });
}

function excludes(a: Claim, b: Claim): boolean {
  if (a.external === b.external && (a.type === 'FloatingIP' || b.type === 'FloatingIP')) return true;
  if (a.type !== b.type) return false;
  // It would be undefined which of two translations of a source, or of two floating IPs of a Port, OVN uses.
  if (a.type !== 'DNAT') return a.internal !== undefined && a.internal === b.internal;
  return a.external === b.external && a.service === b.service;
}

function claimOf(sources: Sources, rule: NatRule, context: NatContext): Claim | undefined {
  const external = externalAddress(sources, rule, context);
  if (!external.ok) return undefined;
  const { type, protocol = '', externalPort = 0 } = rule.spec;
  const internal = type === 'DNAT' ? undefined : internalSide(sources, rule, context);
  return {
    type,
    external: external.value,
    service: `${protocol}/${externalPort}`,
    internal: internal?.ok === true ? internal.value.address : undefined,
  };
}

/**
 * Yields the rules that may use the same external address, translate the same source, or translate to the same Port.
 */
function* candidates(
  { NatRule: rules, FloatingIP: floatingIPs }: Stores,
  { metadata: { namespace = '' }, spec }: NatRule,
  { type, external }: Claim,
  { gatewayIP }: NatContext,
): Iterable<NatRule> {
  yield* rules.byIndex('external', externalKey(namespace, external));
  if (external === gatewayIP) yield* rules.byIndex('external', externalKey(namespace, undefined));
  for (const floatingIP of floatingIPs.byIndex('address', addressKey(namespace, external))) {
    yield* rules.byIndex('floatingIP', keyOf(floatingIP));
  }
  if (type === 'SNAT') yield* rules.byIndex('snat', namespace);
  const target = spec.target?.portRef?.name;
  if (type === 'FloatingIP' && target !== undefined) yield* rules.byIndex('port', `${namespace}/${target}`);
}
