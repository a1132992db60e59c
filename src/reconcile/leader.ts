import {
  type Clock,
  type Logger,
  type Random,
  errorFields,
  jsonEqual,
  microTime,
  realClock,
  silentLogger,
  sleep,
  within,
} from '../base/index.ts';
import type { KubeClient, RequestOptions } from './client/client.ts';
import { abortedError, ConnectionError, isConflict, isPerhapsStale } from './client/errors.ts';
import { readAgain } from './client/read-again.ts';
import { claimedLease, claimedSpec, isOffered, leaseType, type Lease } from './lease.ts';
import { LeaseFailures } from './lease-failures.ts';
import { leaseProblem } from './lease-problem.ts';
import type { ObjectRef } from './types.ts';

/** Settings of a {@link LeaderElector}. The defaults are those of client-go. */
export interface LeaderElectorOptions {
  /** A client for the elector only. Other requests must not delay those for the lease. */
  readonly client: KubeClient;
  readonly lease: ObjectRef & { readonly namespace: string };
  /** A unique name of the candidate, for example the name of the pod and a random part. */
  readonly identity: string;
  /** The time that other candidates wait after the last renewal before they take the lease, in ms. */
  readonly leaseMs?: number;
  /** A leader that cannot renew the lease for this time stops leading, in ms; shorter than `leaseMs`. */
  readonly renewDeadlineMs?: number;
  /** The time between two attempts to acquire or renew the lease, in ms. */
  readonly retryMs?: number;
  /** Whether this process could do the work of the leader now; the default is always. */
  readonly isAble?: () => boolean;
  /** A leader that is not able to work for this time offers the lease to a candidate that is able, in ms. */
  readonly offerMs?: number;
  /**
   * Called when the leader loses the lease. From then on another process can lead at the same time, so the
   * callback usually ends the process.
   */
  readonly onLost: (reason: string) => void;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Logger;
}

