import type { Match, Range } from './match.ts';
import { formatNetwork } from './networks.ts';

/**
 * Returns the text of a match for columns such as `ACL.match`. The same tree always gives the same text. OVN
 * rejects an expression that mixes `&&` and `||` without parentheses, so the text has parentheses there.
 */
export function printMatch(match: Match): string {
  return print(match, 'top');
}

/** The operator that contains an expression; the place decides where parentheses are necessary. */
type Place = 'top' | 'and' | 'or' | 'not';

function print(match: Match, place: Place): string {
  switch (match.kind) {
    case 'constant':
      return match.value ? '1' : '0';
    case 'predicate':
      return match.name;
    case 'networks':
      return wrap(`${match.field} == ${set(match.networks.map(formatNetwork))}`, place === 'not');
    case 'addressSet':
      return wrap(`${match.field} == $${match.set}`, place === 'not');
    case 'port':
      return `${match.field} == ${'group' in match.port ? `@${match.port.group}` : JSON.stringify(match.port.name)}`;
    case 'numbers':
      return numbers(match.field, match.ranges, place);
    case 'not':
      return `!${print(match.of, 'not')}`;
    case 'and':
      return joined(
        ' && ',
        [...match.of.map((part) => print(part, 'and'))],
        place !== 'top' && place !== 'and',
      );
    case 'or':
      return joined(
        ' || ',
        [...match.of.map((part) => print(part, 'or'))],
        place !== 'top' && place !== 'or',
      );
  }
}

function numbers(field: string, ranges: readonly Range[], place: Place): string {
  const singles = ranges.filter(({ min, max }) => min === max).map(({ min }) => String(min));
  const spans = ranges.filter(({ min, max }) => min !== max);
  const terms: string[] = singles.length === 0 ? [] : [`${field} == ${set(singles)}`];
  const several = terms.length + spans.length > 1;
  for (const { min, max } of spans) {
    const span = `${field} >= ${min} && ${field} <= ${max}`;
    terms.push(wrap(span, several || place === 'or' || place === 'not'));
  }
  return wrap(
    terms.join(' || '),
    several ? place === 'and' || place === 'not' : spans.length === 0 && place === 'not',
  );
}

function joined(operator: string, parts: readonly string[], parentheses: boolean): string {
  return wrap(parts.join(operator), parentheses);
}

function wrap(text: string, parentheses: boolean): string {
  return parentheses ? `(${text})` : text;
}

function set(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `{${values.join(', ')}}`;
}
