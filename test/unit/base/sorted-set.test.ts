import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SortedSet } from '../../../src/base/index.ts';

describe('SortedSet', () => {
  it('has the items of a set in order, after any additions and removals', () => {
    const change = fc.record({ adds: fc.boolean(), value: fc.integer({ min: 0, max: 30 }) });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 })), fc.array(change), (initial, changes) => {
        const expected = new Set(initial);
        const sorted = new SortedSet<number>((a, b) => a - b, expected);
        for (const { adds, value } of changes) {
          if (adds) {
            expected.add(value);
            sorted.add(value);
          } else {
            expected.delete(value);
            sorted.delete(value);
          }
          const inOrder = [...expected].sort((a, b) => a - b);
          expect([...sorted]).toEqual(inOrder);
          expect([sorted.size, sorted.at(0)]).toEqual([inOrder.length, inOrder[0]]);
          expect(sorted.find(value).position).toBe(inOrder.filter((each) => each < value).length);
        }
      }),
    );
  });
});
