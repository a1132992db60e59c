import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '../../src/model/objects.ts';
import { jsonPatch, mergePatch } from '../../src/patch/json-patch.ts';

const codeOf = (act: () => unknown): number | undefined => {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as { code: number }).code;
  }
};

describe('a JSON merge patch', () => {
  // RFC 7386, appendix A.
  it.each<[Json, Json, Json]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('changes %j with %j to %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });

  it('does not change its target, and has the same result when applied twice', () => {
    const seed = 7386;
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (target, patch) => {
        const before = JSON.stringify(target);
        const once = mergePatch(target, patch);
        expect(JSON.stringify(target)).toBe(before);
        expect(mergePatch(once, patch)).toEqual(once);
      }),
      { seed },
    );
  });

  it('does not change the prototype', () => {
    const patched = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}') as Json);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(patched as object)).toEqual(['__proto__']);
  });
});

describe('a JSON patch', () => {
  const target = { list: ['a', 'b'], map: { 'x/y': 1, 'm~n': 2 }, n: null };

  it.each<[string, unknown, Json]>([
    ['adds a member', [{ op: 'add', path: '/new', value: 1 }], { ...target, new: 1 }],
    [
      'inserts into a list',
      [{ op: 'add', path: '/list/1', value: 'x' }],
      { ...target, list: ['a', 'x', 'b'] },
    ],
    ['appends to a list', [{ op: 'add', path: '/list/-', value: 'x' }], { ...target, list: ['a', 'b', 'x'] }],
    ['removes', [{ op: 'remove', path: '/list/0' }], { ...target, list: ['b'] }],
    [
      'replaces',
      [{ op: 'replace', path: '/map/x~1y', value: 3 }],
      { ...target, map: { 'x/y': 3, 'm~n': 2 } },
    ],
    [
      'unescapes ~0',
      [{ op: 'replace', path: '/map/m~0n', value: 3 }],
      { ...target, map: { 'x/y': 1, 'm~n': 3 } },
    ],
    ['moves', [{ op: 'move', from: '/list/0', path: '/list/1' }], { ...target, list: ['b', 'a'] }],
    ['copies', [{ op: 'copy', from: '/list/0', path: '/c' }], { ...target, c: 'a' }],
    ['continues after a successful test', [{ op: 'test', path: '/list', value: ['a', 'b'] }], target],
    ['replaces the whole document', [{ op: 'replace', path: '', value: 1 }], 1],
  ])('%s', (_, patch, result) => {
    expect(jsonPatch(target, patch)).toEqual(result);
  });

  it.each<[string, unknown, number]>([
    ['a failed test', [{ op: 'test', path: '/list/0', value: 'z' }], 422],
    ['a path that does not exist', [{ op: 'remove', path: '/nothing' }], 422],
    ['a replacement of an absent value', [{ op: 'replace', path: '/nothing', value: 1 }], 422],
    ['an index beyond the end', [{ op: 'add', path: '/list/3', value: 1 }], 422],
    ['an index with a leading zero', [{ op: 'replace', path: '/list/01', value: 1 }], 422],
    ['an unknown operation', [{ op: 'increment', path: '/n' }], 400],
    ['an operation without a path', [{ op: 'remove' }], 400],
    ['a patch that is not a list', {}, 400],
    [
      'too many operations',
      Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/n', value: null })),
      413,
    ],
  ])('rejects %s', (_, patch, code) => {
    expect(codeOf(() => jsonPatch(target, patch))).toBe(code);
  });

  it('does not change its target, even when an operation fails', () => {
    const before = JSON.stringify(target);
    codeOf(() =>
      jsonPatch(target, [
        { op: 'add', path: '/list/-', value: 'x' },
        { op: 'remove', path: '/nothing' },
      ]),
    );
    expect(JSON.stringify(target)).toBe(before);
  });
});
