import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  and,
  countMatches,
  everyAddress,
  formatNetwork,
  ip,
  is,
  never,
  number,
  or,
  parseNetwork,
  subtractNetworks,
} from '../../../src/ovn/index.ts';

const seed = 20_260_204;

describe('the difference of networks', () => {
  it.each([
    ['10.0.0.0/30', ['10.0.0.1'], ['10.0.0.0', '10.0.0.2/31']],
    ['10.0.0.0/30', ['10.0.0.0/8'], []],
    ['10.0.0.0/30', ['10.0.0.4/30', '::/0'], ['10.0.0.0/30']],
    ['fe80::/126', ['fe80::/127', 'fe80::2'], ['fe80::3']],
  ])('of %s and %j is %j', (whole, holes, left) => {
    expect(subtractNetworks(parseNetwork(whole), holes.map(parseNetwork)).map(formatNetwork)).toEqual(left);
  });

  it('has every address that is in no hole, once, and no other', () => {
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

  it('of everything and one address is a network for each bit', () => {
    expect(subtractNetworks(everyAddress(6), [parseNetwork('2001:db8::1')])).toHaveLength(128);
  });
});

describe('the size of a match', () => {
  it.each([
    ['one port', number('tcp.dst', 80), 1],
    ['an aligned range', number('tcp.dst', { min: 1024, max: 2047 }), 1],
    ['the worst range', number('tcp.dst', { min: 1, max: 65_534 }), 30],
    ['two networks', ip(4, 'src', ['10.0.0.0/8', '192.0.2.0/24']), 2],
    ['nothing', and(is('ip'), never), 0],
    ['a field with alternatives', and(is('tcp'), number('tcp.dst', 80, 443)), 2],
    [
      'two of them, which go together',
      and(ip(4, 'src', ['10.0.0.0/8', '192.0.2.0/24']), number('tcp.dst', 80, 443)),
      5,
    ],
    ['either', or(is('tcp'), is('udp')), 2],
  ])('that has %s is what ovn-controller makes of it', (_what, match, size) => {
    expect(countMatches(match)).toBe(size);
  });
});
