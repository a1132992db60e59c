import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseJsonInSlices } from '../../../src/ovn/ovsdb/sliced-json.ts';

/** Converts the objects without a prototype, which the parser returns for large objects. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

describe('parseJsonInSlices', () => {
  it('returns the same value as JSON.parse for every slice size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' }).map((value) => ({ value })),
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom(undefined, 1, 2),
        async (value, slice, indent) => {
          const text = JSON.stringify(value, undefined, indent);
          expect(plain(await parseJsonInSlices(Buffer.from(text), slice))).toEqual(JSON.parse(text));
        },
      ),
      { seed: 7047, numRuns: 500 },
    );
  });

  it('rejects a text that is truncated at any position', async () => {
    const text = JSON.stringify({
      id: 1,
      result: [false, { Table: { a: { initial: { x: ['set', []], y: 'z' } } } }],
    });
    for (let length = 1; length < text.length; length++) {
      await expect(parseJsonInSlices(Buffer.from(text.slice(0, length)), 10)).rejects.toMatchObject({
        code: 'PROTOCOL_ERROR',
      });
    }
  });

  it.each(['{"a" 1}', '{"a":1,}', '[1 2]', '{1:2}', '[1]]', '[1],', '{"a":}', 'nonsense'])(
    'rejects %j',
    async (text) => {
      await expect(parseJsonInSlices(Buffer.from(text), 2)).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
    },
  );

  it('returns a member with the name __proto__ as an ordinary member', async () => {
    const value = (await parseJsonInSlices(Buffer.from('{"__proto__":{"a":1},"b":2}'), 4)) as Record<
      string,
      unknown
    >;
    expect(Object.keys(value)).toEqual(['__proto__', 'b']);
  });

  it('yields the event loop while it parses a large text', async () => {
    const rows = Object.fromEntries(
      Array.from({ length: 60_000 }, (_, i) => [`row${i}`, { name: 'x'.repeat(100), i }]),
    );
    let turns = 0;
    let done = false;
    const count = (): void => {
      turns++;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    const parsed = (await parseJsonInSlices(Buffer.from(JSON.stringify(rows)))) as Record<string, unknown>;
    done = true;
    expect(Object.keys(parsed)).toHaveLength(60_000);
    expect(turns).toBeGreaterThan(2);
  });
});
