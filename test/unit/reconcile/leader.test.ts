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

  /** A candidate whose clock shows another wall time than the others'. */
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

describe('leader election', () => {
  it('takes a lease that is not there, and keeps it', async () => {
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

  it('lets one of two lead', async () => {
    const race = new Race();
    race.enter('a');
    race.enter('b');
    await race.clock.advance(120_000);
    expect(race.events).toHaveLength(1);
  });

  it('hands over at once when the holder lets go', async () => {
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

  it('waits for the whole lease, by its own clock, after the holder’s last sign of life', async () => {
    const race = new Race();
    race.enter('a');
    await race.clock.advance(5_000);
    // From now on a is cut off, while b is not.
    let isDead = false;
    const cluster = race.cluster;
    const b = new Race();
    cluster.failing = () => (isDead ? lostReply() : undefined);
    isDead = true;
    await race.clock.advance(11_000);
    expect(race.events).toEqual(['a leads', 'a lost: not renewed in time']);
    isDead = false;
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

  it('gives up before others may take over when the API server is away', async () => {
    const race = new Race();
    race.enter('a');
    await race.clock.advance(1_000);
    race.cluster.failing = () => lostReply();
    await race.clock.advance(15_000 - 2_000);
    expect(race.events).toEqual(['a leads', 'a lost: not renewed in time']);
  });

  it('survives a short outage and a lost reply', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(1_000);
    race.cluster.failing = () => refusal(500, 'InternalError');
    await race.clock.advance(6_000);
    race.cluster.failing = () => undefined;
    await race.clock.advance(10_000);
    // The write took effect, so its resourceVersion is not known to the writer.
    race.cluster.losing = (call) => (call.startsWith('update') ? lostReply() : undefined);
    await race.clock.advance(2_000);
    race.cluster.losing = () => undefined;
    await race.clock.advance(60_000);
    expect(race.events).toEqual(['a leads']);
    expect(a.isLeader).toBe(true);
  });

  it('notices at once that another has the lease', async () => {
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

  it('makes the lease again when somebody deletes it', async () => {
    const race = new Race();
    race.enter('a');
    await race.clock.advance(1_000);
    await race.cluster.delete(leaseType, lease);
    await race.clock.advance(6_000);
    expect(race.events).toEqual(['a leads']);
    expect((await race.spec()).holderIdentity).toBe('a');
  });

  it('does not take an annotation on the lease for a sign of life', async () => {
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

  it('confirms by the API server’s own word, which the holder may not have heard yet', async () => {
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

  it('confirms nothing before it leads, nor without an answer', async () => {
    const race = new Race();
    const a = race.enter('a');
    expect(await a.confirm()).toBe(false);
    await race.clock.advance(1_000);
    race.cluster.failing = () => lostReply();
    await expect(a.confirm()).rejects.toThrow();
  });

  it('stops trying when it is told to', async () => {
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

  it('releases a lease whose last renewal took effect without an answer', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(1_000);
    race.cluster.losing = () => lostReply();
    await race.clock.advance(2_000);
    race.cluster.losing = () => undefined;
    await a.release();
    expect(await race.spec()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
  });

  it('leaves the lease alone on release when it does not hold it', async () => {
    const race = new Race();
    race.enter('a');
    await race.clock.advance(1_000);
    const b = race.enter('b');
    await race.clock.advance(1_000);
    race.stopped.abort();
    await b.release();
    expect((await race.spec()).holderIdentity).toBe('a');
  });

  it('refuses times with which two could lead', () => {
    const { cluster: client, clock } = new Race();
    const make = (times: object) => () =>
      new LeaderElector({ client, lease, identity: 'a', clock, onLost: () => undefined, ...times });
    expect(make({ leaseMs: 10_000, renewDeadlineMs: 10_000 })).toThrow(RangeError);
    expect(make({ renewDeadlineMs: 2_000, retryMs: 2_000 })).toThrow(RangeError);
  });
});
