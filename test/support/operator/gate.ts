/** Decides what becomes of the writes of one operator; every write of it passes here, in order. */
import { isDeepStrictEqual } from 'node:util';

/** Ends the operator just before the write, or just after it; or loses the reply and lets it go on. */
export type TripMode = 'ends before' | 'ends after' | 'loses the reply of';

/** One write among those of a run, by what can be told of it before it is made. */
export interface Place {
  /** Which step of the scenario it follows, from 0. */
  readonly step: number;
  /** What is written. Transactions are all the same here: what goes together into one is a matter of moments. */
  readonly what: string;
  /** How many of the same step and sort come before it. */
  readonly nth: number;
}

/** What a proxy does with a write. */
export type Fate =
  | 'pass'
  /** Not sent, and never answered. */
  | 'never-sent'
  /** Sent; the connection is cut when its reply has come. */
  | 'reply-lost';

export class Gate {
  /** What was asked for, in order, by a name that says kind and object. */
  readonly writes: string[] = [];
  /** The same as places. */
  readonly places: Place[] = [];
  readonly #trip: { readonly place: Place; readonly mode: TripMode } | undefined;
  readonly #onEnd = new Set<() => void>();
  readonly #underWay = new Set<Promise<unknown>>();
  #step = 0;
  #hit: string | undefined;
  #ended = false;
  #lastWrite = performance.now();

  constructor(trip?: { readonly place: Place; readonly mode: TripMode }) {
    this.#trip = trip;
  }

  /** The write that was hit, when it has come. */
  get hit(): string | undefined {
    return this.#hit;
  }

  /** Nothing gets through any more: the process is gone. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Milliseconds since the last write, or since something happened that may cause one. */
  get quietMs(): number {
    return performance.now() - this.#lastWrite;
  }

  /** The writes that follow are those of this step. */
  beginStep(step: number): void {
    this.#step = step;
    this.#lastWrite = performance.now();
  }

  /** Takes note of a write, and decides about it. */
  decide(label: string): Fate {
    if (this.#ended) return 'never-sent';
    this.#lastWrite = performance.now();
    this.writes.push(label);
    const place = this.#placeOf(label);
    this.places.push(place);
    if (this.#trip === undefined || !isDeepStrictEqual(place, this.#trip.place)) return 'pass';
    this.#hit = label;
    const { mode } = this.#trip;
    if (mode === 'loses the reply of') return 'reply-lost';
    this.#ended = true;
    // The proxy first carries out what it is told now.
    queueMicrotask(() => this.end());
    return mode === 'ends before' ? 'never-sent' : 'reply-lost';
  }

  #placeOf(label: string): Place {
    const step = this.#step;
    const what = label.startsWith('transact ') ? 'transact' : label;
    const nth = this.places.filter((place) => place.step === step && place.what === what).length;
    return { step, what, nth };
  }

  /** Ends the operator: what stands between it and the servers cuts it off. */
  end(): void {
    this.#ended = true;
    for (const listener of this.#onEnd) listener();
    this.#onEnd.clear();
  }

  /** Calls `listener` once when the operator ends. */
  onEnd(listener: () => void): void {
    this.#onEnd.add(listener);
  }

  /** A write that the server has; it is settled when the server has answered. */
  sent(answered: Promise<unknown>): void {
    this.#underWay.add(answered);
    void answered.finally(() => this.#underWay.delete(answered));
  }

  /** Resolves when the server has answered every write that it got. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}
