import type { Clock, Timer } from '../../base/index.ts';

/** The limits of silence on a connection. */
export interface ProbeOptions {
  /** The duration of silence before a probe. 0 disables probes. */
  readonly intervalMs: number;
  /** The further duration of silence before the connection counts as dead. */
  readonly timeoutMs: number;
}

/** The actions of the probe on the connection. */
interface ProbeTarget {
  /** Sends a probe to the peer. */
  sendProbe(): void;
  /** Closes the connection because the peer is silent. */
  closeConnection(silentMs: number): void;
}

/**
 * Detects a peer that no longer responds: half-open connections, hung servers, links that drop all packets.
 * Every received byte counts as a response, so a long dump on a slow link does not close the connection.
 */
export class InactivityProbe {
  readonly #clock: Clock;
  readonly #options: ProbeOptions;
  readonly #target: ProbeTarget;
  #receivedAt: number;
  #isProbeSent = false;
  #timer: Timer | undefined;

  constructor(clock: Clock, options: ProbeOptions, target: ProbeTarget) {
    this.#clock = clock;
    this.#options = options;
    this.#target = target;
    this.#receivedAt = clock.now();
    if (options.intervalMs > 0) this.#arm(options.intervalMs);
  }

  /** Records that data was received. The session calls this method for each chunk. */
  received(): void {
    this.#receivedAt = this.#clock.now();
    this.#isProbeSent = false;
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
    const silentMs = now - this.#receivedAt;
    if (silentMs < intervalMs) {
      this.#arm(intervalMs - silentMs);
      return;
    }
    // If the timer fires late, this process was paused and has not read the received data yet.
    const wasPaused = now - due > timeoutMs / 2;
    if (this.#isProbeSent && !wasPaused) {
      this.#target.closeConnection(silentMs);
      return;
    }
    if (!this.#isProbeSent) this.#target.sendProbe();
    this.#isProbeSent = true;
    this.#arm(timeoutMs);
  }
}
