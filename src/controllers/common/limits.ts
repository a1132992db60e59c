import { countMatches } from '../../ovn/index.ts';
import type { Acl } from '../rows/acl.ts';
import type { Problem } from './problem.ts';
import type { Limits } from '../settings.ts';

/** What is too large about the rules of a group or policy, and what follows from it (`consequence`, a clause). */
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
    return problem(`There are ${rules} rules, and ${rulesPerGroup} may be`, consequence);
  const matches = acls.reduce((sum, { match }) => sum + countMatches(match), 0);
  if (matches <= matchesPerGroup) return undefined;
  return problem(`The rules come to ${matches} flow matches, and ${matchesPerGroup} may be`, consequence);
}

const problem = (what: string, consequence: string): Problem => ({
  reason: 'TooManyRules',
  message: `${what}; ${consequence}.`,
});
