import type { NatRule } from '../../api/index.ts';
import type { Stores } from '../common/env.ts';
import { addressKey } from '../floatingip/index.ts';
import { oldestFirst } from '../common/oldest.ts';
import { keyOf } from '../../reconcile/index.ts';
import { externalAddress, type NatPlace, type Sources } from './external.ts';
import { internalSide } from './internal.ts';
import { externalKey } from './kind.ts';

/** What a rule has for itself alone, as its spec and what it refers to say. */
interface Claim {
  readonly type: NatRule['spec']['type'];
  readonly external: string;
  /** `TCP/443`, of a DNAT. */
  readonly service: string;
  readonly internal: string | undefined;
}

/** The rules of the same router that cannot be in effect together with this one, the oldest first. */
export function conflictingRules(sources: Sources, rule: NatRule, place: NatPlace): readonly NatRule[] {
  const own = claimOf(sources, rule, place);
  if (own === undefined) return [];
  const others = new Map(
    [...candidates(sources.stores, rule, own, place)].map((each) => [keyOf(each), each]),
  );
  others.delete(keyOf(rule));
  return oldestFirst(others.values()).filter((other) => {
    const theirs = claimOf(sources, other, place);
    return theirs !== undefined && excludes(own, theirs);
  });
}

function excludes(a: Claim, b: Claim): boolean {
  if (a.external === b.external && (a.type === 'FloatingIP' || b.type === 'FloatingIP')) return true;
  if (a.type !== b.type) return false;
  // Two translations of the same source, and two floating IPs of one Port: nobody could say which one is used.
  if (a.type !== 'DNAT') return a.internal !== undefined && a.internal === b.internal;
  return a.external === b.external && a.service === b.service;
}

function claimOf(sources: Sources, rule: NatRule, place: NatPlace): Claim | undefined {
  const external = externalAddress(sources, rule, place);
  if (!external.ok) return undefined;
  const { type, protocol = '', externalPort = 0 } = rule.spec;
  const internal = type === 'DNAT' ? undefined : internalSide(sources, rule, place);
  return {
    type,
    external: external.value,
    service: `${protocol}/${externalPort}`,
    internal: internal?.ok === true ? internal.value.address : undefined,
  };
}

/** All rules that may use the same external address, translate the same source, or lead to the same Port. */
function* candidates(
  { NatRule: rules, FloatingIP: floatingIPs }: Stores,
  { metadata: { namespace = '' }, spec }: NatRule,
  { type, external }: Claim,
  { gatewayIP }: NatPlace,
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
