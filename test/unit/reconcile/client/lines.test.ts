import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter } from '../../../../src/reconcile/client/lines.ts';

describe('LineSplitter', () => {
  it('returns the same lines for any split of the text into chunks', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replaceAll('\n', ''));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(8), { minLength: 1 }), (lines, cuts) => {
        const text = lines.map((one) => `${one}\n`).join('');
        const got: string[] = [];
        const splitter = new LineSplitter((one) => got.push(one));
        for (let at = 0, i = 0; at < text.length; i++) {
          const length = 1 + (cuts[i % cuts.length] ?? 0);
          splitter.push(text.slice(at, at + length));
          at += length;
        }
        expect(got).toEqual(lines.filter((one) => one !== ''));
      }),
      { seed: 1 },
    );
  });

  it('does not return an incomplete line', () => {
    const got: string[] = [];
    const splitter = new LineSplitter((one) => got.push(one));
    splitter.push('one\ntw');
    expect(got).toEqual(['one']);
    splitter.push('o\n');
    expect(got).toEqual(['one', 'two']);
  });
});
