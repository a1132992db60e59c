import { expect, it } from '@jest/globals';
import { evaluateLeader, watchLease } from '../../../src/doctor/leader.ts';
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
    /** The finding of doctor after `ms`; undefined when doctor still watches. */
    async findingWithin(ms: number, epoch?: string) {
      let finding: ReturnType<typeof evaluateLeader> | undefined;
      void watchLease(cluster, ref, clock).then((leadership) => {
        finding = evaluateLeader(leadership, epoch);
      });
      await clock.advance(ms);
      return finding;
    },
  };
}

it('doctor accepts a renewal as proof of a leader, even when the clocks differ', async () => {
  const { clock, lead, findingWithin } = election();
  clock.wallOffsetMs = -3_600_000;
  await lead();
  expect(await findingWithin(3_000, '7/a')).toMatchObject({
    outcome: 'ok',
    found: 'a leads and renews the Lease system/overlay-network.',
  });
});

it('doctor waits for the duration of the Lease before it reports that the holder is gone', async () => {
  const { cluster, lead, findingWithin } = election();
  await lead();
  cluster.failing = (call) => (call.startsWith('update') ? refusal(503, 'Unavailable') : undefined);
  expect(await findingWithin(14_000)).toBeUndefined();
  expect(await findingWithin(16_000)).toMatchObject({
    outcome: 'problem',
    found: 'No operator leads: a holds the Lease system/overlay-network but did not renew it for 15 s.',
  });
});

it('doctor reports at once a missing Lease and a Lease without a holder', async () => {
  const { elector, lead, findingWithin } = election();
  expect(await findingWithin(0)).toMatchObject({
    outcome: 'problem',
    found: 'No operator leads: the Lease system/overlay-network does not exist.',
  });
  await lead();
  await elector.release();
  expect(await findingWithin(0)).toMatchObject({
    outcome: 'problem',
    found: expect.stringMatching(/is free/),
  });
});

it('doctor warns when the last takeover of the database is not by the holder of the Lease', async () => {
  const { lead, findingWithin } = election();
  await lead();
  expect(await findingWithin(3_000, '8/b')).toMatchObject({
    outcome: 'warning',
    found: expect.stringMatching(/^a holds .* is b\.$/),
  });
});

it('doctor warns when it may not read the Lease, and when leader election is disabled', async () => {
  const { cluster, findingWithin } = election();
  cluster.failing = () => refusal(403, 'Forbidden');
  expect(await findingWithin(0)).toMatchObject({ outcome: 'warning' });
  expect(evaluateLeader({ state: 'disabled' }, '1/a').outcome).toBe('warning');
  expect(cluster.calls).toEqual([`get ${leaseType.plural} system/overlay-network`]);
});
