import type { Match, Range } from './match.ts';

/**
 * How many flow matches ovn-controller would make of a match at least, with every set of addresses whose members only
 * the database knows counted as one. Alternatives add up. Where several fields have alternatives each they add up as
 * well, since ovn-controller makes conjunctive matches of them (ovs-fields(7)) instead of every combination.
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
    case 'macs':
      return match.macs.length;
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

/** One field with alternatives: as many. Several: a match for each alternative, and one for what they have in common. */
function countAll(parts: readonly number[]): number {
  if (parts.includes(0)) return 0;
  const several = parts.filter((count) => count > 1);
  if (several.length < 2) return several[0] ?? 1;
  return several.reduce((sum, count) => sum + count, 1);
}

/** How many value/mask pairs make up a range: the aligned blocks that tile it. */
function masksOf({ min, max }: Range): number {
  let count = 0;
  for (let at = min; at <= max; count++) {
    let size = 1;
    while (at % (size * 2) === 0 && at + size * 2 - 1 <= max) size *= 2;
    at += size;
  }
  return count;
}
