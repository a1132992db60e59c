import { describe, expect, it } from '@jest/globals';
import { compareVersions } from '../../../src/reconcile/resource-version.ts';

describe('compareVersions', () => {
  it('orders decimal versions of any length as numbers', () => {
    expect(compareVersions('9', '10')).toBeLessThan(0);
    expect(compareVersions('10', '9')).toBeGreaterThan(0);
    expect(compareVersions('123', '124')).toBeLessThan(0);
    expect(compareVersions('18446744073709551617', '18446744073709551616')).toBeGreaterThan(0);
    expect(compareVersions('7', '7')).toBe(0);
  });

  it('returns 0 for versions that are not decimal numbers', () => {
    expect(compareVersions('abc', '1')).toBe(0);
    expect(compareVersions('', '1')).toBe(0);
    expect(compareVersions('-1', '1')).toBe(0);
  });
});
