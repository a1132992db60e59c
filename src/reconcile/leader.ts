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

/** Settings of a {@link LeaderElector}; the defaults are client-go's. */
export interface LeaderElectorOptions {
  readonly client: KubeClient;
  readonly lease: ObjectRef & { readonly namespace: string };
  /** Unique among the candidates, e.g. the pod's name and a random part. */
  readonly identity: string;
  /** How long others wait after the last sign of life of the holder, in ms. */
  readonly leaseMs?: number;
  /** A holder that could not renew for this long gives up; shorter than `leaseMs`. */
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
  /** The lease is lost: whatever is done from now on may be done by two. Usually ends the process. */
  readonly onLost: (reason: string) => void;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Logger;
}

/**
 * Leader election by a Lease, as client-go does it (tools/leaderelection): never trusts a time that another
 * wrote, only how long, by its own monotonic clock, a record has not changed. It keeps two from leading at the
 * same time most of the time; what must never be done by two has to be fenced where it takes effect.
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
  /** The record as last seen, and since when it has been so. */
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
      throw new RangeError('leader election needs leaseMs > renewDeadlineMs > 1.2 × retryMs');
    }
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  /** Who holds the lease, as far as is known. */
  get holder(): string | undefined {
    return this.#observed?.lease.spec?.holderIdentity;
  }

  /** Resolves when the lease is held (it is renewed from then on), or when `signal` is aborted. */
  async acquire(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (await this.#tryOnce(this.#renewDeadlineMs, signal)) {
        this.#isLeader = true;
        this.#log.info('this process leads', { identity: this.#options.identity });
        this.#renewing = this.#renew();
        return;
      }
      await sleep(this.#clock, this.#retryMs * (1 + 1.2 * this.#random()), signal);
    }
  }

  /**
   * Asks the API server itself whether the lease is held here; for what must not be done on an old word, such as
   * after a pause. Rejects when it does not answer in time.
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

  /** Stops renewing, and lets go of the lease so that another need not wait for it to run out. Never rejects. */
  async release(): Promise<void> {
    this.#released.abort();
    await this.#renewing;
    if (!this.#isLeader || this.#observed === undefined) return;
    this.#isLeader = false;
    try {
      await this.#letGo(this.#observed.lease);
    } catch (error) {
      this.#log.warn('the lease could not be released: it will run out', errorFields(error));
    }
  }

  async #letGo(lease: Lease): Promise<void> {
    const { client, identity } = this.#options;
    const options = { timeoutMs: this.#renewDeadlineMs };
    // As client-go: a second, not none, because the field must be positive.
    const freed = (held: Lease): Lease => ({
      ...held,
      spec: { ...this.#record(held.spec), holderIdentity: '', leaseDurationSeconds: 1 },
    });
    try {
      await client.update<Lease>(leaseType, freed(lease), options);
    } catch (error) {
      if (!isConflict(error)) throw error;
      // A renewal that was given up, or whose answer was lost, has taken effect all the same.
      const renewed = await this.#look(options);
      if (renewed?.spec?.holderIdentity === identity)
        await client.update<Lease>(leaseType, freed(renewed), options);
    }
  }

  async #renew(): Promise<void> {
    const { signal } = this.#released;
    let renewedAt = this.#clock.now();
    for (;;) {
      await sleep(this.#clock, this.#retryMs, signal);
      const left = renewedAt + this.#renewDeadlineMs - this.#clock.now();
      const isRenewed = left > 0 && !signal.aborted && (await this.#tryOnce(left, signal));
      if (this.#released.signal.aborted) return;
      if (isRenewed) renewedAt = this.#clock.now();
      else if (this.#isHeldByAnother()) {
        this.#lose(`${this.holder ?? ''} took the lease`);
        return;
      } else if (this.#clock.now() - renewedAt >= this.#renewDeadlineMs) {
        this.#lose('not renewed in time');
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

  /** One try to take or renew the lease; whether it is held now. Failures are logged: the next try may do better. */
  async #tryOnce(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#takeOrRenew({ timeoutMs, signal });
    } catch (error) {
      // Somebody else was faster, or removed it: a look says what the next try has to do with.
      if (isConflict(error) || isAlreadyExists(error) || isNotFound(error))
        await this.#look({ timeoutMs, signal }).catch(() => undefined);
      else if (!signal.aborted) this.#log.warn('the lease could not be reached', errorFields(error));
      return false;
    }
  }

  async #takeOrRenew(options: { timeoutMs: number; signal: AbortSignal }): Promise<boolean> {
    const { client } = this.#options;
    // A leader knows the record: it is its own last write, unless the update finds otherwise.
    const lease = this.#isLeader ? this.#observed?.lease : await this.#look(options);
    if (lease === undefined) {
      const { namespace, name } = this.#options.lease;
      const body = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { namespace, name },
        spec: this.#record(undefined),
      };
      this.#see(await client.create<Lease>(leaseType, body, options));
      return true;
    }
    if (this.#isHeldByAnother() && !this.#hasRunOut(lease)) return false;
    this.#see(await client.update<Lease>(leaseType, { ...lease, spec: this.#record(lease.spec) }, options));
    return true;
  }

  async #look(options: RequestOptions): Promise<Lease | undefined> {
    try {
      const lease = await this.#options.client.get<Lease>(leaseType, this.#options.lease, options);
      this.#see(lease);
      return lease;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#observed = undefined;
      return undefined;
    }
  }

  /** The same record in a newer version of the object (somebody annotated it) is no sign of life. */
  #see(lease: Lease): void {
    const before = this.#observed;
    const isSame = before !== undefined && jsonEqual(before.lease.spec, lease.spec);
    this.#observed = { lease, at: isSame ? before.at : this.#clock.now() };
  }

  #hasRunOut(lease: Lease): boolean {
    const promisedMs = (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
    return this.#observed !== undefined && this.#clock.now() >= this.#observed.at + promisedMs;
  }

  /** The record that says that we hold the lease now. The times in it are for people. */
  #record(before: LeaseSpec | undefined): LeaseSpec {
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
