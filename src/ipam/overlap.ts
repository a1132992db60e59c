import type { Address } from '../api/cidr.ts';
import type { AddressPool } from './address-pool.ts';
import { clip, contains } from './intervals.ts';

/**
 * Returns an address that both pools can allocate, or that one can allocate and the other has as its gateway;
 * undefined if there is none. Both pools must have the same IP family.
 */
export function commonAddress(a: AddressPool, b: AddressPool): Address | undefined {
  for (const interval of a.allocatable) {
    const [common] = clip(b.allocatable, interval);
    if (common !== undefined) return { family: a.cidr.family, value: common.start };
  }
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const { gateway } = one;
    if (gateway !== undefined && contains(other.allocatable, gateway))
      return { family: one.cidr.family, value: gateway };
  }
  return undefined;
}
