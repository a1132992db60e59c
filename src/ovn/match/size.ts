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

/**
 * Counts the flow matches that ovn-controller makes of a match, like {@link countMatches}, but with the combinations
 * for which it uses no conjunctive match: alternatives in the protocol number (`ip.proto`, `must_crossproduct` in OVN's
 * symbol table), and alternatives that test different fields.
 */
export function countFlows(match: Match): number {
  if (match.kind === 'or') return match.of.reduce((sum, part) => sum + countFlows(part), 0);
  if (match.kind !== 'and') return countMatches(match);
  const parts = partsOf(match);
  const [combined, conjunctive] = [parts.filter(isCombined), parts.filter((part) => !isCombined(part))];
  const factor = combined.reduce((product, part) => product * countFlows(part), 1);
  return factor * countAll(conjunctive.map(countFlows));
}

function partsOf(match: Match): readonly Match[] {
  return match.kind === 'and' ? match.of.flatMap(partsOf) : [match];
}

/** Whether ovn-controller combines each alternative of a part with the alternatives of the other parts. */
function isCombined(part: Match): boolean {
  return part.kind === 'numbers' ? part.field === 'ip.proto' : part.kind === 'or';
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
