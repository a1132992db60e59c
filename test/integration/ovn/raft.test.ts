import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Cleanup,
  connect,
  nbctl,
  ownerOf,
  lspRow,
  portState,
  startNbCluster,
  subnet,
  subnetState,
  switchRow,
  until,
} from './support.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const ports = Array.from({ length: 300 }, (_, index) => ownerOf('Port', `vm-${index}`));

/** Small transactions, and a deadline that is longer than an election. */
const electionOptions = {
  rowsPerTransaction: 10,
  reconnectDeadlineMs: 25_000,
  backoff: { baseMs: 20, maxMs: 200 },
  // A restarted server may not know the last transaction of the client.
  onFenced: () => 'retake' as const,
};

/**
 * Applies all ports, ten at a time, and calls `happen` after `at` ports. Returns the number of failed
 * transactions.
 */
async function applyAll(
  { applier, reports }: Awaited<ReturnType<typeof connect>>,
  at: number,
  happen: () => Promise<void>,
): Promise<number> {
  let written = 0;
  let happening: Promise<void> | undefined;
  const queue = ports.values();
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      for (const port of queue) {
        await applier.apply(port, portState(port));
        if (++written === at) happening = happen();
      }
    }),
  );
  await happening;
  return reports.filter(({ ok }) => !ok).length;
}

describe('apply with a raft cluster', () => {
  it('writes every row exactly once when the leader is killed, and when the next leader is killed', async () => {
    const cluster = await startNbCluster(cleanup);
    const operator = await connect(cleanup, cluster.remotes, electionOptions);
    await operator.applier.apply(subnet, subnetState);
    const killed: number[] = [];
    await applyAll(operator, 60, async () => {
      const leader = await cluster.leaderIndex();
      killed.push(leader);
      await cluster.node(leader).kill();
    });
    expect(killed).toHaveLength(1);
    const { replica } = operator.client;
    expect(replica.count('Logical_Switch_Port')).toBe(ports.length);
    expect(replica.get('Logical_Switch', switchRow)?.['ports']).toEqual(new Set(ports.map(lspRow)));
    expect(operator.drift).toEqual([]);
    expect(operator.fence.epoch).toBe(1);

    await cluster.node(killed[0]!).start();
    const next = await cluster.leaderIndex();
    await Promise.all([
      cluster.node(next).kill(),
      ...ports.map((port) => operator.applier.apply(port, portState(port, { addresses: ['dynamic'] }))),
    ]);
    expect(
      [...replica.rows('Logical_Switch_Port')].map((row) => [...(row['addresses'] as Set<string>)][0]),
    ).toEqual(ports.map(() => 'dynamic'));
    await cluster.leaderIndex();
    const listed = await nbctl(cluster.remotes, 'lsp-list', 'on_web');
    expect(listed.trim().split('\n')).toHaveLength(ports.length);
    expect(operator.reports.filter(({ ok }) => ok).every(({ rows }) => rows <= 10)).toBe(true);
  }, 90_000);

  it.each(['crash-before-sending-append-request', 'crash-after-sending-append-request'])(
    'writes every row exactly once when the leader fails with %s and its reply is lost',
    async (crash) => {
      const cluster = await startNbCluster(cleanup);
      const operator = await connect(cleanup, cluster.remotes, electionOptions);
      await operator.applier.apply(subnet, subnetState);
      const failed = await applyAll(operator, 60, async () => {
        const leader = cluster.node(await cluster.leaderIndex());
        const gone = leader.exited();
        await leader.appctl('cluster/failure-test', crash);
        await gone;
      });
      expect(failed).toBeGreaterThan(0);
      expect(operator.client.replica.count('Logical_Switch_Port')).toBe(ports.length);
      expect(operator.client.replica.get('Logical_Switch', switchRow)?.['ports']).toEqual(
        new Set(ports.map(lspRow)),
      );
      expect(operator.drift).toEqual([]);
      const listed = await nbctl(cluster.remotes, 'lsp-list', 'on_web');
      expect(listed.trim().split('\n')).toHaveLength(ports.length);
    },
    90_000,
  );

  it('continues after a transfer of the leadership', async () => {
    const cluster = await startNbCluster(cleanup);
    const operator = await connect(cleanup, cluster.remotes, electionOptions);
    await operator.applier.apply(subnet, subnetState);
    await applyAll(operator, 60, async () => {
      const leader = await cluster.leaderIndex();
      await cluster.node(leader).appctl('cluster/failure-test', 'transfer-leadership');
      await until(async () => (await cluster.leaderIndex()) !== leader);
    });
    expect(operator.client.replica.count('Logical_Switch_Port')).toBe(ports.length);
    expect(operator.drift).toEqual([]);
  }, 90_000);
});
