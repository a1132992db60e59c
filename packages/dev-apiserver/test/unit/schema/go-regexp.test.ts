import { describe, expect, it } from '@jest/globals';
import { goRegExp } from '../../../src/schema/go-regexp.ts';

describe('an RE2 pattern', () => {
  it.each([
    ['^[a-z]+$', 'abc', true],
    ['^[a-z]+$', 'abc\n', false],
    ['b', 'abc', true],
    ['^[[:alpha:]]+$', 'abC', true],
    ['^[[:alpha:]]+$', 'ab1', false],
    ['(?i)^ab$', 'AB', true],
    ['^\\d+\\.\\d+$', '1.2', true],
    ['^\\d+\\.\\d+$', '1x2', false],
    ['\\Aab\\z', 'ab', true],
    ['\\Aab\\z', 'xab', false],
    ['^a\\-b\\_c$', 'a-b_c', true],
    ['^[]a]+$', ']a', true],
    ['^[a[]+$', 'a[', true],
    ['^x{2,3}$', 'xxx', true],
    ['^a{b}$', 'a{b}', true],
    ['^a]$', 'a]', true],
    ['^(?P<name>a)$', 'a', true],
    ['^(?:a|b)$', 'b', true],
    ['^.$', '😀', true],
    ['^\\x41$', 'A', true],
  ])('%s matches %j: %s', (pattern, text, expected) => {
    expect(goRegExp(pattern).test(text)).toBe(expected);
  });

  it.each(['[', 'a(', 'a)', '*a', 'a\\', '(?=a)', '(?!a)', '(?<=a)b', '(a)\\1', '[[:nonsense:]]'])(
    '%s is rejected, as in Go',
    (pattern) => {
      expect(() => goRegExp(pattern)).toThrow(SyntaxError);
    },
  );
});
