import fc from 'fast-check';
import { type Address, type Cidr, networkOf, widthOf } from '../../../src/api/index.ts';
import { seedOf } from '../../support/seed.ts';

export const seed = seedOf('the API', 20_240_601);

/** Any address of either family. */
export const anyAddress: fc.Arbitrary<Address> = fc
  .constantFrom(4 as const, 6 as const)
  .chain((family) =>
    fc.bigInt({ min: 0n, max: (1n << BigInt(widthOf(family))) - 1n }).map((value) => ({ family, value })),
  );

/** Any network in a small address space, so that two random networks often overlap. */
export const anyCidr: fc.Arbitrary<Cidr> = fc
  .record({
    family: fc.constantFrom(4 as const, 6 as const),
    low: fc.bigInt({ min: 0n, max: 255n }),
    bits: fc.integer({ min: 0, max: 8 }),
  })
  .map(({ family, low, bits }) =>
    networkOf(
      { family, value: (family === 4 ? 0x0a000000n : 0x20010db8n << 96n) + low },
      widthOf(family) - bits,
    ),
  );
