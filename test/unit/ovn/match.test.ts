import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  and,
  inport,
  ip,
  ipOfGroup,
  is,
  not,
  number,
  or,
  outport,
  printMatch,
  symbol,
} from '../../../src/ovn/index.ts';
import { MatchError, address, always, never } from '../../../src/ovn/match/match.ts';
import {
  AddressError,
  collapseNetworks,
  formatNetwork,
  parseNetwork,
  type Network,
} from '../../../src/ovn/match/networks.ts';

const seed = 20260102;
const pg = symbol('aa-bb', 'pg');

describe('parseNetwork', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.0.0.1', '10.0.0.1'],
    ['10.0.0.1/32', '10.0.0.1'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8:0:0::1/32', '2001:db8::/32'],
    ['::ffff:1.2.3.4', '::ffff:102:304'],
  ])('parses %s as the network %s', (text, printed) => {
    expect(formatNetwork(parseNetwork(text))).toBe(printed);
  });

  it.each([
    '',
    '10.0.0',
    '010.0.0.1',
    '0x0a.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
  ])('rejects %j', (text) => expect(() => parseNetwork(text)).toThrow(AddressError));

  it.each(['fe80::1%eth0', '::1/129', '10.0.0.1 || 1', ' 10.0.0.1', '10.0.0.1\n', '1e1.0.0.0'])(
    'rejects %j',
    (text) => {
      expect(() => parseNetwork(text)).toThrow(AddressError);
    },
  );
});

describe('collapseNetworks', () => {
  it('returns the smallest list of networks with the same addresses', () => {
    const last = fc.integer({ min: 0, max: 255 });
    const network = fc
      .tuple(last, fc.integer({ min: 24, max: 32 }))
      .map(([byte, prefix]) => parseNetwork(`10.0.0.${byte}/${prefix}`));
    fc.assert(
      fc.property(fc.array(network, { maxLength: 12 }), (networks) => {
        const collapsed = collapseNetworks(networks);
        expect(addresses(collapsed)).toEqual(addresses(networks));
        expect(collapseNetworks([...collapsed].reverse())).toEqual(collapsed);
        expect(fewest(networks)).toBe(collapsed.length);
      }),
      { seed },
    );
  });

  it('keeps IPv4 and IPv6 networks apart', () => {
    expect(
      collapseNetworks([parseNetwork('::/1'), parseNetwork('0.0.0.0/1'), parseNetwork('128.0.0.0/1')]).map(
        formatNetwork,
      ),
    ).toEqual(['0.0.0.0/0', '::/1']);
  });
});

/** The last bytes of the addresses in 10.0.0.0/24 that the networks contain. */
function addresses(networks: readonly Network[]): number[] {
  const base = parseNetwork('10.0.0.0').first;
  return Array.from({ length: 256 }, (_, byte) => byte).filter((byte) =>
    networks.some((network) => holds(network, base + BigInt(byte))),
  );
}

function holds({ first, prefix }: Network, one: bigint): boolean {
  return one >= first && one < first + (1n << BigInt(32 - prefix));
}

/**
 * Counts the aligned blocks that cover the same addresses of 10.0.0.0/24, by dividing the range in halves.
 */
function fewest(networks: readonly Network[], base = parseNetwork('10.0.0.0').first, size = 256): number {
  const inside = Array.from({ length: size }, (_, at) =>
    networks.some((net) => holds(net, base + BigInt(at))),
  );
  if (inside.every(Boolean)) return 1;
  if (!inside.some(Boolean)) return 0;
  return fewest(networks, base, size / 2) + fewest(networks, base + BigInt(size / 2), size / 2);
}

