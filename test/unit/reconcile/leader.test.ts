import { describe, expect, it } from '@jest/globals';
import { LeaderElector, type KubeObject, type ResourceType } from '../../../src/reconcile/index.ts';
import { FakeClock } from '../../support/reconcile/fake-clock.ts';
import { FakeCluster, lostReply, refusal } from '../../support/reconcile/fake-cluster.ts';

const leaseType: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
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
  enter(identity: string, clock = this.clock): LeaderElector {
    const elector = new LeaderElector({
      client: this.cluster,
      lease,
      identity,
      clock,
      random: () => 0,
      onLost: (reason) => this.events.push(`${identity} lost: ${reason}`),
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

  it('rejects durations that allow two leaders', () => {
    const { cluster: client, clock } = new Race();
    const make = (times: object) => () =>
      new LeaderElector({ client, lease, identity: 'a', clock, onLost: () => undefined, ...times });
    expect(make({ leaseMs: 10_000, renewDeadlineMs: 10_000 })).toThrow(RangeError);
    expect(make({ renewDeadlineMs: 2_000, retryMs: 2_000 })).toThrow(RangeError);
  });
});
