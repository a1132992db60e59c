import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  and,
  countMatches,
  everyAddress,
  ip,
  is,
  number,
  or,
  parseNetwork,
  subtractNetworks,
} from '../../../src/ovn/index.ts';
import { never } from '../../../src/ovn/match/match.ts';
import { formatNetwork } from '../../../src/ovn/match/networks.ts';

const seed = 20_260_204;

describe('subtractNetworks', () => {
  it.each([
    ['10.0.0.0/30', ['10.0.0.1'], ['10.0.0.0', '10.0.0.2/31']],
    ['10.0.0.0/30', ['10.0.0.0/8'], []],
    ['10.0.0.0/30', ['10.0.0.4/30', '::/0'], ['10.0.0.0/30']],
    ['fe80::/126', ['fe80::/127', 'fe80::2'], ['fe80::3']],
  ])('returns %s without %j as %j', (whole, holes, left) => {
    expect(subtractNetworks(parseNetwork(whole), holes.map(parseNetwork)).map(formatNetwork)).toEqual(left);
  });

  it('returns every address that is in no hole exactly once, and no other address', () => {
    const network = fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
      .map(([byte, prefix]) => parseNetwork(`10.0.0.${byte}/${prefix}`));
    const has = (networks: readonly ReturnType<typeof parseNetwork>[], address: bigint): number =>
      networks.filter(
        ({ first, prefix }) => address >= first && address < first + (1n << BigInt(32 - prefix)),
      ).length;
    fc.assert(
      fc.property(fc.array(network, { maxLength: 6 }), (holes) => {
        const left = subtractNetworks(parseNetwork('10.0.0.0/24'), holes);
        for (let byte = 0n; byte < 256n; byte++) {
          const address = parseNetwork('10.0.0.0').first + byte;
          expect(has(left, address)).toBe(has(holes, address) > 0 ? 0 : 1);
        }
      }),
      { seed, numRuns: 50 },
    );
  });

  it('returns one network per bit for all addresses without one address', () => {
    expect(subtractNetworks(everyAddress(6), [parseNetwork('2001:db8::1')])).toHaveLength(128);
  });
});

describe('countMatches', () => {
  it.each([
    ['one port number', number('tcp.dst', 80), 1],
    ['an aligned range', number('tcp.dst', { min: 1024, max: 2047 }), 1],
    ['the worst range', number('tcp.dst', { min: 1, max: 65_534 }), 30],
    ['two networks', ip(4, 'src', ['10.0.0.0/8', '192.0.2.0/24']), 2],
    ['no packet', and(is('ip'), never), 0],
    ['a field with alternatives', and(is('tcp'), number('tcp.dst', 80, 443)), 2],
    [
      'two fields with alternatives',
      and(ip(4, 'src', ['10.0.0.0/8', '192.0.2.0/24']), number('tcp.dst', 80, 443)),
      5,
    ],
    ['a disjunction', or(is('tcp'), is('udp')), 2],
  ])('counts the flow matches that ovn-controller makes for %s', (_what, match, size) => {
    expect(countMatches(match)).toBe(size);
  });
});
