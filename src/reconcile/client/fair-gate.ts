import { realClock, within } from '../../base/index.ts';
import { TurnQueue } from '../queue/turn-queue.ts';
import { abortedError, ConnectionError } from './errors.ts';

/** The time after a request of a namespace in which other namespaces have fewer requests, in ms. */
const COMPANY_MS = 1000;
/** The number of requests of a namespace at a time while other namespaces have requests too. */
const MAX_IN_COMPANY = 2;

/** What limits the wait of a request. */
interface Wait {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A request that waits for its turn. */
interface Waiting {
  readonly begin: () => void;
  hasBegun: boolean;
  isAbandoned: boolean;
}

/** The last request of a namespace. */
interface Use {
  readonly namespace: string;
  /** The time in ms. */
  readonly at: number;
}

/**
 * Limits the number of requests in progress. When requests wait, the namespaces take turns, and one namespace has at
 * most a share of all requests. While other namespaces have requests too, the share is small: the requests in progress
 * compete for the processors of the API server, so a neighbour would wait there and not here.
 */
export class FairGate {
  readonly #max: number;
  readonly #maxPerNamespace: number;
  readonly #now: () => number;
  readonly #waiting = new TurnQueue<Waiting>();
  /** Namespace → the number of its requests in progress. */
  readonly #busy = new Map<string, number>();
  #inProgress = 0;
  #newest: Use | undefined;
  /** The newest request of all namespaces except that of `#newest`. */
  #newestOfOthers: Use | undefined;

  /** `now` returns the time in ms. */
  constructor(max: number, maxPerNamespace: number, now = (): number => performance.now()) {
    this.#max = max;
    this.#maxPerNamespace = maxPerNamespace;
    this.#now = now;
  }

  /**
   * Runs `request` when it is the turn of the namespace. Resolves or rejects with the result of `request`.
   *
   * @throws ConnectionError TIMEOUT or ABORTED when the turn did not come; the request was not sent
   */
  async run<T>(
    namespace: string,
    request: () => Promise<T>,
    wait: Wait = { timeoutMs: Infinity },
  ): Promise<T> {
    // A waiting request begins when it is taken from the queue, so that the limits hold at every moment.
    if (this.#inProgress < this.#max && !this.#isBusy(namespace)) this.#begin(namespace);
    else await this.#turn(namespace, wait);
    try {
      return await request();
    } finally {
      this.#end(namespace);
    }
  }

  async #turn(namespace: string, { timeoutMs, signal }: Wait): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const waiting: Waiting = {
      begin: () => {
        waiting.hasBegun = true;
        this.#begin(namespace);
        resolve(undefined);
      },
      hasBegun: false,
      isAbandoned: false,
    };
    this.#waiting.push(namespace, waiting);
    try {
      await within({ clock: realClock, timeoutMs, signal, error: notSent }, () => promise);
    } catch (error) {
      waiting.isAbandoned = true;
      if (waiting.hasBegun) this.#end(namespace);
      throw error;
    }
  }

  #begin(namespace: string): void {
    this.#inProgress++;
    // Requests about cluster-scoped objects belong to no tenant.
    if (namespace !== '') this.#use(namespace);
    this.#busy.set(namespace, (this.#busy.get(namespace) ?? 0) + 1);
  }

  #end(namespace: string): void {
    this.#inProgress--;
    const others = (this.#busy.get(namespace) ?? 1) - 1;
    if (others === 0) this.#busy.delete(namespace);
    else this.#busy.set(namespace, others);
    // Several requests can begin if the namespace has no company any more.
    while (this.#inProgress < this.#max) {
      const next = this.#waiting.shift((each) => this.#isBusy(each));
      if (next === undefined) return;
      if (!next.isAbandoned) next.begin();
    }
  }

  #isBusy(namespace: string): boolean {
    const max = this.#hasCompany(namespace) ? MAX_IN_COMPANY : this.#maxPerNamespace;
    return (this.#busy.get(namespace) ?? 0) >= max;
  }

  #use(namespace: string): void {
    if (this.#newest?.namespace !== namespace) this.#newestOfOthers = this.#newest;
    this.#newest = { namespace, at: this.#now() };
  }

  /** Whether another namespace had a request recently. */
  #hasCompany(namespace: string): boolean {
    const other = this.#newest?.namespace === namespace ? this.#newestOfOthers : this.#newest;
    return other !== undefined && this.#now() - other.at < COMPANY_MS;
  }
}

const notSent = (end: 'timeout' | 'abort'): ConnectionError =>
  end === 'abort'
    ? abortedError(false)
    : new ConnectionError('TIMEOUT', 'earlier requests to the API server took too long', { sent: false });
