import type { Match, Range } from './match.ts';

/**
 * Estimates the minimum number of flow matches that ovn-controller makes of a match. An address set counts as
 * one, because only the database knows its members. Alternatives add up. Alternatives in several fields also
 * add up instead of multiplying, because ovn-controller uses conjunctive matches for them (ovs-fields(7)).
 */
export function countMatches(match: Match): number {
  switch (match.kind) {
    case 'constant':
      return match.value ? 1 : 0;
    case 'predicate':
    case 'addressSet':
    case 'port':
      return 1;
    case 'networks':
      return match.networks.length;
    case 'numbers':
      return match.ranges.reduce((sum, range) => sum + masksOf(range), 0);
    case 'not':
      return countMatches(match.of);
    case 'or':
      return match.of.reduce((sum, part) => sum + countMatches(part), 0);
    case 'and':
      return countAll(match.of.map(countMatches));
  }
}

/**
 * Counts a conjunction. Alternatives in one field need one match each. Alternatives in several fields need
 * one match each, and one more match for the conjunction.
 */
function countAll(parts: readonly number[]): number {
  if (parts.includes(0)) return 0;
  const several = parts.filter((count) => count > 1);
  if (several.length < 2) return several[0] ?? 1;
  return several.reduce((sum, count) => sum + count, 1);
}

/** Returns the number of value/mask pairs (aligned blocks) that cover a range exactly. */
function masksOf({ min, max }: Range): number {
  let count = 0;
  for (let at = min; at <= max; count++) {
    let size = 1;
    while (at % (size * 2) === 0 && at + size * 2 - 1 <= max) size *= 2;
    at += size;
  }
  return count;
}
