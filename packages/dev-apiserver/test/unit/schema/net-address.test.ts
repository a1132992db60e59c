import { isIPv6 } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  contains,
  formatIp,
  masked,
  parseIp,
  parsePrefix,
  type Address,
} from '../../../src/cel/net-address.ts';

const seed = 20240229;
const address: fc.Arbitrary<Address> = fc.oneof(
  fc.bigInt(0n, (1n << 32n) - 1n).map((value): Address => ({ family: 4, value })),
  fc
    .oneof(
      fc.bigInt(0n, (1n << 128n) - 1n),
      fc
        .array(fc.constantFrom<bigint>(0n, 0n, 1n, 0xabcdn), { minLength: 8, maxLength: 8 })
        .map((groups) => groups.reduce((value, group) => (value << 16n) | group, 0n)),
    )
    .filter((value) => value >> 32n !== 0xffffn)
    .map((value): Address => ({ family: 6, value })),
);

describe('IP addresses', () => {
  it('are equal after formatting and parsing', () => {
    fc.assert(
      fc.property(address, (value) => {
        expect(parseIp(formatIp(value))).toEqual(value);
      }),
      { seed },
    );
  });

  it('are formatted as RFC 5952 specifies', () => {
    fc.assert(
      fc.property(
        address.filter(({ family }) => family === 6),
        (value) => {
          const text = formatIp(value);
          expect(isIPv6(text)).toBe(true);
          const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
          expect(text).toBe(canonical);
        },
      ),
      { seed },
    );
  });

  it.each([
    '1.2.3.4',
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    '2001:DB8::1',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:1.2.3.4',
  ])('include %s', (text) => {
    expect(parseIp(text)).toBeDefined();
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.256',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '::ffff:1.2.3.4',
    'fe80::1%eth0',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '12345::',
    ':',
    '1.2.3.-4',
    '+1.2.3.4',
  ])('do not include %j', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });
});

describe('prefixes', () => {
  it.each(['10.0.0.0/8', '10.0.0.1/8', '0.0.0.0/0', '1.2.3.4/32', '::/0', '2001:db8::/128'])(
    'include %s',
    (text) => {
      expect(parsePrefix(text)).toBeDefined();
    },
  );

  it.each([
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/+8',
    '10.0.0.0/-1',
    '/8',
    '::/129',
    '::ffff:1.2.3.4/100',
    '10.0.0.0/8/8',
  ])('do not include %j', (text) => {
    expect(parsePrefix(text)).toBeUndefined();
  });

  it('contain their own addresses, with any host bits', () => {
    fc.assert(
      fc.property(address, fc.nat({ max: 32 }), (value, length) => {
        const prefix = { address: value, length };
        expect(contains(prefix, value)).toBe(true);
        expect(contains(masked(prefix), value)).toBe(true);
        expect(masked(masked(prefix))).toEqual(masked(prefix));
      }),
      { seed },
    );
  });

  it('do not contain addresses of the other family', () => {
    expect(contains(parsePrefix('0.0.0.0/0')!, parseIp('::1')!)).toBe(false);
  });
});
