/** How many requests a machine may send. */
export interface RateLimit {
  /** Requests per second over a long time. */
  readonly perSecond: number;
  /** Requests that a machine may send at once after a pause. */
  readonly burst: number;
}

/**
 * A machine above the limit gets no answer for this time, in ms. Without the pause, each new token would admit another
 * connection, whose requests the process has to read before it can reject them.
 */
export const PAUSE_MS = 1_000;

interface Bucket {
  tokens: number;
  /** The time of the last change of `tokens`. */
  since: number;
  pausedUntil: number;
}

/**
 * A token bucket for each machine. The memory is bounded by the number of machines that sent a request in the time in
 * which a bucket fills up.
 */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #now: () => number;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  /** `now`: the milliseconds of a monotonic clock. */
  constructor(limit: RateLimit, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  /** The number of machines that the limiter remembers. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes a token of the machine; returns whether the machine had a token. A machine without a token is paused. */
  take(machine: string): boolean {
    const now = this.#now();
    const { perSecond, burst } = this.#limit;
    const bucket = this.#buckets.get(machine) ?? { tokens: burst, since: now, pausedUntil: 0 };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.since) / 1000) * perSecond);
    bucket.since = now;
    this.#buckets.delete(machine);
    this.#buckets.set(machine, bucket);
    this.#forget(now);
    if (now < bucket.pausedUntil) return false;
    if (bucket.tokens < 1) {
      bucket.pausedUntil = now + PAUSE_MS;
      return false;
    }
    bucket.tokens -= 1;
    return true;
  }

  /** Returns whether the machine is paused. */
  isPaused(machine: string): boolean {
    return this.#now() < (this.#buckets.get(machine)?.pausedUntil ?? 0);
  }

  /** Removes the machines whose buckets are full again. */
  #forget(now: number): void {
    const { perSecond, burst } = this.#limit;
    const fullAfterMs = Math.max((burst / perSecond) * 1000, PAUSE_MS);
    for (const [machine, { since }] of this.#buckets) {
      if (now - since < fullAfterMs) return;
      this.#buckets.delete(machine);
    }
  }
}
