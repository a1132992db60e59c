import { describe, expect, it } from '@jest/globals';
import {
  LeaderElector,
  type KubeObject,
  type LeaderElectorOptions,
  type RequestOptions,
  type ResourceType,
  namespaceType,
} from '../../../src/reconcile/index.ts';
import { FakeClock } from '../../support/reconcile/fake-clock.ts';
import { FakeCluster, lostReply, refusal } from '../../support/reconcile/fake-cluster.ts';
import { RecordingLog } from '../../support/reconcile/recording-log.ts';

const leaseType: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'system' } };
const lease = { namespace: 'system', name: 'operator' };

interface Lease extends KubeObject {
  readonly spec: { holderIdentity: string; leaseTransitions: number; leaseDurationSeconds: number };
}

class Race {
  readonly clock = new FakeClock();
  readonly cluster = new FakeCluster();
  readonly events: string[] = [];
  readonly stopped = new AbortController();

  /** Starts a candidate. */
  enter(identity: string, clock = this.clock, options: Partial<LeaderElectorOptions> = {}): LeaderElector {
    const elector = new LeaderElector({
      client: this.cluster,
      lease,
      identity,
      clock,
      random: () => 0,
      onLost: (reason) => this.events.push(`${identity} lost: ${reason}`),
      ...options,
    });
    void elector.acquire(this.stopped.signal).then(() => {
      if (elector.isLeader) this.events.push(`${identity} leads`);
    });
    return elector;
  }

  async spec(): Promise<Lease['spec']> {
    return (await this.cluster.get<Lease>(leaseType, lease)).spec;
  }
}

