import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jsonEqual } from '../../../src/base/index.ts';

describe('jsonEqual', () => {
  it.each([
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    [{ a: undefined }, {}],
    [{}, { a: undefined }],
    [
      { a: 1, b: undefined },
      { a: 1, c: undefined },
    ],
    [
      [1, [2, { a: null }]],
      [1, [2, { a: null }]],
    ],
    [null, null],
  ])('returns true for %j and %j', (a, b) => expect(jsonEqual(a, b)).toBe(true));

  it.each([
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, {}],
    [{}, { a: 1 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: null }, {}],
    [{}, []],
    [[], {}],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 2]],
    ['1', 1],
    [null, {}],
    [{ toString: 1 }, {}],
    [{}, { hasOwnProperty: 1 }],
  ])('returns false for %j and %j', (a, b) => expect(jsonEqual(a, b)).toBe(false));

  it('agrees with a comparison of the JSON texts with sorted properties', () => {
    const sorted = (value: unknown): unknown =>
      typeof value !== 'object' || value === null
        ? value
        : Array.isArray(value)
          ? value.map(sorted)
          : Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([name, inner]) => [name, sorted(inner)]);
    const text = (value: unknown): string => JSON.stringify([Array.isArray(value), sorted(value)]);
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(jsonEqual(a, structuredClone(a))).toBe(true);
        if (jsonEqual(a, b)) expect(text(a)).toBe(text(b));
      }),
      { seed: 1 },
    );
  });
});
