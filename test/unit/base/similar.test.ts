import { describe, expect, it } from '@jest/globals';
import { mostSimilar } from '../../../src/base/index.ts';

describe('mostSimilar', () => {
  it.each([
    ['app', ['apps', 'db'], 'apps'],
    ['apsp', ['db', 'apps'], 'apps'],
    ['Apps', ['apps'], 'apps'],
    ['default', ['defualt', 'public'], 'defualt'],
    ['web', ['db', 'default', 'storage'], undefined],
    ['a', ['bc', 'xyz'], undefined],
    ['apps', [], undefined],
    ['web-1', ['web-3', 'web-2'], 'web-2'],
    ['overlay-systm', ['overlay-system', 'overlay'], 'overlay-system'],
  ])('of %j and %j is %j', (word, candidates, expected) => {
    expect(mostSimilar(word, candidates)).toBe(expected);
  });
});
