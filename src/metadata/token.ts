import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** The maximum lifetime of a token, in seconds: six hours, as in EC2. */
export const MAX_TOKEN_SECONDS = 21_600;

/**
 * Session tokens as in EC2's IMDSv2. The service stores no tokens: a token consists of its expiry time and an HMAC of
 * the expiry time and the UID of the Port, so that another machine cannot use the token. The HMAC key is random for
 * each process. A token from before a restart or from another hypervisor is invalid; clients then request a new
 * token.
 */
export class Tokens {
  readonly #key: Buffer;
  readonly #now: () => number;

  /** `now`: milliseconds since 1970. `key`: for tests. */
  constructor(now: () => number = Date.now, key: Buffer = randomBytes(32)) {
    this.#now = now;
    this.#key = key;
  }

  /** Returns a token for the Port with a lifetime in seconds. */
  issue(portUid: string, seconds: number): string {
    const expiry = String(Math.floor(this.#now() / 1000) + seconds);
    return `${expiry}.${this.#sign(portUid, expiry).toString('base64url')}`;
  }

  /** Whether this process issued the token to the Port, and the token has not expired. */
  isValid(portUid: string, token: string): boolean {
    const [expiry = '', signature = '', ...rest] = token.split('.');
    if (rest.length > 0 || !/^\d{1,12}$/.test(expiry)) return false;
    const given = Buffer.from(signature, 'base64url');
    const expected = this.#sign(portUid, expiry);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
    return this.#now() < Number(expiry) * 1000;
  }

  #sign(portUid: string, expiry: string): Buffer {
    return createHmac('sha256', this.#key).update(`${expiry}\n${portUid}`).digest();
  }
}
