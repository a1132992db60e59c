import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeValue, defaultValue, encodeValue, ownSet } from '../../../src/ovn/ovsdb/codec.ts';
import { parseSchema } from '../../../src/ovn/ovsdb/schema.ts';
import type { AtomicType, ColumnType } from '../../../src/ovn/ovsdb/schema.ts';
import type { Atom, Value } from '../../../src/ovn/ovsdb/values.ts';

const atoms: Record<AtomicType, fc.Arbitrary<Atom>> = {
  integer: fc.integer(),
  real: fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => (Object.is(value, -0) ? 0 : value)),
  boolean: fc.boolean(),
  string: fc.string(),
  uuid: fc.uuid(),
};

function typeOf(type: unknown): ColumnType {
  const schema = parseSchema({ name: 'D', version: '1', tables: { T: { columns: { c: { type } } } } });
  return schema.tables.get('T')!.columns.get('c')!;
}

const typed: fc.Arbitrary<readonly [ColumnType, Value]> = fc
  .tuple(fc.constantFrom(...(Object.keys(atoms) as AtomicType[])), fc.constantFrom('atom', 'set', 'map'))
  .chain(([key, kind]): fc.Arbitrary<readonly [ColumnType, Value]> => {
    if (kind === 'atom') return atoms[key].map((atom) => [typeOf(key), atom] as const);
    const many = fc.uniqueArray(atoms[key], { maxLength: 4 });
    const range = { min: 0, max: 'unlimited' };
    return kind === 'set'
      ? many.map((list) => [typeOf({ key, ...range }), new Set(list)] as const)
      : many.map(
          (list) =>
            [typeOf({ key, value: key, ...range }), new Map(list.map((atom) => [atom, atom]))] as const,
        );
  });

describe('an encoded value', () => {
  it('is decoded to the same value', () => {
    fc.assert(
      fc.property(typed, ([type, value]) => {
        const wire = JSON.parse(JSON.stringify(encodeValue(type, value))) as unknown;
        expect(decodeValue(type, wire)).toEqual(value);
      }),
      { seed: 7047, numRuns: 300 },
    );
  });

  it.each([
    ['exactly one value', 'string', 'atom'],
    ['an optional value', { key: 'string', min: 0, max: 1 }, 'set'],
    ['several values', { key: 'string', min: 1, max: 'unlimited' }, 'set'],
    ['a map', { key: 'string', value: 'string', min: 0, max: 'unlimited' }, 'map'],
  ])('of a column with %s is a %j in memory', (_, type, kind) => {
    expect(typeOf(type).kind).toBe(kind);
  });

  it('is a bare atom for a set of one element, and ["set",[]] for an empty set', () => {
    const type = typeOf({ key: 'uuid', min: 0, max: 'unlimited' });
    const id = '11111111-2222-4333-8444-555555555555';
    expect(decodeValue(type, ['uuid', id])).toEqual(new Set([id]));
    expect(decodeValue(type, ['set', []])).toEqual(new Set());
    expect(decodeValue(type, ['set', [['uuid', id]]])).toEqual(new Set([id]));
  });

  it('is an integer for an integer column', () => {
    const type = typeOf('integer');
    expect(JSON.stringify(encodeValue(type, 42))).toBe('42');
    expect(() => encodeValue(type, 4.2)).toThrow(/not a valid integer/);
    expect(() => encodeValue(type, 2 ** 60)).toThrow(/not a valid integer/);
  });

  it.each<[unknown, Value]>([
    ['string', 5],
    ['uuid', 'not-a-uuid'],
    ['boolean', 'true'],
    ['string', new Set(['x'])],
    [{ key: 'string', min: 0, max: 1 }, new Map([['a', 'b']])],
    [{ key: 'string', value: 'string', min: 0, max: 1 }, 'a'],
  ])('of type %j cannot be %j', (type, value) => {
    expect(() => encodeValue(typeOf(type), value)).toThrow(
      expect.objectContaining({ code: 'SCHEMA_MISMATCH' }),
    );
  });

  it.each([
    ['string', 5],
    ['uuid', 'text'],
    [{ key: 'string', value: 'string', min: 0, max: 'unlimited' }, ['map', [['a']]]],
    [{ key: 'string', value: 'string', min: 0, max: 'unlimited' }, 'a'],
  ])('of type %j cannot be decoded from %j', (type, wire) => {
    expect(() => decodeValue(typeOf(type), wire)).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_ERROR' }),
    );
  });

  it('is never the shared empty set if the replica changes the set in place', () => {
    const type = typeOf({ key: 'string', min: 0, max: 'unlimited' });
    ownSet(defaultValue(type)).add('x');
    expect(defaultValue(type)).toEqual(new Set());
  });
});

describe('parseSchema', () => {
  it.each([null, [], {}, { tables: { T: {} } }, { tables: { T: { columns: { c: { type: 'float' } } } } }])(
    'rejects %j',
    (json) => expect(() => parseSchema(json)).toThrow(expect.objectContaining({ code: 'PROTOCOL_ERROR' })),
  );
});
