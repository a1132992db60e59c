import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Family,
  formatAddress,
  isGlobalUnicast,
  mustParseAddress,
  parseAddress,
} from '../../../src/api/index.ts';
import { anyAddress, seed } from './support.ts';

describe('parseAddress', () => {
  it.each<[string, Family, bigint]>([
    ['10.1.0.5', 4, 0x0a010005n],
    ['0.0.0.0', 4, 0n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['2001:DB8::ff', 6, 0x20010db80000000000000000000000ffn],
    ['1:2:3:4:5:6:7:8', 6, 0x00010002000300040005000600070008n],
    ['64:ff9b::192.0.2.1', 6, 0x0064ff9b0000000000000000c0000201n],
    ['1:2:3:4:5:6:7::', 6, 0x00010002000300040005000600070000n],
  ])('parses %s', (text, family, value) => {
    expect(parseAddress(text)).toEqual({ ok: true, value: { family, value } });
  });

  it.each([
    '',
    ' 10.0.0.1',
    '10.0.0.1 ',
    '10.0.0.1\n',
    '10.0.0.01',
    '010.0.0.1',
    '0x0a.0.0.1',
    '10.0.1',
    '10',
    '167772161',
    '10.0.0.256',
    '10.0.0.0.1',
    '10.0.0.1/32',
    '１０.0.0.1',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    '1::2::3',
    ':::',
    ':1::2',
    '12345::',
    '00001::',
    '::1.2.3',
    '::1.2.3.04',
    '[::1]',
    'localhost',
    '10.0.0.1"; drop',
    '10.0.0.1\0',
  ])('rejects %j', (text) => {
    expect(parseAddress(text)).toMatchObject({ ok: false, code: 'INVALID_CIDR' });
  });

  it('rejects an address of the other family, with a message that asks for the wanted family', () => {
    expect(parseAddress('2001:db8::1', { family: 4 })).toMatchObject({
      message: '"2001:db8::1" is an IPv6 address; write an IPv4 address',
    });
    expect(parseAddress('10.0.0.1', { family: 6 })).toMatchObject({
      message: '"10.0.0.1" is an IPv4 address; write an IPv6 address',
    });
  });

  it('escapes and cuts the quoted text in the message', () => {
    const answer = parseAddress(`\n"${'x'.repeat(10_000)}`);
    expect(answer).toMatchObject({ ok: false, message: expect.stringMatching(/^"\\n\\"x{62}…" is not/) });
  });

  it('never throws', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[0-9a-f:./%]{0,45}$/));
    fc.assert(
      fc.property(texts, (text) => {
        const answer = parseAddress(text);
        return answer.ok || answer.message.length > 0;
      }),
      { seed, numRuns: 2000 },
    );
  });
});

describe('mustParseAddress', () => {
  it('throws an InvalidCidrError for an invalid address', () => {
    expect(() => mustParseAddress('nonsense')).toThrow(
      expect.objectContaining({ name: 'InvalidCidrError', code: 'INVALID_CIDR' }),
    );
  });
});

describe('formatAddress', () => {
  it.each([
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['192.0.2.1', '192.0.2.1'],
  ])('writes %s as %s (RFC 5952)', (text, canonical) => {
    expect(formatAddress(mustParseAddress(text))).toBe(canonical);
  });

  it('returns a text that parses to the same address', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        const mapped = address.family === 6 && address.value >> 32n === 0xffffn;
        fc.pre(!mapped);
        expect(mustParseAddress(formatAddress(address))).toEqual(address);
      }),
      { seed, numRuns: 1000 },
    );
  });
});

describe('isGlobalUnicast', () => {
  it.each(['10.0.0.1', '192.168.1.1', '203.0.113.9', '8.8.8.8', '240.0.0.1', '2001:db8::1', 'fd00::1'])(
    'is true for %s',
    (text) => expect(isGlobalUnicast(mustParseAddress(text))).toBe(true),
  );

  it.each([
    '0.0.0.0',
    '127.0.0.1',
    '169.254.169.254',
    '224.0.0.1',
    '239.255.255.255',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'febf::1',
    'ff02::1',
  ])('is false for %s', (text) => expect(isGlobalUnicast(mustParseAddress(text))).toBe(false));
});