describe('LeaderElector', () => {
  it('creates a missing lease and renews it', async () => {
    const race = new Race();
    race.enter('a');
    await race.clock.advance(60_000);
    expect(race.events).toEqual(['a leads']);
    expect(await race.spec()).toMatchObject({
      holderIdentity: 'a',
      leaseTransitions: 0,
      leaseDurationSeconds: 15,
      renewTime: '2030-01-01T00:01:00.000000Z',
    });
  });

  it('elects only one of two candidates', async () => {
    const race = new Race();
    race.enter('a');
    race.enter('b');
    await race.clock.advance(120_000);
    expect(race.events).toHaveLength(1);
  });

  it('elects the next candidate immediately after the leader releases the lease', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(5_000);
    race.enter('b');
    await race.clock.advance(5_000);
    await a.release();
    expect(a.isLeader).toBe(false);
    await race.clock.advance(3_000);
    expect(race.events).toEqual(['a leads', 'b leads']);
    expect(await race.spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('takes a lease only after it was not renewed for its whole duration, by the candidate’s own clock', async () => {
    const race = new Race();
    race.enter('a');
    await race.clock.advance(5_000);
    // From now on the API server is unreachable for a, but not for b.
    let isCutOff = false;
    const cluster = race.cluster;
    const b = new Race();
    cluster.failing = () => (isCutOff ? lostReply() : undefined);
    isCutOff = true;
    await race.clock.advance(11_000);
    expect(race.events).toEqual(['a leads', 'a lost: the lease was not renewed in time']);
    isCutOff = false;
    const late = new LeaderElector({
      client: cluster,
      lease,
      identity: 'b',
      clock: b.clock,
      random: () => 0,
      onLost: () => undefined,
    });
    b.clock.wallOffsetMs = 3_600_000;
    void late.acquire(b.stopped.signal);
    await b.clock.advance(14_000);
    expect(late.isLeader).toBe(false);
    await b.clock.advance(2_100);
    expect(late.isLeader).toBe(true);
  });

  it('stops leading before other candidates can take the lease when the API server is unreachable', async () => {
    const race = new Race();
    race.enter('a');
    await race.clock.advance(1_000);
    race.cluster.failing = () => lostReply();
    await race.clock.advance(15_000 - 2_000);
    expect(race.events).toEqual(['a leads', 'a lost: the lease was not renewed in time']);
  });

  it('keeps leading after a short outage and a lost response', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(1_000);
    race.cluster.failing = () => refusal(500, 'InternalError');
    await race.clock.advance(6_000);
    race.cluster.failing = () => undefined;
    await race.clock.advance(10_000);
    // The write takes effect, but the elector does not receive the new resourceVersion.
    race.cluster.losing = (call) => (call.startsWith('update') ? lostReply() : undefined);
    await race.clock.advance(2_000);
    race.cluster.losing = () => undefined;
    await race.clock.advance(60_000);
    expect(race.events).toEqual(['a leads']);
    expect(a.isLeader).toBe(true);
  });

  it('stops leading at the next renewal after another process took the lease', async () => {
    const race = new Race();
    race.enter('a');
    await race.clock.advance(1_000);
    race.cluster.edit(leaseType, lease, (old) => ({
      ...old,
      spec: { ...(old.spec as object), holderIdentity: 'thief' },
    }));
    await race.clock.advance(2_000);
    expect(race.events).toEqual(['a leads', 'a lost: thief took the lease']);
  });

  it('creates the lease again after its deletion', async () => {
    const race = new Race();
    race.enter('a');
    await race.clock.advance(1_000);
    await race.cluster.delete(leaseType, lease);
    await race.clock.advance(6_000);
    expect(race.events).toEqual(['a leads']);
    expect((await race.spec()).holderIdentity).toBe('a');
  });

  it('does not count an annotation of the lease as a renewal', async () => {
    const race = new Race();
    const holder = new Race();
    const b = race.enter('b', race.clock);
    await race.clock.advance(0);
    race.cluster.edit(leaseType, lease, (old) => ({
      ...old,
      spec: { ...(old.spec as object), holderIdentity: 'dead' },
    }));
    await race.clock.advance(2_000);
    expect(b.isLeader).toBe(false);
    const next = new LeaderElector({
      client: race.cluster,
      lease,
      identity: 'c',
      clock: holder.clock,
      random: () => 0,
      onLost: () => undefined,
    });
    void next.acquire(holder.stopped.signal);
    for (let i = 0; i < 17; i++) {
      await holder.clock.advance(1_000);
      race.cluster.edit(leaseType, lease, (old) => ({
        ...old,
        metadata: { ...old.metadata, annotations: { tick: String(i) } },
      }));
    }
    expect(next.isLeader).toBe(true);
  });

  it('confirms with a read from the API server, also before the leader has noticed a change', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(1_000);
    expect(await a.confirm()).toBe(true);
    race.cluster.edit(leaseType, lease, (old) => ({
      ...old,
      spec: { ...(old.spec as object), holderIdentity: 'b' },
    }));
    expect([a.isLeader, await a.confirm()]).toEqual([true, false]);
  });

  it('does not confirm before it leads, and rejects when the API server does not answer', async () => {
    const race = new Race();
    const a = race.enter('a');
    expect(await a.confirm()).toBe(false);
    await race.clock.advance(1_000);
    race.cluster.failing = () => lostReply();
    await expect(a.confirm()).rejects.toThrow();
  });

  it('stops trying after an abort', async () => {
    const race = new Race();
    race.enter('a');
    await race.clock.advance(1_000);
    const b = race.enter('b');
    await race.clock.advance(1_000);
    race.stopped.abort();
    await race.clock.advance(100_000);
    expect(b.isLeader).toBe(false);
    expect(race.events).toEqual(['a leads']);
  });

  it('releases a lease whose last renewal took effect without a response', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(1_000);
    race.cluster.losing = () => lostReply();
    await race.clock.advance(2_000);
    race.cluster.losing = () => undefined;
    await a.release();
    expect(await race.spec()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
  });

  it('does not change the lease on release when it does not hold the lease', async () => {
    const race = new Race();
    race.enter('a');
    await race.clock.advance(1_000);
    const b = race.enter('b');
    await race.clock.advance(1_000);
    race.stopped.abort();
    await b.release();
    expect((await race.spec()).holderIdentity).toBe('a');
  });

  describe('with a client that does not answer', () => {
    /** A cluster that records the options of updates. While `hangs` is true, updates never settle and ignore aborts. */
    class HangingCluster extends FakeCluster {
      hangs = true;
      readonly attempts: RequestOptions[] = [];

      override update<T extends KubeObject>(
        type: ResourceType,
        object: T,
        options: RequestOptions = {},
      ): Promise<T> {
        this.attempts.push(options);
        return this.hangs ? new Promise<T>(() => undefined) : super.update(type, object);
      }
    }

    it('gives an attempt at most half of the renew deadline, and renews on a new connection', async () => {
      const race = new Race();
      const client = new HangingCluster();
      race.enter('a', race.clock, { client });
      await race.clock.advance(6_900);
      expect(client.attempts.map(({ hasOwnConnection }) => hasOwnConnection)).toEqual([false]);
      client.hangs = false;
      await race.clock.advance(60_000);
      expect(client.attempts.map(({ hasOwnConnection }) => hasOwnConnection).slice(0, 4)).toEqual([
        ...[false, true],
        ...[false, false],
      ]);
      expect(Math.max(...client.attempts.map(({ timeoutMs }) => timeoutMs ?? Infinity))).toBe(5_000);
      expect(race.events).toEqual(['a leads']);
    });

    it('leaves time for a second attempt whatever the settings', async () => {
      const race = new Race();
      const client = new HangingCluster();
      race.enter('a', race.clock, { client, renewDeadlineMs: 10_000, retryMs: 8_300 });
      await race.clock.advance(9_900);
      expect(client.attempts).toHaveLength(2);
    });

    it('stops leading at the renew deadline, and a release does not wait', async () => {
      const race = new Race();
      const client = new HangingCluster();
      const a = race.enter('a', race.clock, { client });
      await race.clock.advance(9_900);
      expect(a.isLeader).toBe(true);
      await race.clock.advance(100);
      expect([a.isLeader, race.events]).toEqual([
        false,
        ['a leads', 'a lost: the lease was not renewed in time'],
      ]);

      const other = new HangingCluster();
      const b = race.enter('b', race.clock, { client: other });
      await race.clock.advance(3_000);
      let isReleased = false;
      void b.release().then(() => (isReleased = true));
      await race.clock.advance(5_000);
      expect([other.attempts.length, isReleased]).toEqual([2, true]);
    });
  });

  describe('that is not able to work', () => {
    it('offers the lease, and an able candidate takes the lease', async () => {
      const race = new Race();
      let isAble = true;
      race.enter('a', race.clock, { isAble: () => isAble, offerMs: 20_000 });
      await race.clock.advance(1_000);
      race.enter('b', race.clock, { isAble: () => true });
      await race.clock.advance(60_000);
      isAble = false;
      await race.clock.advance(20_000);
      expect(race.events).toEqual(['a leads']);
      await race.clock.advance(8_000);
      expect(race.events).toEqual(['a leads', 'b leads', 'a lost: b took the lease']);
      await race.clock.advance(60_000);
      expect(race.events).toHaveLength(3);
    });

    it('keeps the lease while no candidate is able, and stops to offer when it is able again', async () => {
      const race = new Race();
      let [isAble, isOtherAble] = [false, false];
      race.enter('a', race.clock, { isAble: () => isAble });
      await race.clock.advance(5_000);
      expect(race.events).toEqual([]);
      isAble = true;
      await race.clock.advance(5_000);
      race.enter('b', race.clock, { isAble: () => isOtherAble });
      isAble = false;
      await race.clock.advance(300_000);
      expect(race.events).toEqual(['a leads']);
      isAble = true;
      await race.clock.advance(2_000);
      isOtherAble = true;
      await race.clock.advance(60_000);
      expect(race.events).toEqual(['a leads']);
    });
  });

  describe('whose writes the API server refuses', () => {
    it('reports that the namespace of the lease does not exist', async () => {
      const race = new Race();
      const log = new RecordingLog();
      race.cluster.failing = (call) =>
        call.startsWith('create leases') ? refusal(404, 'NotFound') : undefined;
      const a = race.enter('a', race.clock, { log });
      await race.clock.advance(1_000);
      const problem = 'the namespace system of the Lease does not exist: create the namespace, or correct';
      expect(a.problem).toContain(problem);
      expect(log.lines).toContainEqual(
        expect.objectContaining({ level: 'warn', error: expect.stringContaining(problem) }),
      );
      await race.cluster.create(namespaceType, namespace);
      await race.clock.advance(3_000);
      expect(a.problem).toBe('NotFound');
      race.cluster.failing = () => undefined;
      await race.clock.advance(3_000);
      expect([a.isLeader, a.problem]).toEqual([true, undefined]);
    });

    it.each([
      [403, 'Forbidden'],
      [409, 'Conflict'],
      [422, 'Invalid'],
    ])('reports an answer with %i if nobody changed the lease', async (code, reason) => {
      const race = new Race();
      await race.cluster.create(namespaceType, namespace);
      const a = race.enter('a');
      await race.clock.advance(1_000);
      race.cluster.failing = (call) => (call.startsWith('update') ? refusal(code, reason) : undefined);
      await race.clock.advance(3_000);
      expect([a.isLeader, a.problem]).toEqual([true, reason]);
      await race.clock.advance(8_000);
      expect(race.events).toEqual(['a leads', 'a lost: the lease was not renewed in time']);
    });

    it('reports an API server that does not answer only after the renew deadline', async () => {
      const race = new Race();
      race.cluster.failing = () => lostReply();
      const a = race.enter('a');
      await race.clock.advance(9_000);
      expect(a.problem).toBeUndefined();
      await race.clock.advance(3_000);
      expect(a.problem).toBe('the response was lost');
    });
  });

  it('rejects durations that allow two leaders', () => {
    const { cluster: client, clock } = new Race();
    const make = (times: object) => () =>
      new LeaderElector({ client, lease, identity: 'a', clock, onLost: () => undefined, ...times });
    expect(make({ leaseMs: 10_000, renewDeadlineMs: 10_000 })).toThrow(RangeError);
    expect(make({ renewDeadlineMs: 2_000, retryMs: 2_000 })).toThrow(RangeError);
  });
});
