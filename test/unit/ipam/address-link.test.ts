import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mustParseCidr, parseAddress, type Address } from '../../../src/api/index.ts';
import { AddressLink, AddressPool, keepShared, share } from '../../../src/ipam/index.ts';
import { seedOf } from '../../support/seed.ts';

const ip = (text: string): Address => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
};
const joined = (...pools: readonly AddressPool[]): void => {
  const link = new AddressLink(() => undefined);
  for (const pool of pools) pool.link.join(link);
};

describe('address pools on one link', () => {
  it('never grant one address twice, whatever their ranges and the order of calls', () => {
    const ranges = ['10.0.0.0/28', '10.0.0.0/27', '10.0.0.16/28', '10.0.0.0/29'].map((text) =>
      mustParseCidr(text),
    );
    const step = fc.record({
      pool: fc.nat(3),
      owner: fc.nat(9),
      action: fc.constantFrom('allocate', 'claim', 'release', 'share', 'leave', 'join', 'configure'),
      value: fc.nat(31),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const link = new AddressLink(() => undefined);
        const pools = ranges.map((cidr) => new AddressPool(cidr));
        for (const pool of pools) pool.link.join(link);
        for (const { pool: at, owner, action, value } of steps) {
          const pool = pools[at] as AddressPool;
          const name = `${at}/${owner}`;
          const address = { family: 4, value: mustParseCidr('10.0.0.0/32').base + BigInt(value) } as const;
          if (action === 'allocate') pool.allocate(name);
          else if (action === 'claim') pool.claim(name, address);
          else if (action === 'release') pool.release(name);
          else if (action === 'share') {
            if (pool.unusable(address) === undefined)
              share(pool, name, [{ family: 4, base: address.value, prefix: 32 }]);
            else keepShared(pool, name, []);
          } else if (action === 'configure')
            pool.reconfigure({ reservedRanges: [{ start: address, end: address }] });
          else if (action === 'leave') pool.link.leave();
          else if (pool.link.conflictOn(link) === undefined) pool.link.join(link);
          const used = pools.filter((each) => each.link.isOn(link)).flatMap((each) => [...each.held()]);
          expect(new Set(used).size).toBe(used.length);
          for (const each of pools) expect(each.counts().available).toBeGreaterThanOrEqual(0);
        }
      }),
      { seed: seedOf('address links', 20_260_301), numRuns: 300 },
    );
  });

  it('offer an address again when another pool releases it, or leaves the link', () => {
    const [a, b] = [
      new AddressPool(mustParseCidr('10.0.0.0/30')),
      new AddressPool(mustParseCidr('10.0.0.0/30')),
    ] as const;
    joined(a, b);
    const freed: (Address | undefined)[] = [];
    b.onRelease((address) => freed.push(address));
    expect([a.allocate('x'), a.allocate('y'), b.allocate('z')]).toEqual([
      ip('10.0.0.1'),
      ip('10.0.0.2'),
      'exhausted',
    ]);
    expect(b.counts()).toEqual({ total: 2, used: 0, available: 0 });
    a.release('x');
    expect(freed).toEqual([ip('10.0.0.1')]);
    expect(b.allocate('z')).toEqual(ip('10.0.0.1'));
    a.link.leave();
    expect(b.allocate('w')).toEqual(ip('10.0.0.2'));
  });

  it('report the address that prevents a pool from joining', () => {
    const gateway = ip('10.0.0.1');
    const a = new AddressPool(mustParseCidr('10.0.0.0/24'), { gateway });
    const link = new AddressLink(() => undefined);
    a.link.join(link);
    expect(new AddressPool(mustParseCidr('10.0.0.0/25'), { gateway }).link.conflictOn(link)).toBe(
      gateway.value,
    );
    expect(new AddressPool(mustParseCidr('10.0.0.0/25')).link.conflictOn(link)).toBeUndefined();
    const reserved = { reservedRanges: [{ start: gateway, end: gateway }] };
    expect(new AddressPool(mustParseCidr('10.0.0.0/25'), reserved).link.conflictOn(link)).toBe(gateway.value);
  });
});
