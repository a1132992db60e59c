import { describe, expect, it } from '@jest/globals';
import { mustParseAddress } from '../../../src/api/index.ts';
import { Pools } from '../../../src/controllers/pools/pools.ts';
import { controllerMetrics } from '../../../src/controllers/upkeep/metrics.ts';
import { orphanedRows, sweepOrphans } from '../../../src/controllers/upkeep/orphans.ts';
import { rebuildPools } from '../../../src/controllers/upkeep/rebuild.ts';
import { Sweeper } from '../../../src/controllers/upkeep/sweeper.ts';
import { ApiError, MetricsRegistry } from '../../../src/reconcile/index.ts';
import { portIn, subnet, vpc } from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { FakeClock } from '../../support/reconcile/fake-clock.ts';
import { takeAll } from '../../support/reconcile/steps.ts';

const silent = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 };

/** Returns a restarted operator that did not see the deletion of a Port. */
async function restarted() {
  const cluster = new OfflineCluster();
  cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
  cluster.apply(subnet('a'));
  cluster.apply(portIn('a', 'p'));
  await cluster.settle();
  const { uid } = cluster.get('Port', 'default/p')!.metadata;
  cluster.delete('Port', 'default/p');
  const pools = new Pools(cluster.env.settings, () => undefined);
  takeAll(rebuildPools({ ...cluster.env, pools }));
  const env = { ...cluster.env, pools };
  const metrics = new MetricsRegistry();
  const counters = controllerMetrics(metrics, env);
  const clock = new FakeClock();
  const sweeper = new Sweeper({
    clock,
    log: silent,
    sweep: () =>
      counters.sweeping(
        () => orphanedRows(env),
        () => sweepOrphans(env, 1, silent),
      ),
  });
  const subnetUid = cluster.get('Subnet', 'default/a')!.metadata.uid;
  return {
    cluster,
    sweeper,
    clock,
    /** The holder of the address of the deleted Port, the rows of the Port, and the exported numbers. */
    state: () => ({
      isHeld: pools.subnet(subnetUid)?.addresses.holder(mustParseAddress('10.9.255.2')) === uid,
      hasRows: cluster.writer.states.has(uid),
      left: valueOf(metrics, 'overlay_network_orphan_rows_left'),
      failed: valueOf(metrics, 'overlay_network_orphan_sweeps_failed_total'),
      removed: valueOf(metrics, 'overlay_network_orphans_removed_total'),
    }),
  };
}

const valueOf = (metrics: MetricsRegistry, name: string): number =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics.text())?.[1]);

describe('the sweep at the start', () => {
  const client = (cluster: OfflineCluster) =>
    cluster.env.client as { -readonly [K in 'get']: OfflineCluster['env']['client'][K] };

  it.each<[string, (cluster: OfflineCluster) => () => void]>([
    [
      'the API server answers',
      (cluster) => {
        const { get } = client(cluster);
        client(cluster).get = () => Promise.reject(new ApiError(503, { reason: 'ServiceUnavailable' }));
        return () => (client(cluster).get = get);
      },
    ],
    [
      'the Northbound database answers',
      (cluster) => {
        cluster.writer.down = true;
        return () => (cluster.writer.down = false);
      },
    ],
  ])('is repeated until %s; meanwhile the metrics count the rows', async (_what, fail) => {
    const { cluster, sweeper, clock, state } = await restarted();
    const recover = fail(cluster);
    await sweeper.run();
    await clock.advance(10_000);
    const { failed } = state();
    expect(failed).toBeGreaterThan(2);
    recover();
    expect(state()).toEqual({ isHeld: true, hasRows: true, left: 1, failed, removed: 0 });
    await clock.advance(60_000);
    expect(state()).toEqual({ isHeld: false, hasRows: false, left: 0, failed, removed: 1 });
    expect(clock.pending).toBe(0);
  });

  it('ends when the operator stops', async () => {
    const { cluster, sweeper, clock } = await restarted();
    client(cluster).get = () => Promise.reject(new ApiError(503, { reason: 'ServiceUnavailable' }));
    await sweeper.run();
    sweeper.stop();
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });
});

describe('a sweep', () => {
  it('that throws is repeated', async () => {
    const clock = new FakeClock();
    let sweeps = 0;
    const sweep = () => (++sweeps < 3 ? Promise.reject(new Error('no replica')) : Promise.resolve(true));
    await new Sweeper({ clock, log: silent, sweep }).run();
    await clock.advance(60_000);
    expect([sweeps, clock.pending]).toEqual([3, 0]);
  });

  it('that is wanted several times runs once, and again for a call during a sweep', async () => {
    const clock = new FakeClock();
    let sweeps = 0;
    const sweeper: Sweeper = new Sweeper({
      clock,
      log: silent,
      sweep: () => {
        if (++sweeps === 1) sweeper.soon();
        return Promise.resolve(true);
      },
    });
    sweeper.soon();
    sweeper.soon();
    await clock.advance(1000);
    expect(sweeps).toBe(1);
    await clock.advance(60_000);
    expect(sweeps).toBe(2);
  });
});
