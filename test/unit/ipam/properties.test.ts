import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Address, Cidr } from '../../../src/api/cidr.ts';
import { AddressPool, CidrPool, type AddressRanges } from '../../../src/ipam/index.ts';
import { cidr, seed, show } from './support.ts';

/** Few owners and addresses, so that conflicts are frequent. */
const owners = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const owner = fc.constantFrom(...owners);
const subnet = cidr('10.0.0.16/28');
const first = subnet.base;
const address: fc.Arbitrary<Address> = fc
  .integer({ min: -2, max: 17 })
  .map((i) => ({ family: 4, value: first + BigInt(i) }));
const range = fc.tuple(address, fc.integer({ min: 0, max: 6 })).map(([start, length]) => ({
  start,
  end: { family: 4 as const, value: start.value + BigInt(length) },
}));
const ranges: fc.Arbitrary<AddressRanges> = fc.record({
  gateway: fc.option(address, { nil: undefined }),
  allocationPools: fc.array(range, { maxLength: 3 }),
  reservedRanges: fc.array(range, { maxLength: 3 }),
});
type Step =
  | { do: 'allocate'; owner: string }
  | { do: 'release'; owner: string }
  | { do: 'claim'; owner: string; address: Address }
  | { do: 'adopt'; owner: string; address: Address }
  | { do: 'reconfigure'; ranges: AddressRanges };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('allocate' as const, 'release' as const), owner }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('claim' as const, 'adopt' as const), owner, address }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reconfigure' as const), ranges }) },
);

/** A reference implementation that scans every address. `users` is in the order of allocation. */
class NaivePool {
  ranges: AddressRanges;
  /** The released addresses, in the order of their last release. */
  freed: bigint[] = [];
  readonly users: { owner: string; value: bigint }[] = [];
  constructor(ranges: AddressRanges) {
    this.ranges = ranges;
  }
  holder = (value: bigint) => this.users.find((user) => user.value === value)?.owner;
  heldBy = (owner: string) =>
    this.users.find((user) => user.owner === owner && this.holder(user.value) === owner)?.value;
  within = (value: bigint, of: AddressRanges['reservedRanges']) =>
    (of ?? []).some(({ start, end }) => start.value <= value && value <= end.value);
  usable = (value: bigint) =>
    value > first &&
    value < first + 15n &&
    value !== this.ranges.gateway?.value &&
    !this.within(value, this.ranges.reservedRanges);
  pool = () =>
    Array.from({ length: 16 }, (_, i) => first + BigInt(i)).filter(
      (value) =>
        this.usable(value) &&
        (this.ranges.allocationPools?.length === 0 || this.within(value, this.ranges.allocationPools)),
    );
  release(owner: string): void {
    const index = this.users.findIndex((user) => user.owner === owner);
    if (index < 0) return;
    const [user] = this.users.splice(index, 1);
    if (user === undefined || this.holder(user.value) !== undefined) return;
    this.freed = this.freed.filter((value) => value !== user.value);
    if (this.pool().includes(user.value)) this.freed.push(user.value);
  }
  reconfigure(ranges: AddressRanges): void {
    this.ranges = ranges;
    this.freed = this.freed.filter((value) => this.pool().includes(value));
  }
  allocate(owner: string): bigint | 'exhausted' {
    const held = this.heldBy(owner);
    if (held !== undefined) return held;
    const neverUsed = this.pool().filter((value) => !this.freed.includes(value));
    const value = [...neverUsed, ...this.freed].find((v) => this.holder(v) === undefined);
    if (value === undefined) return 'exhausted';
    this.release(owner);
    this.users.push({ owner, value });
    return value;
  }
  claim(owner: string, value: bigint): boolean {
    const held = this.heldBy(owner);
    if (held !== undefined) return held === value;
    if (!this.usable(value) || this.holder(value) !== undefined) return false;
    this.release(owner);
    this.users.push({ owner, value });
    return true;
  }
  adopt(owner: string, value: bigint): boolean {
    const user = this.users.find((u) => u.owner === owner);
    if (user === undefined) this.users.push({ owner, value });
    return this.heldBy(owner) === value;
  }
  counts() {
    const pool = this.pool();
    const available = pool.filter((value) => this.holder(value) === undefined).length;
    return { total: pool.length, used: new Set(this.users.map((user) => user.value)).size, available };
  }
}

