import { TurnQueue } from '../queue/turn-queue.ts';

/**
 * Limits the number of requests in progress. When requests wait, the namespaces take turns, and one namespace has at
 * most a share of all requests. So the API server has capacity left for the requests of other namespaces.
 */
export class FairGate {
  readonly #max: number;
  readonly #maxPerNamespace: number;
  readonly #waiting = new TurnQueue<() => void>();
  /** Namespace → the number of its requests in progress. */
  readonly #busy = new Map<string, number>();
  #inProgress = 0;

  constructor(max: number, maxPerNamespace: number) {
    this.#max = max;
    this.#maxPerNamespace = maxPerNamespace;
  }

  /** Runs `request` when it is the turn of the namespace. Resolves or rejects with the result of `request`. */
  async run<T>(namespace: string, request: () => Promise<T>): Promise<T> {
    // A waiting request begins when it is taken from the queue, so that the limits hold at every moment.
    if (this.#inProgress < this.#max && !this.#isBusy(namespace)) this.#begin(namespace);
    else await this.#turn(namespace);
    try {
      return await request();
    } finally {
      this.#end(namespace);
    }
  }

  #turn(namespace: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(namespace, () => {
        this.#begin(namespace);
        resolve();
      });
    });
  }

  #begin(namespace: string): void {
    this.#inProgress++;
    this.#busy.set(namespace, (this.#busy.get(namespace) ?? 0) + 1);
  }

  #end(namespace: string): void {
    this.#inProgress--;
    const others = (this.#busy.get(namespace) ?? 1) - 1;
    if (others === 0) this.#busy.delete(namespace);
    else this.#busy.set(namespace, others);
    if (this.#inProgress < this.#max) this.#waiting.shift((each) => this.#isBusy(each))?.();
  }

  #isBusy(namespace: string): boolean {
    return (this.#busy.get(namespace) ?? 0) >= this.#maxPerNamespace;
  }
}
