import type { Clock, Timer } from '../../base/index.ts';

/** How long silence may last. */
export interface ProbeOptions {
  /** Silence after which the peer is asked for a sign of life. 0 turns probing off. */
  readonly intervalMs: number;
  /** Further silence after which the connection counts as dead. */
  readonly timeoutMs: number;
}

/** What the probe does to the connection. */
export interface ProbeTarget {
  /** Asks the peer for a sign of life. */
  ask(): void;
  /** Ends the connection, as the peer is silent. */
  giveUp(silentMs: number): void;
}

/**
 * Finds a peer that is gone without a word: half-open connections, hung servers, links that drop everything.
 * Any received byte is a sign of life, so a long dump on a slow link is one too.
 */
export class InactivityProbe {
  readonly #clock: Clock;
  readonly #options: ProbeOptions;
  readonly #target: ProbeTarget;
  #heardAt: number;
  #asked = false;
  #timer: Timer | undefined;

  constructor(clock: Clock, options: ProbeOptions, target: ProbeTarget) {
    this.#clock = clock;
    this.#options = options;
    this.#target = target;
    this.#heardAt = clock.now();
    if (options.intervalMs > 0) this.#arm(options.intervalMs);
  }

  /** Something was received. Cheap: called for each chunk. */
  heard(): void {
    this.#heardAt = this.#clock.now();
    this.#asked = false;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(ms: number): void {
    const due = this.#clock.now() + ms;
    this.#timer = this.#clock.setTimer(ms, () => this.#check(due));
  }

  #check(due: number): void {
    const { intervalMs, timeoutMs } = this.#options;
    const now = this.#clock.now();
    const silent = now - this.#heardAt;
    if (silent < intervalMs) {
      this.#arm(intervalMs - silent);
      return;
    }
    // A timer that fires late means that this process stood still, and what came meanwhile is not read yet.
    const stoodStill = now - due > timeoutMs / 2;
    if (this.#asked && !stoodStill) {
      this.#target.giveUp(silent);
      return;
    }
    if (!this.#asked) this.#target.ask();
    this.#asked = true;
    this.#arm(timeoutMs);
  }
}
