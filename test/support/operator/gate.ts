/** Injects a fault at one write of an operator. Every write of the operator passes a gate, in order. */
import { isDeepStrictEqual } from 'node:util';

/** The fault: the operator exits just before or just after the write, or it loses the reply and continues. */
export type FaultMode = 'exits before' | 'exits after' | 'loses the reply to';

/** Identifies a write of a run by properties that are known before the write. */
export interface WritePoint {
  /** The index of the step of the scenario, from 0. */
  readonly step: number;
  /** The label of the write. All transactions have the same label, because their content depends on timing. */
  readonly what: string;
  /** The number of earlier writes with the same step and label. */
  readonly nth: number;
}

/** The action of a proxy for a write. */
type WriteDecision =
  | 'pass'
  /** The proxy does not send the write and never answers. */
  | 'never-sent'
  /** The proxy sends the write, and closes the connection when the reply arrives. */
  | 'reply-lost';

export class Gate {
  /** The labels of all writes, in order. */
  readonly writes: string[] = [];
  /** The points of all writes, in order. */
  readonly points: WritePoint[] = [];
  /** Whether the API server refuses a write, as with an admission policy. */
  refuses: (label: string) => boolean = () => false;
  /** Resolves when the API server may receive a write. */
  holds: (label: string) => Promise<unknown> = () => Promise.resolve();
  readonly #fault: { readonly point: WritePoint; readonly mode: FaultMode } | undefined;
  readonly #onEnd = new Set<() => void>();
  readonly #underWay = new Set<Promise<unknown>>();
  #step = 0;
  #hit: string | undefined;
  #ended = false;
  #lastWrite = performance.now();

  constructor(fault?: { readonly point: WritePoint; readonly mode: FaultMode }) {
    this.#fault = fault;
  }

  /** The label of the interrupted write; undefined until it happens. */
  get hit(): string | undefined {
    return this.#hit;
  }

  /** Whether the operator has exited. Then no request passes. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Milliseconds since the last write, or since the start of the current step. */
  get idleMs(): number {
    return performance.now() - this.#lastWrite;
  }

  /** Begins a step. The next writes belong to this step. */
  beginStep(step: number): void {
    this.#step = step;
    this.#lastWrite = performance.now();
  }

  /** Records a write, and decides what the proxy does with it. */
  decide(label: string): WriteDecision {
    if (this.#ended) return 'never-sent';
    this.#lastWrite = performance.now();
    this.writes.push(label);
    const point = this.#pointOf(label);
    this.points.push(point);
    if (this.#fault === undefined || !isDeepStrictEqual(point, this.#fault.point)) return 'pass';
    this.#hit = label;
    const { mode } = this.#fault;
    if (mode === 'loses the reply to') return 'reply-lost';
    this.#ended = true;
    // The proxy must first execute the decision for this write.
    queueMicrotask(() => this.end());
    return mode === 'exits before' ? 'never-sent' : 'reply-lost';
  }

  #pointOf(label: string): WritePoint {
    const step = this.#step;
    const what = label.startsWith('transact ') ? 'transact' : label;
    const nth = this.points.filter((point) => point.step === step && point.what === what).length;
    return { step, what, nth };
  }

  /** Ends the operator: the proxies cut all its connections. */
  end(): void {
    this.#ended = true;
    for (const listener of this.#onEnd) listener();
    this.#onEnd.clear();
  }

  /** Calls `listener` once when the operator ends. */
  onEnd(listener: () => void): void {
    this.#onEnd.add(listener);
  }

  /** Registers a write that was sent to the server. `answered` settles when the server has answered. */
  sent(answered: Promise<unknown>): void {
    this.#underWay.add(answered);
    void answered.finally(() => this.#underWay.delete(answered));
  }

  /** Resolves when the server has answered every write that it received. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}
