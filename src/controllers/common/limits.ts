import { findCondition } from '../../api/index.ts';
import { countFlows, countMatches } from '../../ovn/index.ts';
import type { KubeObject } from '../../reconcile/index.ts';
import type { Acl } from '../rows/acl.ts';
import type { Conditioned } from './converge.ts';
import type { Env, PoolSources } from './env.ts';
import type { Problem } from './problem.ts';
import { holdQuota } from './quota.ts';
import { tenantOf } from './tenant.ts';
import type { Limits } from '../settings.ts';

/**
 * Returns the limit that the rules of a SecurityGroup or TrafficPolicy exceed. `consequence` is the sentence that
 * states the effect on traffic.
 */
export function tooManyRules(
  spec: Rules['spec'],
  acls: readonly Acl[],
  { rulesPerGroup, matchesPerGroup }: Limits,
  consequence: string,
): Problem | undefined {
  const rules = ruleCount(spec);
  if (rules > rulesPerGroup)
    return problem(
      `The spec has ${rules} rules; the limit is ${rulesPerGroup} (limits.rulesPerGroup)`,
      consequence,
    );
  const matches = acls.reduce((sum, { match }) => sum + countMatches(match), 0);
  if (matches <= matchesPerGroup) return undefined;
  return problem(
    `The rules expand to ${matches} flow matches; the limit is ${matchesPerGroup} (limits.matchesPerGroup)`,
    consequence,
  );
}

/** Returns the number of flow matches of ACLs, for the `matchCount` in a status. */
export function matchCount(acls: readonly Acl[]): number {
  return acls.reduce((sum, { match }) => sum + countFlows(match), 0);
}

/** The smallest weight of an object. */
const MIN_WEIGHT = 64;

/**
 * Returns the flow matches for which an object counts in the limit of a Port: the `matchCount` of its status, rounded
 * up by less than a quarter. So the Ports of an object are reconciled again only after a large change of its rules.
 */
export function weightOf({ matchCount = 0 }: { readonly matchCount?: number } = {}): number {
  let step = MIN_WEIGHT / 4;
  while (step * 8 <= matchCount) step *= 2;
  return Math.max(MIN_WEIGHT, Math.ceil(matchCount / step) * step);
}

/** A SecurityGroup or TrafficPolicy. */
type Rules = KubeObject & {
  readonly spec: { readonly ingress?: readonly unknown[]; readonly egress?: readonly unknown[] };
};

const ruleCount = ({ ingress = [], egress = [] }: Rules['spec']): number => ingress.length + egress.length;

/**
 * Makes the object hold its rules, unless they have the problem `invalid`. Returns the problem, or a problem if the
 * rules exceed a quota of the project. `consequence` is the sentence that states the effect on traffic.
 */
export function holdRules(
  env: Pick<Env, 'stores' | 'pools' | 'policies'>,
  object: Rules,
  invalid: Problem | undefined,
  consequence: string,
): Problem | undefined {
  const excess = invalid ?? holdQuota(env, object, 'securityRules', ruleCount(object.spec));
  if (excess === undefined) return undefined;
  // None of the rules is in effect, so the object holds none: the same as after a restart.
  env.pools.usage.release(object.metadata.uid);
  return invalid ?? { ...excess, message: `${consequence} ${excess.message}` };
}

/**
 * Restores the rules that an object holds: all of its spec if they were in effect, none if they were refused, and not
 * more than its rows if its spec changed since, or its status is lost.
 */
export function adoptRules({ stores, pools, writer }: PoolSources, object: Rules & Conditioned): readonly [] {
  const { namespace, uid, generation = 0 } = object.metadata;
  const accepted = findCondition(object.status?.conditions, 'Accepted');
  if (accepted?.status === 'False') return [];
  const isInEffect = accepted !== undefined && accepted.observedGeneration === generation;
  const rows = writer.ownedBy(uid).filter(({ table }) => table === 'ACL').length;
  const amount = isInEffect ? ruleCount(object.spec) : Math.min(ruleCount(object.spec), rows);
  pools.usage.hold('securityRules', uid, tenantOf(stores, namespace), amount);
  return [];
}

const problem = (excess: string, consequence: string): Problem => ({
  reason: 'TooManyRules',
  message: `${excess}. ${consequence} Merge rules, or split the object.`,
});
