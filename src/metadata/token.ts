import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** The longest life of a token, in seconds: six hours, as in EC2. */
export const MAX_TOKEN_SECONDS = 21_600;

/**
 * Session tokens in the style of EC2's IMDSv2. Nothing is stored: a token is its end of life and an HMAC over that and
 * the Port's UID, so that one machine's token is worth nothing to another. The key lives as long as the process:
 * tokens of before a restart, or of another hypervisor, are refused, and clients then ask for a new one.
 */
export class Tokens {
  readonly #key: Buffer;
  readonly #now: () => number;

  /** `now`: milliseconds since 1970. `key`: for tests. */
  constructor(now: () => number = Date.now, key: Buffer = randomBytes(32)) {
    this.#now = now;
    this.#key = key;
  }

  /** A token for the Port that is good for so many seconds. */
  issue(portUID: string, seconds: number): string {
    const expiry = String(Math.floor(this.#now() / 1000) + seconds);
    return `${expiry}.${this.#sign(portUID, expiry).toString('base64url')}`;
  }

  /** Whether the token was issued to the Port by this process, and is still good. */
  isGood(portUID: string, token: string): boolean {
    const [expiry = '', signature = '', ...rest] = token.split('.');
    if (rest.length > 0 || !/^\d{1,12}$/.test(expiry)) return false;
    const given = Buffer.from(signature, 'base64url');
    const expected = this.#sign(portUID, expiry);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
    return this.#now() < Number(expiry) * 1000;
  }

  #sign(portUID: string, expiry: string): Buffer {
    return createHmac('sha256', this.#key).update(`${expiry}\n${portUID}`).digest();
  }
}
