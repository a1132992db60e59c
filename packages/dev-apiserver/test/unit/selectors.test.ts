import { describe, expect, it } from '@jest/globals';
import { parseFieldSelector, parseLabelSelector } from '../../src/verbs/selectors.ts';

const labels: Readonly<Record<string, string>> = {
  app: 'web',
  tier: 'front',
  'example.com/size': '10',
  empty: '',
};
const selects = (selector: string): boolean => parseLabelSelector(selector)?.((key) => labels[key]) ?? true;

describe('a label selector', () => {
  it.each([
    '',
    'app=web',
    'app==web',
    'app!=db',
    'other!=x',
    'app',
    '!other',
    'app in (db, web)',
    'app notin (db)',
    'other notin (db)',
    'example.com/size>9',
    'example.com/size<11',
    'empty=',
    'empty in ()',
    'app=web,tier=front,!other',
    ' app = web , tier in (front) ',
  ])('matches with %j', (selector) => {
    expect(selects(selector)).toBe(true);
  });

  it.each([
    'app=db',
    'app!=web',
    'other',
    '!app',
    'app in (db)',
    'other in (x)',
    'app notin (web)',
    'app>1',
    'app=web,other',
  ])('does not match with %j', (selector) => {
    expect(selects(selector)).toBe(false);
  });

  it.each([
    ['a in', "unable to parse requirement: found '' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['(a', "found '(', expected: !, identifier, or 'end of string'"],
    ['a,', "found '', expected: identifier after ','"],
    [
      'a>b',
      "unable to parse requirement: values[0][a]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
  ])('is rejected as a real server does: %j', (selector, message) => {
    expect(() => parseLabelSelector(selector)).toThrow(message);
  });

  it('is rejected with keys and values that labels must not have', () => {
    expect(() => parseLabelSelector('a=%')).toThrow('values[0][a]: Invalid value: "%"');
    expect(() => parseLabelSelector('-a=b')).toThrow('key: Invalid value: "-a"');
  });
});

describe('a field selector', () => {
  it('consists of equalities and inequalities', () => {
    expect(parseFieldSelector('metadata.name=a,spec.x!=b,c==d')).toEqual([
      { key: 'metadata.name', negated: false, value: 'a' },
      { key: 'spec.x', negated: true, value: 'b' },
      { key: 'c', negated: false, value: 'd' },
    ]);
  });

  it('supports escaped commas and equality signs', () => {
    expect(parseFieldSelector(String.raw`a=b\,c\=d\\`)).toEqual([
      { key: 'a', negated: false, value: String.raw`b,c=d\ `.trim() },
    ]);
  });

  it('is rejected without an operator', () => {
    expect(() => parseFieldSelector('metadata.name')).toThrow("can't understand 'metadata.name'");
  });
});
