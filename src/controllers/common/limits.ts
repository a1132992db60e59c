import { countFlows, countMatches } from '../../ovn/index.ts';
import type { Acl } from '../rows/acl.ts';
import type { Problem } from './problem.ts';
import type { Limits } from '../settings.ts';

/**
 * Returns the limit that the rules of a SecurityGroup or TrafficPolicy exceed. `consequence` is the sentence that
 * states the effect on traffic.
 */
export function tooManyRules(
  {
    ingress = [],
    egress = [],
  }: { readonly ingress?: readonly unknown[]; readonly egress?: readonly unknown[] },
  acls: readonly Acl[],
  { rulesPerGroup, matchesPerGroup }: Limits,
  consequence: string,
): Problem | undefined {
  const rules = ingress.length + egress.length;
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
 * up to a power of two. So the Ports of an object are reconciled again only after a large change of its rules.
 */
export function weightOf(status: { readonly matchCount?: number } = {}): number {
  let weight = MIN_WEIGHT;
  while (weight < (status.matchCount ?? 0)) weight *= 2;
  return weight;
}

const problem = (excess: string, consequence: string): Problem => ({
  reason: 'TooManyRules',
  message: `${excess}. Merge rules, or split the object. ${consequence}`,
});