/**
 * Leader election with a Lease, like client-go (tools/leaderelection). The elector does not trust the
 * timestamps of other processes. It measures with its own monotonic clock for how long a lease record has not
 * changed.
 *
 * An attempt to acquire or renew the lease takes at most half of the renew deadline, whatever the client does, and the
 * attempt after a failed one uses a new connection. So a connection or a credential plugin that hangs does not use up
 * the deadline.
 *
 * A leader that is not able to work offers the lease, and keeps the lease until an able candidate takes it. So two
 * processes that are not able do not take the lease in turns.
 *
 * The election does not guarantee a single leader at every moment. Operations that two processes must never
 * execute need a fence at the place where they take effect.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #leaseMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  readonly #released = new AbortController();
  readonly #failures: LeaseFailures;
  /** The last observed lease, and the time since which its record is unchanged. */
  #observed: { readonly lease: Lease; readonly at: number } | undefined;
  #isLeader = false;
  #renewedAt = 0;
  #renewing: Promise<void> | undefined;
  /** The time since which this leader is not able to work. */
  #unableSince: number | undefined;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#random = options.random ?? Math.random;
    this.#log = options.log ?? silentLogger;
    this.#failures = new LeaseFailures(this.#clock, this.#log);
    this.#leaseMs = options.leaseMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 2_000;
    if (this.#leaseMs <= this.#renewDeadlineMs || this.#renewDeadlineMs <= this.#retryMs * 1.2) {
      throw new RangeError('leader election requires leaseMs > renewDeadlineMs > 1.2 × retryMs');
    }
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  /** The identity of the holder in the last observed lease. */
  get holder(): string | undefined {
    return this.#observed?.lease.spec?.holderIdentity;
  }

  /**
   * Why this process can neither acquire nor renew the lease, for users; undefined without a problem. An API server that
   * does not answer counts as a problem after the renew deadline.
   */
  get problem(): string | undefined {
    return this.#failures.problem(this.#renewDeadlineMs);
  }

  /** Whether this process believes to lead although another process may have taken the expired lease. */
  get isOverdue(): boolean {
    return this.#isLeader && this.#clock.now() - this.#renewedAt >= this.#leaseMs;
  }

  /**
   * Resolves when this process holds the lease, or when `signal` is aborted. Starts to renew a held lease.
   */
  async acquire(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (await this.#tryAcquireOrRenew(this.#renewDeadlineMs / 2, signal)) {
        this.#isLeader = true;
        this.#log.info('became leader', { identity: this.#options.identity });
        this.#renewing = this.#renewLoop();
        return;
      }
      await sleep(this.#clock, this.#retryMs * (1 + 1.2 * this.#random()), signal);
    }
  }

  /**
   * Reads the lease from the API server and checks whether this process holds it. Callers use this check
   * before operations that must not rely on an old observation, for example after a pause of the process.
   *
   * @throws ApiError when the API server rejects the request
   * @throws ConnectionError when the API server does not answer in time
   */
  async confirm(): Promise<boolean> {
    const { client, lease, identity } = this.#options;
    return this.#limited(this.#renewDeadlineMs, this.#released.signal, async (options) => {
      const found = await readAgain<Lease>(client, leaseType, lease, options);
      return this.#isLeader && found?.spec?.holderIdentity === identity;
    });
  }

  /**
   * Stops renewing and releases the lease, so that another candidate can take it immediately. Never rejects.
   */
  async release(): Promise<void> {
    this.#released.abort();
    await this.#renewing;
    const held = this.#observed?.lease;
    if (!this.#isLeader || held === undefined) return;
    this.#isLeader = false;
    try {
      const { signal } = new AbortController();
      await this.#limited(this.#renewDeadlineMs / 2, signal, (options) => this.#releaseLease(held, options));
    } catch (error) {
      this.#log.warn('failed to release the lease, it will expire', errorFields(error));
    }
  }

  async #releaseLease(lease: Lease, options: RequestOptions): Promise<void> {
    const { client, identity } = this.#options;
    // One second, as in client-go, because the field must be positive.
    const released = (held: Lease): Lease => {
      const claimed = claimedLease(held, this.#claim(false));
      return { ...claimed, spec: { ...claimed.spec, holderIdentity: '', leaseDurationSeconds: 1 } };
    };
    try {
      await client.update<Lease>(leaseType, released(lease), options);
    } catch (error) {
      if (!isConflict(error)) throw error;
      // An aborted renewal, or a renewal whose response was lost, took effect and changed the
      // resourceVersion.
      const renewed = await readAgain<Lease>(client, leaseType, lease.metadata, options);
      if (renewed?.spec?.holderIdentity === identity)
        await client.update<Lease>(leaseType, released(renewed), options);
    }
  }

  async #renewLoop(): Promise<void> {
    const { signal } = this.#released;
    this.#renewedAt = this.#clock.now();
    for (let pauseMs = this.#retryMs; ;) {
      await sleep(this.#clock, Math.max(0, Math.min(pauseMs, this.#leftMs())), signal);
      if (signal.aborted) return;
      const [started, attemptMs] = [this.#clock.now(), this.#attemptMs()];
      const isRenewed = attemptMs > 0 && (await this.#tryAcquireOrRenew(attemptMs, signal));
      if (this.#released.signal.aborted) return;
      if (isRenewed) this.#renewedAt = this.#clock.now();
      else if (this.#isHeldByAnother()) {
        this.#lose(`${this.holder ?? ''} took the lease`);
        return;
      } else if (this.#leftMs() <= 0) {
        this.#lose('the lease was not renewed in time');
        return;
      }
      // After an attempt without an answer, the next one follows at once.
      const hasNoAnswer = !isRenewed && this.#clock.now() - started >= attemptMs;
      pauseMs = hasNoAnswer ? 0 : this.#retryMs;
    }
  }

  /** The time until this leader must have renewed the lease, in ms. */
  #leftMs(): number {
    return this.#renewedAt + this.#renewDeadlineMs - this.#clock.now();
  }

  /** The deadline of the next renewal, in ms. The first one leaves a third of the time to the second one. */
  #attemptMs(): number {
    const left = this.#leftMs();
    return Math.min(this.#renewDeadlineMs / 2, this.#failures.any ? left : (left * 2) / 3);
  }

  #lose(reason: string): void {
    this.#isLeader = false;
    this.#options.onLost(reason);
  }

  #isHeldByAnother(): boolean {
    const { holder } = this;
    return holder !== undefined && holder !== '' && holder !== this.#options.identity;
  }

  /** Runs requests with a deadline. The request after a failed connection uses a new connection. */
  #limited<R>(
    timeoutMs: number,
    outer: AbortSignal,
    work: (options: RequestOptions) => Promise<R>,
  ): Promise<R> {
    const error = (end: 'timeout' | 'abort'): Error =>
      end === 'abort'
        ? abortedError(true)
        : new ConnectionError('TIMEOUT', `the API server did not answer within ${Math.round(timeoutMs)} ms`, {
            sent: true,
          });
    const hasOwnConnection = this.#failures.isConnectionSuspect;
    return within({ clock: this.#clock, timeoutMs, signal: outer, error }, (signal) =>
      work({ timeoutMs, signal, hasOwnConnection }),
    );
  }

  /**
   * Attempts to acquire or renew the lease. Logs a failure.
   *
   * @returns whether this process holds the lease
   */
  async #tryAcquireOrRenew(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const { client, lease } = this.#options;
    let problem: string | undefined;
    try {
      const isHeld = await this.#limited(timeoutMs, signal, async (options) => {
        try {
          return await this.#acquireOrRenew(options);
        } catch (error) {
          if (isPerhapsStale(error) && (await this.#isOvertaken(options))) return false;
          problem = await leaseProblem(client, lease.namespace, error, options);
          throw error;
        }
      });
      this.#failures.clear();
      return isHeld;
    } catch (error) {
      if (!signal.aborted) this.#failures.add(error, problem);
      return false;
    }
  }

  /**
   * Whether another process changed, created or deleted the lease since the last observation. Otherwise the API server
   * refused the write for another reason. The read provides the state for the next attempt.
   */
  async #isOvertaken(options: RequestOptions): Promise<boolean> {
    const before = this.#observed?.lease.metadata.resourceVersion;
    return (await this.#read(options))?.metadata.resourceVersion !== before;
  }

  async #acquireOrRenew(options: RequestOptions): Promise<boolean> {
    const { client } = this.#options;
    // The leader does not need a read: its last write is current, or the update fails with a conflict.
    const lease = this.#isLeader ? this.#observed?.lease : await this.#read(options);
    if (!this.#mayClaim(lease)) return false;
    if (lease === undefined) {
      const { namespace, name } = this.#options.lease;
      const body = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { namespace, name },
        spec: claimedSpec(undefined, this.#claim(false)),
      };
      this.#observe(await client.create<Lease>(leaseType, body, options));
      return true;
    }
    const claimed = claimedLease(lease, this.#claim(this.#offers(lease)));
    this.#observe(await client.update<Lease>(leaseType, claimed, options));
    return true;
  }

  #mayClaim(lease: Lease | undefined): boolean {
    if (this.#isLeader && !this.#isHeldByAnother()) return true;
    if (this.#options.isAble?.() === false) return false;
    return lease === undefined || !this.#isHeldByAnother() || this.#isExpired(lease) || isOffered(lease);
  }

  /** Whether this leader offers the lease because it has not been able to work for some time. */
  #offers(lease: Lease): boolean {
    const { isAble, offerMs = 20_000 } = this.#options;
    if (!this.#isLeader || isAble?.() !== false) {
      this.#unableSince = undefined;
      return false;
    }
    this.#unableSince ??= this.#clock.now();
    const offers = this.#clock.now() - this.#unableSince >= offerMs;
    if (offers && !isOffered(lease))
      this.#log.warn('this leader cannot work, and offers the lease to a standby that can', { offerMs });
    return offers;
  }

  async #read(options: RequestOptions): Promise<Lease | undefined> {
    const { client, lease: ref } = this.#options;
    const lease = await readAgain<Lease>(client, leaseType, ref, options);
    if (lease === undefined) this.#observed = undefined;
    else this.#observe(lease);
    return lease;
  }

  /** A change of the object without a change of its spec, such as an annotation, is not a renewal. */
  #observe(lease: Lease): void {
    const before = this.#observed;
    const isSame = before !== undefined && jsonEqual(before.lease.spec, lease.spec);
    this.#observed = { lease, at: isSame ? before.at : this.#clock.now() };
  }

  #isExpired(lease: Lease): boolean {
    const durationMs = (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
    return this.#observed !== undefined && this.#clock.now() >= this.#observed.at + durationMs;
  }

  #claim(offered: boolean) {
    const { identity } = this.#options;
    return { identity, now: microTime(this.#clock.date()), leaseMs: this.#leaseMs, offered };
  }
}
