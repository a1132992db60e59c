import { describe, expect, it } from '@jest/globals';
import { Tokens } from '../../../src/metadata/index.ts';

const uid = '4be7d7a9-2b6f-4f7e-9d1c-3a1f6f2f9a10';
const now = Date.UTC(2030, 0, 1);

describe('a session token', () => {
  it('is valid for its Port until it expires', () => {
    let clock = now;
    const tokens = new Tokens(() => clock);
    const token = tokens.issue(uid, 60);
    expect(tokens.isValid(uid, token)).toBe(true);
    clock += 59_999;
    expect(tokens.isValid(uid, token)).toBe(true);
    clock += 1;
    expect(tokens.isValid(uid, token)).toBe(false);
  });

  it('is invalid for another Port', () => {
    const tokens = new Tokens(() => now);
    expect(tokens.isValid('d0a6f0f0-0000-4000-8000-000000000001', tokens.issue(uid, 60))).toBe(false);
  });

  it('is invalid in another process', () => {
    expect(new Tokens(() => now).isValid(uid, new Tokens(() => now).issue(uid, 60))).toBe(false);
  });

  it('is invalid with a changed expiry time', () => {
    const tokens = new Tokens(() => now);
    const [expiry = '', signature = ''] = tokens.issue(uid, 60).split('.');
    expect(tokens.isValid(uid, `${Number(expiry) + 60}.${signature}`)).toBe(false);
  });

  it.each(['', '.', 'x', '9999999999', '9999999999.', '9999999999.AAAA', '1e12.AAAA', '-1.AAAA', '.AAAA'])(
    'is invalid as %j',
    (token) => {
      expect(new Tokens(() => now).isValid(uid, token)).toBe(false);
    },
  );

  it('is invalid with a third part', () => {
    const tokens = new Tokens(() => now);
    expect(tokens.isValid(uid, `${tokens.issue(uid, 60)}.x`)).toBe(false);
  });

  it('contains only characters that are valid in a header', () => {
    expect(new Tokens(() => now).issue(uid, 21_600)).toMatch(/^\d+\.[\w-]{43}$/);
  });
});