describe('AddressPool with random operations', () => {
  it('returns the same results as a pool that scans every address', () => {
    fc.assert(
      fc.property(ranges, fc.array(step, { maxLength: 60 }), (start, steps) => {
        const pool = new AddressPool(subnet, start);
        const naive = new NaivePool(start);
        for (const s of steps) {
          if (s.do === 'allocate') {
            const got = pool.allocate(s.owner);
            expect(got === 'exhausted' ? got : got.value).toBe(naive.allocate(s.owner));
          } else if (s.do === 'release') {
            pool.release(s.owner);
            naive.release(s.owner);
          } else if (s.do === 'claim') {
            expect(pool.claim(s.owner, s.address).ok).toBe(naive.claim(s.owner, s.address.value));
          } else if (s.do === 'adopt') {
            expect(pool.adopt(s.owner, s.address).ok).toBe(naive.adopt(s.owner, s.address.value));
          } else {
            pool.reconfigure(s.ranges);
            naive.reconfigure(s.ranges);
          }
          expect(pool.counts()).toEqual(naive.counts());
          for (const o of owners) expect(pool.heldBy(o)?.value).toBe(naive.heldBy(o));
        }
      }),
      { seed, numRuns: 500 },
    );
  });

  it('never grants an address to two owners, and never frees an address that an owner still holds', () => {
    fc.assert(
      fc.property(ranges, fc.array(step, { maxLength: 80 }), (start, steps) => {
        const pool = new AddressPool(subnet, start);
        for (const s of steps) {
          const before = new Map(owners.map((o) => [o, pool.heldBy(o)?.value]));
          run(pool, s);
          const held = owners.map((o) => pool.heldBy(o)?.value).filter((v) => v !== undefined);
          expect(new Set(held).size).toBe(held.length);
          for (const [o, value] of before) {
            if (value !== undefined && !(s.do === 'release' && s.owner === o))
              expect(pool.heldBy(o)?.value).toBe(value);
          }
        }
      }),
      { seed, numRuns: 300 },
    );
  });

  it('has the same holders and counts after a rebuild in any order', () => {
    fc.assert(
      fc.property(
        ranges,
        fc.array(step, { maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        (start, steps, shuffle) => {
          const pool = new AddressPool(subnet, start);
          let now = start;
          for (const s of steps) {
            if (s.do === 'adopt') continue;
            run(pool, s);
            if (s.do === 'reconfigure') now = s.ranges;
          }
          const records = owners.flatMap((o) => {
            const value = pool.heldBy(o);
            return value === undefined ? [] : [{ owner: o, value, order: shuffle.next().value as number }];
          });
          const rebuilt = new AddressPool(subnet, now);
          for (const { owner: o, value } of records.toSorted((a, b) => a.order - b.order))
            expect(rebuilt.adopt(o, value)).toEqual({ ok: true });
          expect(rebuilt.counts()).toEqual(pool.counts());
          const rest = Array.from({ length: 16 }, (_, i) => `new-${i}`);
          const left = (of: AddressPool) => rest.map((o) => show(of.allocate(o))).toSorted();
          expect(left(rebuilt)).toEqual(left(pool));
          for (const o of owners) expect(rebuilt.heldBy(o)).toEqual(pool.heldBy(o));
        },
      ),
      { seed, numRuns: 300 },
    );
  });
});

function run(pool: AddressPool, s: Step): void {
  if (s.do === 'allocate') pool.allocate(s.owner);
  else if (s.do === 'release') pool.release(s.owner);
  else if (s.do === 'claim') pool.claim(s.owner, s.address);
  else if (s.do === 'adopt') pool.adopt(s.owner, s.address);
  else pool.reconfigure(s.ranges);
}

describe('CidrPool with random operations', () => {
  const parent = cidr('10.0.0.0/26');
  /** Blocks inside, outside and across the parent. */
  const block: fc.Arbitrary<Cidr> = fc
    .tuple(fc.nat({ max: 127 }), fc.integer({ min: 24, max: 32 }))
    .map(([offset, prefix]) => {
      const size = 1n << BigInt(32 - prefix);
      const value = parent.base - 32n + BigInt(offset);
      return { family: 4, base: value - (value % size), prefix };
    });
  const command = fc.record({
    do: fc.constantFrom('allocate' as const, 'release' as const, 'claim' as const, 'adopt' as const),
    owner,
    block,
  });
  const overlap = (a: Cidr, b: Cidr) => {
    const end = (c: Cidr) => c.base + (1n << BigInt(32 - c.prefix));
    return a.base < end(b) && b.base < end(a);
  };

  it.each(['lowest', 'highest'] as const)(
    'returns the same results as a pool that scans every block from the %s, and never grants an overlap',
    (from) => {
      fc.assert(
        fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
          const pool = new CidrPool({ parent, blockPrefix: 28, from });
          const granted = new Map<string, Cidr>();
          const contested = new Map<string, Cidr>();
          const free = (c: Cidr, o: string) =>
            ![...granted, ...contested].some(([other, held]) => other !== o && overlap(held, c));
          const settle = () => {
            const waiting: Cidr[] = [];
            for (const [other, c] of [...contested]) {
              if ([...granted.values(), ...waiting].some((g) => overlap(g, c))) waiting.push(c);
              else grant(other, c);
            }
          };
          const grant = (o: string, c: Cidr) => {
            const gaveUp = contested.delete(o);
            granted.set(o, c);
            if (gaveUp) settle();
          };
          for (const { do: what, owner: o, block: b } of commands) {
            const held = granted.get(o);
            if (what === 'allocate') {
              const offsets = from === 'lowest' ? [0n, 16n, 32n, 48n] : [48n, 32n, 16n, 0n];
              const nearest = offsets
                .map((offset): Cidr => ({ family: 4, base: parent.base + offset, prefix: 28 }))
                .find((candidate) => free(candidate, o));
              const want = held ?? nearest ?? 'exhausted';
              expect(show(pool.allocate(o))).toBe(show(want));
              if (want !== 'exhausted') grant(o, want);
            } else if (what === 'release') {
              pool.release(o);
              granted.delete(o);
              contested.delete(o);
              settle();
            } else {
              const known = held ?? (what === 'adopt' ? contested.get(o) : undefined);
              const ok = held !== undefined ? show(held) === show(b) : known === undefined && free(b, o);
              expect(pool[what](o, b).ok).toBe(ok);
              if (ok) grant(o, b);
              else if (what === 'adopt' && known === undefined) contested.set(o, b);
            }
            for (const x of owners) expect(show(pool.heldBy(x))).toBe(show(granted.get(x)));
            expect(pool.blocks()).toHaveLength(granted.size);
          }
        }),
        { seed, numRuns: 500 },
      );
    },
  );
});
