import { beforeEach, describe, expect, it } from '@jest/globals';
import { MAX_FREED } from '../../../src/ipam/free-list.ts';
import { AddressPool, keepShared, share } from '../../../src/ipam/index.ts';
import { cidr, ip, range, show } from './support.ts';

describe('AddressPool', () => {
  let pool: AddressPool;
  beforeEach(() => {
    pool = new AddressPool(cidr('10.0.0.0/29'), { gateway: ip('10.0.0.1') });
  });
  const allocate = (owner: string) => show(pool.allocate(owner));

  it('allocates in ascending order and skips the network, broadcast and gateway addresses', () => {
    expect(['a', 'b', 'c', 'd', 'e', 'f'].map(allocate)).toEqual([
      '10.0.0.2',
      '10.0.0.3',
      '10.0.0.4',
      '10.0.0.5',
      '10.0.0.6',
      'exhausted',
    ]);
  });

  it('returns the same address when an owner allocates again', () => {
    expect(allocate('a')).toBe('10.0.0.2');
    expect(allocate('a')).toBe('10.0.0.2');
    expect(pool.counts().used).toBe(1);
  });

  it('allocates unused addresses before released ones, and released ones in the order of release', () => {
    ['a', 'b', 'c', 'd'].forEach(allocate);
    for (const owner of ['c', 'a', 'b']) pool.release(owner);
    expect(['w', 'x', 'y', 'z'].map(allocate)).toEqual(['10.0.0.6', '10.0.0.4', '10.0.0.2', '10.0.0.3']);
    expect(allocate('one more')).toBe('exhausted');
  });

  it('orders released addresses by their last release, including releases of claimed addresses', () => {
    ['a', 'b', 'c'].forEach(allocate);
    for (const owner of ['a', 'b', 'c']) pool.release(owner);
    for (const address of ['10.0.0.2', '10.0.0.5']) {
      pool.claim('x', ip(address));
      pool.release('x');
    }
    expect(['1', '2', '3', '4', '5'].map(allocate)).toEqual([
      '10.0.0.6',
      '10.0.0.3',
      '10.0.0.4',
      '10.0.0.2',
      '10.0.0.5',
    ]);
  });

  it('keeps the order of released addresses when its ranges change', () => {
    ['a', 'b', 'c'].forEach(allocate);
    pool.release('b');
    pool.reconfigure({ gateway: ip('10.0.0.1'), reservedRanges: [range('10.0.0.5', '10.0.0.5')] });
    expect(['x', 'y', 'z'].map(allocate)).toEqual(['10.0.0.6', '10.0.0.3', 'exhausted']);
  });

  it('reuses the oldest released address first when MAX_FREED addresses are released', () => {
    pool = new AddressPool(cidr('10.0.0.0/8'));
    for (let i = 0; i < MAX_FREED; i++) {
      allocate('guest');
      pool.release('guest');
    }
    expect([allocate('a'), allocate('b')]).toEqual(['10.0.0.1', '10.1.0.1']);
  });

  it('allocates every host address when the subnet has no gateway', () => {
    pool = new AddressPool(cidr('10.0.0.0/30'));
    expect(['a', 'b', 'c'].map(allocate)).toEqual(['10.0.0.1', '10.0.0.2', 'exhausted']);
  });

  it('allocates only from the allocation pools, in ascending order', () => {
    pool = new AddressPool(cidr('10.0.0.0/24'), {
      gateway: ip('10.0.0.20'),
      allocationPools: [
        range('10.0.0.50', '10.0.0.50'),
        range('10.0.0.19', '10.0.0.21'),
        range('10.0.0.254', '10.0.3.0'),
      ],
    });
    expect(['a', 'b', 'c', 'd', 'e'].map(allocate)).toEqual([
      '10.0.0.19',
      '10.0.0.21',
      '10.0.0.50',
      '10.0.0.254',
      'exhausted',
    ]);
  });

  it('does not allocate reserved addresses when reserved ranges overlap', () => {
    pool = new AddressPool(cidr('10.0.0.0/29'), {
      reservedRanges: [
        range('10.0.0.0', '10.0.0.2'),
        range('10.0.0.2', '10.0.0.4'),
        range('10.0.0.6', '10.0.0.6'),
      ],
    });
    expect(['a', 'b'].map(allocate)).toEqual(['10.0.0.5', 'exhausted']);
  });

  it('does not allocate claimed addresses, and allocates them after their release', () => {
    pool.claim('x', ip('10.0.0.3'));
    expect(['a', 'b', 'c', 'd'].map(allocate)).toEqual(['10.0.0.2', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
    pool.release('x');
    expect(allocate('e')).toBe('10.0.0.3');
  });

  describe('claim', () => {
    it('refuses an address that no owner can use, and returns the reason', () => {
      pool.reconfigure({ gateway: ip('10.0.0.1'), reservedRanges: [range('10.0.0.5', '10.0.0.6')] });
      const refusal = (address: string) => {
        const result = pool.claim('a', ip(address));
        return result.ok ? 'granted' : result.refused;
      };
      expect(
        [
          '10.0.1.0',
          '9.255.255.255',
          'fd00::2',
          '10.0.0.0',
          '10.0.0.7',
          '10.0.0.1',
          '10.0.0.5',
          '10.0.0.2',
        ].map(refusal),
      ).toEqual(['outside', 'outside', 'outside', 'network', 'broadcast', 'gateway', 'reserved', 'granted']);
    });

    it('returns the holder of a taken address', () => {
      allocate('a');
      expect(pool.claim('b', ip('10.0.0.2'))).toEqual({ ok: false, refused: 'taken', holder: 'a' });
      expect(pool.heldBy('b')).toBeUndefined();
    });

    it('grants a repeated claim even when the address is reserved now', () => {
      expect(pool.claim('a', ip('10.0.0.4'))).toEqual({ ok: true });
      pool.reconfigure({ gateway: ip('10.0.0.4'), reservedRanges: [range('10.0.0.2', '10.0.0.6')] });
      expect(pool.claim('a', ip('10.0.0.4'))).toEqual({ ok: true });
    });

    it('refuses a second address until the owner releases the first', () => {
      allocate('a');
      expect(pool.claim('a', ip('10.0.0.5'))).toEqual({
        ok: false,
        refused: 'holds-another',
        held: ip('10.0.0.2'),
      });
      pool.release('a');
      expect(pool.claim('a', ip('10.0.0.5'))).toEqual({ ok: true });
      expect(show(pool.heldBy('a'))).toBe('10.0.0.5');
    });

    it('grants an address outside the allocation pools', () => {
      pool.reconfigure({ allocationPools: [range('10.0.0.2', '10.0.0.2')] });
      expect(pool.claim('a', ip('10.0.0.6'))).toEqual({ ok: true });
      expect(pool.counts()).toEqual({ total: 1, used: 1, available: 1 });
    });
  });

  it('counts the total, used and available addresses', () => {
    pool.reconfigure({ gateway: ip('10.0.0.1'), reservedRanges: [range('10.0.0.6', '10.0.0.9')] });
    expect(pool.counts()).toEqual({ total: 4, used: 0, available: 4 });
    ['a', 'b'].forEach(allocate);
    pool.release('a');
    expect(pool.counts()).toEqual({ total: 4, used: 1, available: 3 });
  });

  it('keeps held addresses when the ranges change and change back', () => {
    ['a', 'b'].forEach(allocate);
    pool.reconfigure({ allocationPools: [range('10.0.0.5', '10.0.0.5')] });
    expect(pool.counts()).toEqual({ total: 1, used: 2, available: 1 });
    pool.reconfigure({});
    expect(['a', 'b', 'c', 'd'].map(allocate)).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.1', '10.0.0.4']);
  });

  describe('adopt', () => {
    it('accepts addresses that the ranges exclude', () => {
      for (const [i, address] of ['10.0.0.0', '10.0.0.1', '10.0.0.7', '192.168.0.1'].entries()) {
        expect(pool.adopt(`o${i}`, ip(address))).toEqual({ ok: true });
        expect(show(pool.heldBy(`o${i}`))).toBe(address);
      }
      expect(pool.counts()).toEqual({ total: 5, used: 4, available: 5 });
    });

    it('refuses an address of the other address family', () => {
      expect(pool.adopt('a', { family: 6, value: ip('10.0.0.2').value })).toEqual({
        ok: false,
        conflict: 'wrong-family',
      });
      expect(allocate('b')).toBe('10.0.0.2');
    });

    it('reports a second owner of an address and keeps the first as the holder', () => {
      expect(pool.adopt('a', ip('10.0.0.2'))).toEqual({ ok: true });
      expect(pool.adopt('b', ip('10.0.0.2'))).toEqual({ ok: false, conflict: 'taken', holder: 'a' });
      expect(pool.holder(ip('10.0.0.2'))).toBe('a');
      expect(pool.heldBy('b')).toBeUndefined();
      expect(pool.claim('b', ip('10.0.0.2'))).toMatchObject({ refused: 'taken', holder: 'a' });
      expect(pool.counts()).toEqual({ total: 5, used: 1, available: 4 });
    });

    it('passes a contested address to the next owner, and frees it after the last release', () => {
      for (const owner of ['a', 'b', 'c']) pool.adopt(owner, ip('10.0.0.2'));
      pool.release('a');
      expect(pool.holder(ip('10.0.0.2'))).toBe('b');
      expect(pool.claim('b', ip('10.0.0.2'))).toEqual({ ok: true });
      pool.release('c');
      const rest = ['10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6', 'exhausted'];
      expect(['1', '2', '3', '4', '5'].map(allocate)).toEqual(rest);
      pool.release('b');
      expect(allocate('y')).toBe('10.0.0.2');
    });

    it('lets the loser of a conflict allocate another address', () => {
      for (const owner of ['a', 'b']) pool.adopt(owner, ip('10.0.0.2'));
      expect(['b', 'c', 'd', 'e'].map(allocate)).toEqual(['10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
      pool.release('a');
      expect(allocate('f')).toBe('10.0.0.2');
    });

    it('refuses a second address of an owner and keeps the first', () => {
      pool.adopt('a', ip('10.0.0.2'));
      expect(pool.adopt('a', ip('10.0.0.3'))).toEqual({
        ok: false,
        conflict: 'holds-another',
        held: ip('10.0.0.2'),
      });
      expect(pool.adopt('a', ip('10.0.0.2'))).toEqual({ ok: true });
      expect(pool.counts().used).toBe(1);
    });
  });

  it('notifies listeners after an address became free, until they are removed', () => {
    const seen: unknown[] = [];
    const stop = pool.onRelease((address) => seen.push([show(address), address && pool.holder(address)]));
    allocate('a');
    pool.release('nobody');
    pool.release('a');
    pool.reconfigure({});
    stop();
    allocate('a');
    pool.release('a');
    expect(seen).toEqual([
      ['10.0.0.2', undefined],
      [undefined, undefined],
    ]);
  });

  it('notifies listeners when a contested address passes to the next owner', () => {
    for (const owner of ['a', 'b']) pool.adopt(owner, ip('10.0.0.2'));
    const holders: unknown[] = [];
    pool.onRelease((address) => holders.push(address && pool.holder(address)));
    pool.release('a');
    expect(holders).toEqual(['b']);
  });

  it('supports an IPv6 /64 without an entry per address', () => {
    pool = new AddressPool(cidr('fd00::/64'), {
      gateway: ip('fd00::1'),
      reservedRanges: [range('fd00::3', 'fd00::ffff:ffff:ffff:fffe')],
    });
    expect(pool.claim('mac', ip('fd00::'))).toEqual({ ok: false, refused: 'network' });
    expect([allocate('a'), allocate('b'), allocate('c')]).toEqual([
      'fd00::2',
      'fd00::ffff:ffff:ffff:ffff',
      'exhausted',
    ]);
    pool.reconfigure({});
    expect(pool.claim('eui', ip('fd00::200:ff:fe00:1'))).toEqual({ ok: true });
    expect(pool.counts()).toEqual({
      total: Number.MAX_SAFE_INTEGER,
      used: 3,
      available: Number.MAX_SAFE_INTEGER,
    });
  });

  it('allocates from a full /16 as fast as from an empty one', () => {
    pool = new AddressPool(cidr('10.0.0.0/16'));
    // Processor time, because other processes may need the processors.
    const time = (fn: () => void) => {
      const start = process.cpuUsage();
      fn();
      return process.cpuUsage(start).user / 1000;
    };
    const fill = time(() => {
      for (let i = 0; i < 65_534; i++) pool.allocate(`port-${i}`);
    });
    expect(pool.allocate('one more')).toBe('exhausted');
    // 100,000 rounds at the end of a full pool: with a scan from the start they would take minutes.
    const churn = time(() => {
      for (let i = 0; i < 100_000; i++) {
        const owner = `port-${65_533 - (i % 100)}`;
        pool.release(owner);
        pool.allocate(owner);
      }
    });
    expect(pool.counts()).toEqual({ total: 65_534, used: 65_534, available: 0 });
    expect(fill + churn).toBeLessThan(10_000);
  });
});

describe('shared networks of a pool', () => {
  const pool = () => new AddressPool(cidr('10.0.0.0/16'));
  const network = cidr('10.0.0.0/24');
  const inside = cidr('10.0.0.64/26');

  it('are not allocated, nested networks included, and are allocated again after the last owner', () => {
    const addresses = pool();
    share(addresses, 'a', [network]);
    share(addresses, 'b', [network, inside]);
    expect(show(addresses.allocate('other'))).toBe('10.0.1.0');
    keepShared(addresses, 'a', []);
    expect(show(addresses.allocate('second'))).toBe('10.0.1.1');
    keepShared(addresses, 'b', [inside]);
    for (let index = 0; index < 63; index++) addresses.allocate(`low-${index}`);
    expect(show(addresses.allocate('third'))).toBe('10.0.0.128');
    keepShared(addresses, 'b', []);
    expect(show(addresses.allocate('fourth'))).toBe('10.0.0.64');
  });

  it('contain the address of at most one owner, which shares the network alone', () => {
    const addresses = pool();
    addresses.claim('a', ip('10.0.0.70'));
    expect([...share(addresses, 'a', [network]).values()]).toEqual([]);
    expect([...share(addresses, 'b', [network, inside]).values()]).toEqual(['a', 'a']);
    addresses.release('a');
    expect(share(addresses, 'b', [network, inside]).size).toBe(0);
    expect(addresses.claim('c', ip('10.0.0.70'))).toEqual({ ok: false, refused: 'shared', holder: 'b' });
    expect(addresses.claim('b', ip('10.0.0.70'))).toEqual({ ok: true });
  });

  it('reduce the number of available addresses', () => {
    const addresses = pool();
    const before = addresses.counts().available;
    share(addresses, 'a', [network, inside]);
    expect(before - addresses.counts().available).toBe(255);
    addresses.claim('a', ip('10.0.0.70'));
    expect(before - addresses.counts().available).toBe(255);
    addresses.release('a');
    expect(addresses.counts().available).toBe(before);
  });
});