describe('a match', () => {
  it('prints the text that ACLs need', () => {
    const rule = and(
      outport({ group: pg }),
      is('ip4'),
      ip(4, 'src', ['10.1.0.0/16']),
      is('tcp'),
      number('tcp.dst', { min: 80, max: 90 }),
    );
    expect(printMatch(rule)).toBe(
      'outport == @on_aa_bb_pg && ip4 && ip4.src == 10.1.0.0/16 && tcp && tcp.dst >= 80 && tcp.dst <= 90',
    );
    expect(printMatch(and(inport({ group: pg }), ipOfGroup(6, 'dst', pg), number('icmp6.type', 128)))).toBe(
      'inport == @on_aa_bb_pg && ip6.dst == $on_aa_bb_pg_ip6 && icmp6.type == 128',
    );
    expect(printMatch(inport({ name: '7b0d3b7e-1111' }))).toBe('inport == "7b0d3b7e-1111"');
  });

  it('prints parentheses where && and || are mixed', () => {
    const either = or(
      is('tcp'),
      and(is('udp'), number('udp.dst', { min: 1, max: 2 }, 9, { min: 5, max: 6 })),
    );
    expect(printMatch(either)).toBe(
      'tcp || (udp && (udp.dst == 9 || (udp.dst >= 1 && udp.dst <= 2) || (udp.dst >= 5 && udp.dst <= 6)))',
    );
    const listed = or(
      ip(4, 'src', ['10.0.0.0/8']),
      and(ip(4, 'dst', ['10.0.0.1']), ip(4, 'src', ['11.0.0.0/8'])),
    );
    expect(printMatch(and(is('ip4'), not(listed)))).toBe(
      'ip4 && !(ip4.src == 10.0.0.0/8 || (ip4.dst == 10.0.0.1 && ip4.src == 11.0.0.0/8))',
    );
    expect(printMatch(not(number('tcp.dst', 1)))).toBe('!(tcp.dst == 1)');
    expect(printMatch(not(number('tcp.dst', { min: 1, max: 2 })))).toBe('!(tcp.dst >= 1 && tcp.dst <= 2)');
    expect(printMatch(not(is('ip.is_frag')))).toBe('!ip.is_frag');
    expect(printMatch(or(is('tcp'), number('tcp.dst', { min: 1, max: 2 })))).toBe(
      'tcp || (tcp.dst >= 1 && tcp.dst <= 2)',
    );
  });

  it('folds constants, so that an empty part does not match every packet', () => {
    expect(printMatch(ip(4, 'src', []))).toBe('0');
    expect(printMatch(and(is('ip4'), ip(4, 'src', [])))).toBe('0');
    expect(printMatch(or(is('ip4'), ip(4, 'src', [])))).toBe('ip4');
    expect(printMatch(ip(4, 'src', ['0.0.0.0/0']))).toBe('ip4');
    expect(printMatch(address('arp.spa', ['0.0.0.0/0']))).toBe('arp');
    expect([and(), or(), not(always), not(never), not(not(is('ct.est')))].map(printMatch)).toEqual([
      '1',
      '0',
      '0',
      '1',
      'ct.est',
    ]);
  });

  it('prints the same text for every order of the values', () => {
    const networks = fc.uniqueArray(
      fc
        .tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 8, max: 32 }))
        .map(([a, b, length]) => `10.${a}.${b}.0/${length}`),
      { minLength: 2, maxLength: 8 },
    );
    fc.assert(
      fc.property(networks, fc.array(fc.nat(65535), { minLength: 2 }), (texts, ports) => {
        expect(printMatch(ip(4, 'src', [...texts].reverse()))).toBe(printMatch(ip(4, 'src', texts)));
        expect(printMatch(number('tcp.dst', ...[...ports].reverse()))).toBe(
          printMatch(number('tcp.dst', ...ports)),
        );
      }),
      { seed },
    );
  });

  it('replaces a range of a nominal field by its values, because OVN supports no ranges there', () => {
    expect(printMatch(number('icmp4.type', { min: 3, max: 5 }, 8))).toBe('icmp4.type == {3, 4, 5, 8}');
    expect(printMatch(number('ip.proto', { min: 17, max: 17 }))).toBe('ip.proto == 17');
    expect(printMatch(number('icmp6.type', { min: 0, max: 255 }))).toBe('icmp6');
    expect(printMatch(number('tcp.dst', { min: 0, max: 80 }, { min: 81, max: 65535 }))).toBe('tcp');
  });

  it('rejects a negation that OVN rejects or that is not a complement', () => {
    for (const name of ['ip', 'ip4', 'arp', 'nd', 'nd_ra', 'tcp', 'icmp', 'icmp6'] as const) {
      expect(() => not(is(name))).toThrow(MatchError);
      expect(() => not(and(ip(4, 'src', ['10.0.0.0/8']), is(name)))).toThrow(MatchError);
    }
    expect(() => not(number('icmp4.type', 8))).toThrow(MatchError);
    expect(() => not(number('ip.proto', 6))).toThrow(MatchError);
    expect(() => not(and(ip(4, 'src', ['10.0.0.0/8']), number('tcp.dst', 80)))).toThrow('not a complement');
    expect(() => not(or(ip(4, 'src', ['10.0.0.0/8']), ip(6, 'src', ['fd00::/8'])))).toThrow(
      'not a complement',
    );
  });

  it('rejects values that OVN rejects', () => {
    expect(() => not(and(inport({ group: pg }), is('ip')))).toThrow(MatchError);
    expect(() => number('tcp.dst', 65536)).toThrow(MatchError);
    expect(() => number('icmp4.type', { min: 3, max: 1 })).toThrow(MatchError);
    expect(() => number('icmp4.type', 1.5)).toThrow(MatchError);
    expect(() => ip(6, 'src', ['10.0.0.0/8'])).toThrow(MatchError);
  });

  it('never contains text that a tenant wrote', () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '"',
        '1 || ip',
        '10.0.0.0/8} || {0.0.0.0/0',
        '@all',
        '$x_ip4',
        'a"b',
        '10.0.0.1\0',
        '::1%x',
        '&& 1',
        '\u2028',
      ),
      fc.tuple(fc.ipV4(), fc.string()).map(([a, b]) => a + b),
      fc.ipV4(),
      fc.ipV6(),
    );
    const builders: ((text: string) => string)[] = [
      (text) => printMatch(address('ip4.src', [text])),
      (text) => printMatch(address('ip6.src', [text])),
      (text) => printMatch(inport({ name: text })),
      (text) => printMatch(outport({ group: text as typeof pg })),
      (text) => printMatch(ipOfGroup(4, 'src', text as typeof pg)),
      (text) => printMatch(number('tcp.dst', text as unknown as number)),
    ];
    const clean =
      /^(1|0|ip4|ip6|(ip4\.src|ip6\.src) == [0-9a-f.:/]+|(in|out)port == ("[A-Za-z0-9_.:-]+"|@[A-Za-z_.][A-Za-z0-9_.]*)|ip4\.src == \$[A-Za-z_.][A-Za-z0-9_.]*)$/;
    let accepted = 0;
    fc.assert(
      fc.property(nasty, fc.constantFrom(...builders), (text, build) => {
        let printed: string;
        try {
          printed = build(text);
        } catch (error) {
          expect((error as Error).constructor.name).toMatch(/^(AddressError|MatchError|RangeError)$/);
          return;
        }
        accepted += 1;
        expect(printed).toMatch(clean);
      }),
      { seed, numRuns: 5_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
