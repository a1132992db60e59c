import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatAddress, type Address } from '../../../src/api/index.ts';
import {
  complement,
  type Listed,
  type Transport,
} from '../../../src/controllers/trafficpolicy/complement.ts';
import { containsNetwork, parseNetwork, printMatch, type Family } from '../../../src/ovn/index.ts';
import { evaluate, type Fields } from '../../support/oracle/expression.ts';
import { seedOf } from '../../support/seed.ts';

const seed = seedOf('complements', 20_260_205);
const names = { group: () => new Set<string>(), set: () => new Set<string>() };
const protocols = { tcp: 6, udp: 17, sctp: 132, icmp: { 4: 1, 6: 58 } } as const;
const numberOf = (family: Family, transport: Transport): number =>
  transport === 'icmp' ? protocols.icmp[family] : protocols[transport];

const networks = {
  4: [
    '0.0.0.0/0',
    '10.0.0.0/8',
    '10.1.0.0/16',
    '10.1.2.0/24',
    '10.1.2.3/32',
    '10.1.2.4/31',
    '255.255.255.255/32',
  ],
  6: ['::/0', '2001:db8::/32', '2001:db8:1::/48', '2001:db8:1::1/128', '::/128'],
} as const;
const edge = fc.oneof(
  fc.constantFrom(0, 1, 255, 256, 2047, 2048, 65_534, 65_535),
  fc.integer({ min: 0, max: 65_535 }),
);
const range = fc.tuple(edge, edge).map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));
const listed = (family: Family): fc.Arbitrary<Listed> =>
  fc
    .record({
      network: fc.option(fc.constantFrom(...networks[family]), { nil: undefined, freq: 3 }),
      protocol: fc.option(fc.constantFrom<Transport[]>('tcp', 'tcp', 'udp', 'icmp', 'icmp', 'sctp'), {
        nil: undefined,
        freq: 9,
      }),
      values: fc.option(range, { nil: undefined }),
    })
    .map(({ network, protocol, values }) => ({
      ...(network !== undefined && { network: parseNetwork(network) }),
      ...(protocol && { transport: { protocol, ...(values && { values }) } }),
    }));

/** A list of rules. {@link probes} generates packets at and next to all boundaries of the rules. */
const cases = fc.constantFrom<Family[]>(4, 6).chain((family) =>
  fc.record({
    family: fc.constant(family),
    side: fc.constantFrom('src' as const, 'dst' as const),
    rules: fc.array(listed(family), { maxLength: 5 }),
  }),
);

interface Probe {
  readonly address: string;
  readonly protocol: number;
  readonly value: number;
}

function probes(family: Family, rules: readonly Listed[]): readonly Probe[] {
  const last = (1n << (family === 4 ? 32n : 128n)) - 1n;
  const addresses = new Set([0n, last]);
  const values = new Set([0, 65_535]);
  for (const { network, transport } of rules) {
    if (network !== undefined) {
      const end = network.first + (1n << BigInt((family === 4 ? 32 : 128) - network.prefix));
      for (const each of [network.first - 1n, network.first, end - 1n, end]) addresses.add(each);
    }
    const { min, max } = transport?.values ?? { min: 0, max: 0 };
    for (const each of [min - 1, min, max, max + 1]) values.add(each);
  }
  const inside = [...addresses].filter((each) => each >= 0n && each <= last);
  return inside.flatMap((value) => {
    const address = formatAddress({ family, value } satisfies Address);
    const others = [0, 47, 255, protocols.icmp[family === 4 ? 6 : 4]].map((protocol) => ({
      address,
      protocol,
      value: 0,
    }));
    const known = (['tcp', 'udp', 'sctp', 'icmp'] as const).flatMap((transport) =>
      [...values]
        .filter((each) => each >= 0 && each <= 65_535)
        .map((each) => ({ address, protocol: numberOf(family, transport), value: each })),
    );
    return [...others, ...known];
  });
}

function isListed(family: Family, rules: readonly Listed[], { address, protocol, value }: Probe): boolean {
  return rules.some(({ network, transport }) => {
    if (network !== undefined && !containsNetwork(network, parseNetwork(address))) return false;
    if (transport === undefined) return true;
    const { min, max } = transport.values ?? { min: 0, max: 65_535 };
    return protocol === numberOf(family, transport.protocol) && value >= min && value <= max;
  });
}

function fieldsOf(family: Family, side: 'src' | 'dst', { address, protocol, value }: Probe): Fields {
  const other = family === 4 ? '192.0.2.1' : 'fe80::1';
  return {
    inport: 'in',
    outport: 'out',
    isMulticastFrame: false,
    source: side === 'src' ? address : other,
    destination: side === 'dst' ? address : other,
    protocol,
    ttl: 64,
    port: value,
    icmp: { type: value >> 8, code: value & 255 },
  };
}

describe(`the complement of rules (seed ${seed})`, () => {
  it('matches a packet exactly when no rule lists the packet, and never matches the other IP version', () => {
    let count = 0;
    fc.assert(
      fc.property(cases, ({ family, side, rules }) => {
        const matches = complement(family, side, rules).map(printMatch);
        for (const probe of probes(family, rules)) {
          count++;
          const hits = matches.filter((match) => evaluate(match, fieldsOf(family, side, probe), names));
          expect({ probe, isDropped: hits.length > 0 }).toEqual({
            probe,
            isDropped: !isListed(family, rules, probe),
          });
        }
        const outsider = { address: family === 4 ? 'fe80::2' : '10.1.2.3', protocol: 6, value: 80 };
        const fields = fieldsOf(family === 4 ? 6 : 4, side, outsider);
        expect(matches.filter((match) => evaluate(match, fields, names))).toEqual([]);
      }),
      { seed, numRuns: 60 },
    );
    expect(count).toBeGreaterThan(10_000);
  }, 120_000);

  it('does not depend on the order of the rules', () => {
    fc.assert(
      fc.property(cases, ({ family, side, rules }) => {
        const texts = (list: readonly Listed[]) => complement(family, side, list).map(printMatch);
        expect(texts(rules.toReversed())).toEqual(texts(rules));
      }),
      { seed, numRuns: 100 },
    );
  });
});
