import { beforeEach, describe, expect, it } from '@jest/globals';
import { CidrPool } from '../../../src/ipam/index.ts';
import { cidr, show } from './support.ts';

describe('CidrPool', () => {
  let pool: CidrPool;
  beforeEach(() => {
    pool = new CidrPool({ parent: cidr('10.0.0.0/8'), blockPrefix: 16 });
  });
  const allocate = (owner: string) => show(pool.allocate(owner));

  it('allocates the lowest free block, and returns the same block when an owner allocates again', () => {
    expect(['a', 'b', 'a', 'c'].map(allocate)).toEqual([
      '10.0.0.0/16',
      '10.1.0.0/16',
      '10.0.0.0/16',
      '10.2.0.0/16',
    ]);
  });

  it('allocates from the high end with `from: highest`, skips claimed blocks and reuses released ones', () => {
    pool = new CidrPool({ parent: cidr('10.0.0.0/22'), blockPrefix: 24, from: 'highest' });
    pool.claim('x', cidr('10.0.2.64/30'));
    expect(['a', 'b', 'c', 'd'].map(allocate)).toEqual([
      '10.0.3.0/24',
      '10.0.1.0/24',
      '10.0.0.0/24',
      'exhausted',
    ]);
    pool.release('x');
    pool.release('c');
    expect(['d', 'e', 'f'].map(allocate)).toEqual(['10.0.2.0/24', '10.0.0.0/24', 'exhausted']);
  });

  it('does not allocate blocks that overlap a claim of any size', () => {
    pool.claim('small', cidr('10.0.77.0/24'));
    pool.claim('large', cidr('10.2.0.0/15'));
    expect(['a', 'b'].map(allocate)).toEqual(['10.1.0.0/16', '10.4.0.0/16']);
  });

  it('returns `exhausted` only when every block overlaps a held block', () => {
    pool = new CidrPool({ parent: cidr('192.168.0.0/23'), blockPrefix: 24 });
    pool.claim('x', cidr('192.168.1.128/30'));
    expect(['a', 'b'].map(allocate)).toEqual(['192.168.0.0/24', 'exhausted']);
    pool.release('x');
    expect(allocate('b')).toBe('192.168.1.0/24');
  });

  it('returns `exhausted` when one claim covers the whole parent', () => {
    pool.claim('x', cidr('0.0.0.0/0'));
    expect(allocate('a')).toBe('exhausted');
    pool.release('x');
    expect(allocate('a')).toBe('10.0.0.0/16');
  });

  it('allocates up to the last address of the address family', () => {
    pool = new CidrPool({ parent: cidr('255.255.255.0/24'), blockPrefix: 25 });
    expect(['a', 'b', 'c'].map(allocate)).toEqual(['255.255.255.0/25', '255.255.255.128/25', 'exhausted']);
  });

  it('allocates a released block again', () => {
    ['a', 'b', 'c'].forEach(allocate);
    pool.release('b');
    expect(['d', 'e'].map(allocate)).toEqual(['10.1.0.0/16', '10.3.0.0/16']);
  });

  it('refuses a claim that overlaps a held block from either side, and returns the holder', () => {
    expect(pool.claim('a', cidr('10.5.0.0/16'))).toEqual({ ok: true });
    for (const overlapping of ['10.5.0.0/16', '10.4.0.0/14', '10.5.255.0/24', '10.5.255.255/32']) {
      expect(pool.claim('b', cidr(overlapping))).toEqual({
        ok: false,
        refused: 'overlap',
        holder: 'a',
        with: cidr('10.5.0.0/16'),
      });
    }
    expect(pool.claim('b', cidr('10.4.0.0/16'))).toEqual({ ok: true });
    expect(pool.claim('c', cidr('10.6.0.0/15'))).toEqual({ ok: true });
  });

  it('grants claims outside the parent and of the other address family', () => {
    for (const [i, block] of ['192.168.0.0/16', 'fd00::/48', '0.0.0.0/32', 'fd00:1::/64'].entries()) {
      expect(pool.claim(`o${i}`, cidr(block))).toEqual({ ok: true });
    }
    expect(pool.claim('x', cidr('fd00:0:0:1::/64'))).toMatchObject({ refused: 'overlap', holder: 'o1' });
    expect(pool.blocks().map((block) => block.owner)).toEqual(['o2', 'o0', 'o1', 'o3']);
  });

  it('grants a repeated claim, and another block only after the release of the first', () => {
    pool.claim('a', cidr('10.5.0.0/16'));
    expect(pool.claim('a', cidr('10.5.0.0/16'))).toEqual({ ok: true });
    expect(pool.claim('a', cidr('10.5.0.0/17'))).toEqual({
      ok: false,
      refused: 'holds-another',
      held: cidr('10.5.0.0/16'),
    });
    pool.release('a');
    expect(pool.claim('a', cidr('10.5.0.0/17'))).toEqual({ ok: true });
  });

  it('finds a block that overlaps a CIDR, and ignores the block of an excepted owner', () => {
    pool.claim('a', cidr('10.5.0.0/24'));
    pool.claim('b', cidr('10.5.1.0/24'));
    expect(pool.overlapping(cidr('10.5.0.0/16'))?.owner).toBe('a');
    expect(pool.overlapping(cidr('10.5.0.0/16'), 'a')?.owner).toBe('b');
    expect(pool.overlapping(cidr('10.5.0.0/24'), 'a')).toBeUndefined();
  });

  it('rejects a block prefix that does not fit into the parent', () => {
    expect(() => new CidrPool({ parent: cidr('10.0.0.0/24'), blockPrefix: 16 })).toThrow(RangeError);
    expect(() => new CidrPool({ parent: cidr('10.0.0.0/24'), blockPrefix: 33 })).toThrow(RangeError);
  });

  describe('adopt', () => {
    it('does not grant contested blocks to other owners', () => {
      expect(pool.adopt('a', cidr('10.0.0.0/16'))).toEqual({ ok: true });
      expect(pool.adopt('b', cidr('10.0.0.0/14'))).toMatchObject({
        ok: false,
        refused: 'overlap',
        holder: 'a',
      });
      expect(pool.heldBy('b')).toBeUndefined();
      expect(pool.claim('c', cidr('10.3.0.0/16'))).toMatchObject({ refused: 'overlap', holder: 'b' });
      expect(allocate('c')).toBe('10.4.0.0/16');
    });

    it('grants contested blocks in the order of adoption when the holder releases its block', () => {
      pool.adopt('a', cidr('10.0.0.0/16'));
      pool.adopt('b', cidr('10.0.0.0/14'));
      pool.adopt('c', cidr('10.3.0.0/16'));
      pool.release('a');
      expect(show(pool.heldBy('b'))).toBe('10.0.0.0/14');
      expect(pool.heldBy('c')).toBeUndefined();
      expect(pool.claim('b', cidr('10.0.0.0/14'))).toEqual({ ok: true });
      pool.release('b');
      expect(show(pool.heldBy('c'))).toBe('10.3.0.0/16');
      expect(allocate('d')).toBe('10.0.0.0/16');
    });

    it('frees a contested block when its owner releases it or allocates another block', () => {
      pool.adopt('a', cidr('10.0.0.0/16'));
      pool.adopt('b', cidr('10.0.0.0/14'));
      pool.adopt('c', cidr('10.0.0.0/15'));
      pool.release('b');
      expect(allocate('c')).toBe('10.1.0.0/16');
      expect(['d', 'e'].map(allocate)).toEqual(['10.2.0.0/16', '10.3.0.0/16']);
    });

    it('refuses a second block of an owner and keeps the first', () => {
      pool.adopt('a', cidr('10.0.0.0/16'));
      expect(pool.adopt('a', cidr('10.1.0.0/16'))).toMatchObject({ refused: 'holds-another' });
      expect(pool.adopt('a', cidr('10.0.0.0/16'))).toEqual({ ok: true });
    });
  });

  it('notifies listeners after a block became free, until they are removed', () => {
    const seen: unknown[] = [];
    const stop = pool.onRelease((block) => seen.push([show(block), pool.overlapping(block)]));
    allocate('a');
    pool.release('nobody');
    pool.release('a');
    stop();
    allocate('a');
    pool.release('a');
    expect(seen).toEqual([['10.0.0.0/16', undefined]]);
  });
});
