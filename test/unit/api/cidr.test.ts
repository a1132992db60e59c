import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Cidr,
  containsAddress,
  containsCidr,
  containsRange,
  firstAddress,
  formatAddress,
  formatCidr,
  inRange,
  lastAddress,
  mustParseAddress,
  mustParseCidr,
  networkOf,
  overlaps,
  parseCidr,
  parseRange,
} from '../../../src/api/index.ts';
import { anyAddress, anyCidr, seed } from './support.ts';

/** Every address of a small network: a naive model to compare with. */
function membersOf(cidr: Cidr): Set<string> {
  const members = new Set<string>();
  for (let value = cidr.base; value <= lastAddress(cidr).value; value++) {
    members.add(formatAddress({ family: cidr.family, value }));
  }
  return members;
}

describe('parseCidr', () => {
  it.each<[string, Cidr]>([
    ['10.1.0.0/16', { family: 4, base: 0x0a010000n, prefix: 16 }],
    ['0.0.0.0/0', { family: 4, base: 0n, prefix: 0 }],
    ['10.1.2.3/32', { family: 4, base: 0x0a010203n, prefix: 32 }],
    ['2001:db8::/32', { family: 6, base: 0x20010db8n << 96n, prefix: 32 }],
    ['::/0', { family: 6, base: 0n, prefix: 0 }],
    ['2001:db8::1/128', { family: 6, base: (0x20010db8n << 96n) + 1n, prefix: 128 }],
  ])('parses %s', (text, value) => {
    expect(parseCidr(text)).toEqual({ ok: true, value });
  });

  it.each([
    ['10.1.0.5/16', '"10.1.0.5/16" has host bits set; write 10.1.0.0/16'],
    ['2001:db8::1/64', '"2001:db8::1/64" has host bits set; write 2001:db8::/64'],
    [
      '10.1.0.0/33',
      '"10.1.0.0/33" has a prefix longer than 32 bits; write an IPv4 network such as 10.1.0.0/16',
    ],
    [
      '2001:db8::/129',
      '"2001:db8::/129" has a prefix longer than 128 bits; write an IPv4 network such as 10.1.0.0/16',
    ],
    ['10.1.0.0', '"10.1.0.0" is not a CIDR; write an IPv4 network such as 10.1.0.0/16'],
    ['10.1.0/16', '"10.1.0/16" is not a CIDR; write an IPv4 network such as 10.1.0.0/16'],
  ])('rejects %s, with a message that says what to write', (text, message) => {
    expect(parseCidr(text)).toEqual({ ok: false, code: 'INVALID_CIDR', message });
  });

  it.each([
    '10.1.0.0/',
    '10.1.0.0/016',
    '10.1.0.0/+16',
    '10.1.0.0/-1',
    '10.1.0.0/1e1',
    '10.1.0.0/16 ',
    '10.1.0.0/255.255.0.0',
    '10.01.0.0/16',
    '/16',
    '::ffff:10.0.0.0/104',
    'fe80::%1/64',
    '10.0.0.0/8/8',
  ])('rejects %j', (text) => {
    expect(parseCidr(text)).toMatchObject({ ok: false, code: 'INVALID_CIDR' });
  });

  it('rejects a network of the other family', () => {
    expect(parseCidr('2001:db8::/32', { family: 4 })).toMatchObject({
      message: '"2001:db8::/32" is an IPv6 network; write an IPv4 network such as 10.1.0.0/16',
    });
    expect(parseCidr('10.0.0.0/8', { family: 6 })).toMatchObject({
      message: '"10.0.0.0/8" is an IPv4 network; write an IPv6 network such as 2001:db8::/32',
    });
  });

  it('parses the text of formatCidr to the same network', () => {
    fc.assert(
      fc.property(anyCidr, (cidr) => expect(mustParseCidr(formatCidr(cidr))).toEqual(cidr)),
      { seed, numRuns: 1000 },
    );
  });
});

describe('a network', () => {
  it('has a first and a last address', () => {
    const cidr = mustParseCidr('10.1.2.0/23');
    expect(formatAddress(firstAddress(cidr))).toBe('10.1.2.0');
    expect(formatAddress(lastAddress(cidr))).toBe('10.1.3.255');
    expect(formatAddress(lastAddress(mustParseCidr('0.0.0.0/0')))).toBe('255.255.255.255');
  });

  it('can be computed from each of its addresses', () => {
    expect(formatCidr(networkOf(mustParseAddress('10.1.3.200'), 23))).toBe('10.1.2.0/23');
    expect(() => networkOf(mustParseAddress('10.1.3.200'), 33)).toThrow(RangeError);
    fc.assert(
      fc.property(anyAddress, fc.integer({ min: 0, max: 32 }), (address, prefix) =>
        containsAddress(networkOf(address, prefix), address),
      ),
      { seed },
    );
  });

  it('contains the same addresses as a naive list of its addresses', () => {
    fc.assert(
      fc.property(anyCidr, anyCidr, (a, b) => {
        const inA = membersOf(a);
        const inB = membersOf(b);
        const common = [...inB].filter((each) => inA.has(each)).length;
        expect(containsCidr(a, b)).toBe(common === inB.size);
        expect(overlaps(a, b)).toBe(common > 0);
        expect(overlaps(b, a)).toBe(common > 0);
        expect(containsAddress(a, firstAddress(b))).toBe(inA.has(formatAddress(firstAddress(b))));
      }),
      { seed, numRuns: 300 },
    );
  });

  it('has no common address with a network of the other family', () => {
    expect(overlaps(mustParseCidr('0.0.0.0/0'), mustParseCidr('::/0'))).toBe(false);
    expect(containsAddress(mustParseCidr('::/0'), mustParseAddress('10.0.0.1'))).toBe(false);
  });
});

describe('a range', () => {
  const range = (start: string, end: string) => {
    const parsed = parseRange({ start, end });
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.value;
  };

  it('contains its start and its end', () => {
    const one = range('10.0.0.5', '10.0.0.5');
    expect(inRange(one, mustParseAddress('10.0.0.5'))).toBe(true);
    expect(inRange(one, mustParseAddress('10.0.0.6'))).toBe(false);
    expect(inRange(range('::', 'ffff::'), mustParseAddress('10.0.0.5'))).toBe(false);
  });

  it.each([
    ['10.0.0.10', '10.0.0.9', /the end of the range .* is lower than its start/],
    ['10.0.0.1', '2001:db8::1', /is an IPv6 address; write an IPv4 address/],
    ['10.0.0.1', 'x', /"x" is not an IP address/],
    ['', '10.0.0.1', /"" is not an IP address/],
  ])('cannot have the start %j and the end %j', (start, end, message) => {
    expect(parseRange({ start, end })).toMatchObject({
      ok: false,
      code: 'INVALID_CIDR',
      message: expect.stringMatching(message),
    });
  });

  it('is inside a network only if the network contains its start and its end', () => {
    const cidr = mustParseCidr('10.0.0.0/24');
    expect(containsRange(cidr, range('10.0.0.0', '10.0.0.255'))).toBe(true);
    expect(containsRange(cidr, range('10.0.0.5', '10.0.1.0'))).toBe(false);
    expect(containsRange(cidr, range('9.255.255.255', '10.0.0.5'))).toBe(false);
  });
});
