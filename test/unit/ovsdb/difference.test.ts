import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareValues, describeEdit, readDifference } from '../../../src/ovn/ovsdb/difference.ts';
import type { ColumnType } from '../../../src/ovn/ovsdb/schema.ts';

const set: ColumnType = {
  kind: 'set',
  key: 'string',
  value: undefined,
  min: 0,
  max: Infinity,
};
const optional: ColumnType = { ...set, max: 1 };
const map: ColumnType = { ...set, kind: 'map', value: 'string' };
const atom: ColumnType = { ...set, kind: 'atom', min: 1, max: 1 };

const letters = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'));
const entries = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2'));

describe('a difference of update2 and update3', () => {
  it('toggles the elements of a set', () => {
    fc.assert(
      fc.property(letters, letters, (old, now) => {
        const toggled = [...old.filter((x) => !now.includes(x)), ...now.filter((x) => !old.includes(x))];
        const edit = readDifference(set, 'c', new Set(old), ['set', toggled]);
        const { added, removed } = edit && 'delta' in edit ? edit.delta : { added: [], removed: [] };
        expect(new Set([...old.filter((x) => !removed.includes(x)), ...added])).toEqual(new Set(now));
        expect(edit).toEqual(toggled.length === 0 ? undefined : expect.anything());
      }),
      { seed: 7047 },
    );
  });

  it('removes map entries that equal the old entries, and sets all other entries', () => {
    fc.assert(
      fc.property(entries, entries, (old, now) => {
        const differing = [
          ...Object.entries(old).filter(([key]) => !(key in now)),
          ...Object.entries(now).filter(([key, value]) => old[key] !== value),
        ];
        const before = new Map(Object.entries(old));
        const edit = readDifference(map, 'c', before, ['map', differing]);
        expect(edit && 'value' in edit ? edit.value : undefined).toEqual(new Map(Object.entries(now)));
        expect(edit && describeEdit(edit)).toEqual({ old: new Map(Object.entries(old)) });
      }),
      { seed: 7047 },
    );
  });

  it('replaces an optional value', () => {
    const change = readDifference(optional, 'c', new Set(['old']), 'new');
    expect(change && describeEdit(change)).toEqual({ added: ['new'], removed: ['old'] });
    const cleared = readDifference(optional, 'c', new Set(['old']), ['set', []]);
    expect(cleared && describeEdit(cleared)).toEqual({ added: [], removed: ['old'] });
    expect(readDifference(optional, 'c', new Set(['same']), 'same')).toBeUndefined();
  });

  it('replaces a single value', () => {
    const change = readDifference(atom, 'c', 'old', 'new');
    expect(change && describeEdit(change)).toEqual({ old: 'old' });
  });
});

describe('compareValues', () => {
  it('returns exactly the added and removed elements of a set', () => {
    fc.assert(
      fc.property(letters, letters, (old, now) => {
        const edit = compareValues('c', new Set(old), new Set(now));
        const delta = edit ? describeEdit(edit) : { added: [], removed: [] };
        expect(delta).toEqual({
          added: now.filter((x) => !old.includes(x)),
          removed: old.filter((x) => !now.includes(x)),
        });
      }),
      { seed: 7047 },
    );
  });

  it('returns undefined for equal maps', () => {
    expect(compareValues('c', new Map([['a', '1']]), new Map([['a', '1']]))).toBeUndefined();
    expect(compareValues('c', new Map([['a', '1']]), new Map([['b', '1']]))).toBeDefined();
  });
});
