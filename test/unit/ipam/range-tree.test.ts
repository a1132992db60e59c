import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatCidr, mustParseCidr, networkOf, overlaps, type Cidr } from '../../../src/api/index.ts';
import { RangeTree } from '../../../src/ipam/index.ts';

const parent = mustParseCidr('10.0.0.0/24');
const cidr = (text: string): Cidr => mustParseCidr(text, { family: 4 });

/** Returns the lowest free block by trying every block. */
function expectedFree(used: readonly Cidr[], prefix: number): string | undefined {
  const size = 1n << BigInt(32 - prefix);
  for (let base = parent.base; base < parent.base + 256n; base += size) {
    const block: Cidr = { family: 4, base, prefix };
    if (!used.some((each) => overlaps(each, block))) return formatCidr(block);
  }
  return undefined;
}

const found = (tree: RangeTree, prefix: number): string | undefined => {
  const free = tree.firstFree(prefix);
  return free && formatCidr(free);
};

describe('a RangeTree', () => {
  it('returns the lowest block that overlaps no network', () => {
    const tree = new RangeTree(parent);
    tree.add(cidr('10.0.0.0/26'));
    tree.add(cidr('10.0.0.128/30'));
    expect(found(tree, 26)).toBe('10.0.0.64/26');
    expect(found(tree, 25)).toBeUndefined();
  });

  it('returns nothing for a block that is larger than the parent', () => {
    expect(found(new RangeTree(parent), 23)).toBeUndefined();
  });

  it('keeps a network in use until it was removed as often as it was added', () => {
    const tree = new RangeTree(parent);
    tree.add(cidr('10.0.0.0/8'));
    tree.add(cidr('10.0.0.0/8'));
    tree.remove(cidr('10.0.0.0/8'));
    expect(found(tree, 30)).toBeUndefined();
    tree.remove(cidr('10.0.0.0/8'));
    expect(found(tree, 24)).toBe('10.0.0.0/24');
  });

  it('ignores networks outside the parent', () => {
    const tree = new RangeTree(parent);
    tree.add(cidr('10.0.1.0/24'));
    expect(found(tree, 24)).toBe('10.0.0.0/24');
  });

  it('finds the same block as a search of all blocks, after any additions and removals', () => {
    const networks = fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 22, max: 30 }))
      .map(([low, prefix]) => networkOf({ family: 4, value: parent.base + BigInt(low) }, prefix));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(networks, fc.boolean()), { maxLength: 30 }),
        fc.integer({ min: 24, max: 30 }),
        (steps, prefix) => {
          const tree = new RangeTree(parent);
          const used: Cidr[] = [];
          for (const [network, isRemoval] of steps) {
            const removed = isRemoval ? used.pop() : undefined;
            if (removed === undefined) {
              used.push(network);
              tree.add(network);
            } else {
              tree.remove(removed);
            }
          }
          expect(found(tree, prefix)).toBe(expectedFree(used, prefix));
        },
      ),
    );
  });
});
