import { expect, it } from '@jest/globals';
import { judgeLeader, watchLease } from '../../../src/doctor/leader.ts';
import { LeaderElector, leaseType } from '../../../src/reconcile/index.ts';
import { FakeClock } from '../../support/reconcile/fake-clock.ts';
import { FakeCluster, refusal } from '../../support/reconcile/fake-cluster.ts';

const ref = { namespace: 'system', name: 'overlay-network' };

function election() {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const stopped = new AbortController();
  const elector = new LeaderElector({
    client: cluster,
    lease: ref,
    identity: 'a',
    clock,
    onLost: () => undefined,
  });
  return {
    clock,
    cluster,
    elector,
    lead: () => elector.acquire(stopped.signal),
    /** What doctor says, with this much time for it; undefined: nothing yet. */
    async findingWithin(ms: number, epoch?: string) {
      let finding: ReturnType<typeof judgeLeader> | undefined;
      void watchLease(cluster, ref, clock).then((leadership) => {
        finding = judgeLeader(leadership, epoch);
      });
      await clock.advance(ms);
      return finding;
    },
  };
}

it('takes a renewal for the sign that an operator leads, whatever the clocks say', async () => {
  const { clock, lead, findingWithin } = election();
  clock.wallOffsetMs = -3_600_000;
  await lead();
  expect(await findingWithin(3_000, '7/a')).toMatchObject({
    outcome: 'ok',
    found: 'a leads, and renews the Lease system/overlay-network.',
  });
});

it('waits as long as a candidate before it says that the holder is gone', async () => {
  const { cluster, lead, findingWithin } = election();
  await lead();
  cluster.failing = (call) => (call.startsWith('update') ? refusal(503, 'Unavailable') : undefined);
  expect(await findingWithin(14_000)).toBeUndefined();
  expect(await findingWithin(16_000)).toMatchObject({
    outcome: 'problem',
    found: 'No operator leads: a holds the Lease system/overlay-network, and has not renewed it for 15 s.',
  });
});

it('says at once that nobody holds the Lease', async () => {
  const { elector, lead, findingWithin } = election();
  expect(await findingWithin(0)).toMatchObject({
    outcome: 'problem',
    found: 'No operator leads: there is no Lease system/overlay-network.',
  });
  await lead();
  await elector.release();
  expect(await findingWithin(0)).toMatchObject({
    outcome: 'problem',
    found: expect.stringMatching(/is free/),
  });
});

it('notices that one leads and another was the last to take over the database', async () => {
  const { lead, findingWithin } = election();
  await lead();
  expect(await findingWithin(3_000, '8/b')).toMatchObject({
    outcome: 'warning',
    found: expect.stringMatching(/^a holds .* was b\.$/),
  });
});

it('does not say that all is well when it may not look', async () => {
  const { cluster, findingWithin } = election();
  cluster.failing = () => refusal(403, 'Forbidden');
  expect(await findingWithin(0)).toMatchObject({ outcome: 'warning' });
  expect(judgeLeader({ state: 'unelected' }, '1/a').outcome).toBe('warning');
  expect(cluster.calls).toEqual([`get ${leaseType.plural} system/overlay-network`]);
});
