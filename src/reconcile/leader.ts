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
} from '../base/index.ts';
import type { KubeClient, RequestOptions } from './client/client.ts';
import { isAlreadyExists, isConflict, isNotFound } from './client/errors.ts';
import { leaseType, type Lease, type LeaseSpec } from './lease.ts';
import type { ObjectRef } from './types.ts';

/** Settings of a {@link LeaderElector}. The defaults are those of client-go. */
export interface LeaderElectorOptions {
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
  /** The last observed lease, and the time since which its record is unchanged. */
  #observed: { readonly lease: Lease; readonly at: number } | undefined;
  #isLeader = false;
  #renewing: Promise<void> | undefined;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#random = options.random ?? Math.random;
    this.#log = options.log ?? silentLogger;
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
   * Resolves when this process holds the lease, or when `signal` is aborted. Starts to renew a held lease.
   */
  async acquire(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (await this.#tryAcquireOrRenew(this.#renewDeadlineMs, signal)) {
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
    const options = { timeoutMs: this.#renewDeadlineMs, signal: this.#released.signal };
    try {
      const { spec } = await client.get<Lease>(leaseType, lease, options);
      return this.#isLeader && spec?.holderIdentity === identity;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /**
   * Stops renewing and releases the lease, so that another candidate can take it immediately. Never rejects.
   */
  async release(): Promise<void> {
    this.#released.abort();
    await this.#renewing;
    if (!this.#isLeader || this.#observed === undefined) return;
    this.#isLeader = false;
    try {
      await this.#releaseLease(this.#observed.lease);
    } catch (error) {
      this.#log.warn('failed to release the lease, it will expire', errorFields(error));
    }
  }

  async #releaseLease(lease: Lease): Promise<void> {
    const { client, identity } = this.#options;
    const options = { timeoutMs: this.#renewDeadlineMs };
    // One second, as in client-go, because the field must be positive.
    const released = (held: Lease): Lease => ({
      ...held,
      spec: { ...this.#newSpec(held.spec), holderIdentity: '', leaseDurationSeconds: 1 },
    });
    try {
      await client.update<Lease>(leaseType, released(lease), options);
    } catch (error) {
      if (!isConflict(error)) throw error;
      // An aborted renewal, or a renewal whose response was lost, took effect and changed the
      // resourceVersion.
      const renewed = await this.#read(options);
      if (renewed?.spec?.holderIdentity === identity)
        await client.update<Lease>(leaseType, released(renewed), options);
    }
  }

  async #renewLoop(): Promise<void> {
    const { signal } = this.#released;
    let renewedAt = this.#clock.now();
    for (;;) {
      await sleep(this.#clock, this.#retryMs, signal);
      const left = renewedAt + this.#renewDeadlineMs - this.#clock.now();
      const isRenewed = left > 0 && !signal.aborted && (await this.#tryAcquireOrRenew(left, signal));
      if (this.#released.signal.aborted) return;
      if (isRenewed) renewedAt = this.#clock.now();
      else if (this.#isHeldByAnother()) {
        this.#lose(`${this.holder ?? ''} took the lease`);
        return;
      } else if (this.#clock.now() - renewedAt >= this.#renewDeadlineMs) {
        this.#lose('the lease was not renewed in time');
        return;
      }
    }
  }

  #lose(reason: string): void {
    this.#isLeader = false;
    this.#options.onLost(reason);
  }

  #isHeldByAnother(): boolean {
    const { holder } = this;
    return holder !== undefined && holder !== '' && holder !== this.#options.identity;
  }

  /**
   * Attempts to acquire or renew the lease. Logs a failure.
   *
   * @returns whether this process holds the lease
   */
  async #tryAcquireOrRenew(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#acquireOrRenew({ timeoutMs, signal });
    } catch (error) {
      // Another process changed or deleted the lease. The read provides the state for the next attempt.
      if (isConflict(error) || isAlreadyExists(error) || isNotFound(error))
        await this.#read({ timeoutMs, signal }).catch(() => undefined);
      else if (!signal.aborted)
        this.#log.warn('failed to acquire or renew the lease, will retry', errorFields(error));
      return false;
    }
  }

  async #acquireOrRenew(options: { timeoutMs: number; signal: AbortSignal }): Promise<boolean> {
    const { client } = this.#options;
    // The leader does not need a read: its last write is current, or the update fails with a conflict.
    const lease = this.#isLeader ? this.#observed?.lease : await this.#read(options);
    if (lease === undefined) {
      const { namespace, name } = this.#options.lease;
      const body = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { namespace, name },
        spec: this.#newSpec(undefined),
      };
      this.#observe(await client.create<Lease>(leaseType, body, options));
      return true;
    }
    if (this.#isHeldByAnother() && !this.#isExpired(lease)) return false;
    this.#observe(
      await client.update<Lease>(leaseType, { ...lease, spec: this.#newSpec(lease.spec) }, options),
    );
    return true;
  }

  async #read(options: RequestOptions): Promise<Lease | undefined> {
    try {
      const lease = await this.#options.client.get<Lease>(leaseType, this.#options.lease, options);
      this.#observe(lease);
      return lease;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#observed = undefined;
      return undefined;
    }
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

  /** The spec of a lease that this process holds. The timestamps are informative. */
  #newSpec(before: LeaseSpec | undefined): LeaseSpec {
    const now = microTime(this.#clock.date());
    const isOurs = before?.holderIdentity === this.#options.identity;
    const transitions = before?.leaseTransitions ?? 0;
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#leaseMs / 1000),
      acquireTime: isOurs ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: isOurs || before === undefined ? transitions : transitions + 1,
    };
  }
}
