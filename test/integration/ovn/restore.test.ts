import { afterEach, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import type { FenceLoss } from '../../../src/ovn/apply/retake-fence.ts';
import type { ApplyError, Owner } from '../../../src/ovn/index.ts';
import { SCHEMA_FOLDER } from '../../../src/dev/ovn/central.ts';
import { startNorthd } from '../../../src/dev/ovn/northd.ts';
import { startDatabase } from '../../../src/dev/ovn/processes.ts';
import { backUp, restoreCluster, restoreStandalone } from '../../support/ovsdb/restore.ts';
import {
  Cleanup,
  connect,
  nbctl,
  ownerOf,
  portState,
  startNb,
  startNbCluster,
  subnet,
  subnetState,
  until,
} from './support.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** A Northbound database that can be restored. */
interface Restorable {
  readonly dir: string;
  readonly remotes: string;
  restore(backup: string): Promise<void>;
}

const kinds: readonly [string, () => Promise<Restorable>][] = [
  [
    'a standalone server',
    async () => {
      const server = await startNb(cleanup);
      return { dir: server.dir, remotes: server.remote, restore: (file) => restoreStandalone(server, file) };
    },
  ],
  [
    'a raft cluster',
    async () => {
      const cluster = await startNbCluster(cleanup);
      return { dir: cluster.dir, remotes: cluster.remotes, restore: (file) => restoreCluster(cluster, file) };
    },
  ],
];

const electionOptions = { reconnectDeadlineMs: 25_000, backoff: { baseMs: 20, maxMs: 200 } };
const [early, late, gone] = ['early', 'late', 'gone'].map((name) => ownerOf('Port', name)) as [
  Owner,
  Owner,
  Owner,
];

describe.each(kinds)(
  'a Northbound database on %s that is restored from a backup of a former leader',
  (_, start) => {
    it('rejects writes of the former leader although the backup contains its epoch, and accepts writes of the leader', async () => {
      const nb = await start();
      const losses: FenceLoss[] = [];
      const former = await connect(cleanup, nb.remotes, {
        ...electionOptions,
        // The API server reports that another process holds the Lease.
        onFenced: (loss) => (losses.push(loss), 'stop'),
      });
      for (const owner of [subnet, early, gone])
        await former.applier.apply(owner, owner === subnet ? subnetState : portState(owner));
      const backup = await backUp(nb.dir, nb.remotes, 'OVN_Northbound');

      const leader = await connect(cleanup, nb.remotes, { ...electionOptions, onFenced: () => 'retake' });
      await leader.applier.remove(gone);
      await leader.applier.apply(late, portState(late));
      expect([former.fence.epoch, leader.fence.epoch]).toEqual([1, 2]);

      await nb.restore(backup);
      await until(() => former.client.connected && leader.client.connected);
      const epoch = async (): Promise<string> => nbctl(nb.remotes, 'get', 'NB_Global', '.', 'external_ids');
      expect(await epoch()).toMatch(/overlay-network\/epoch\/alpha"="1\//);
      await expect(former.applier.apply(late, portState(late))).rejects.toMatchObject({ code: 'FENCED' });
      expect(losses).toEqual([{ reason: 'lost', epoch: 1 }]);
      const ports = async (): Promise<string[]> =>
        (await nbctl(nb.remotes, 'lsp-list', 'on_web')).match(/\w+-0000-4000-8000/g) ?? [];
      expect((await ports()).sort()).toEqual([early.uid, gone.uid].sort());

      // The applier reports the restored rows, so that their owners are reconciled or swept.
      expect(leader.drift.map(({ uid }) => uid)).toEqual(expect.arrayContaining([late.uid, gone.uid]));
      await leader.applier.remove(gone);
      await leader.applier.apply(late, portState(late));
      expect((await ports()).sort()).toEqual([early.uid, late.uid].sort());
      expect(await epoch()).toMatch(/overlay-network\/epoch\/alpha"="3\//);
      expect(leader.fence.state()).toBe('held');
    }, 60_000);
  },
);

describe('ovn-northd on a raft cluster that was restored', () => {
  it('continues after nb-cluster-state-reset', async () => {
    const cluster = await startNbCluster(cleanup);
    const { dir, remotes, database } = cluster;
    const southbound = await startDatabase({
      dir,
      name: 'OVN_Southbound',
      schema: join(SCHEMA_FOLDER, 'ovn-sb.ovsschema'),
    });
    cleanup.add(() => southbound.stop());
    const northd = await startNorthd({ dir, northbound: remotes, southbound: southbound.remote });
    cleanup.add(() => northd.stop());
    const backup = await backUp(dir, remotes, database);
    // The index of the new cluster starts at the beginning, so it is lower than the index of the old cluster.
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await nbctl(remotes, 'ls-add', name);
    await nbctl(remotes, '--wait=sb', 'sync');
    await restoreCluster(cluster, backup);
    await northd.appctl('nb-cluster-state-reset');
    await nbctl(remotes, '--timeout=60', '--wait=sb', 'ls-add', 'after');
    expect(await northd.appctl('nb-connection-status')).toBe('connected\n');
  }, 90_000);
});

describe('a Northbound database that is restored to a state with a later epoch', () => {
  it('stops the current leader, and accepts the next leader', async () => {
    const server = await startNb(cleanup);
    for (let epoch = 1; epoch <= 5; epoch++) {
      const { stop } = await connect(cleanup, server.remote);
      await stop();
    }
    const backup = await backUp(server.dir, server.remote, 'OVN_Northbound');
    await nbctl(server.remote, 'clear', 'NB_Global', '.', 'external_ids');
    const losses: FenceLoss[] = [];
    const leader = await connect(cleanup, server.remote, {
      ...electionOptions,
      onFenced: (loss) => (losses.push(loss), 'retake'),
    });
    expect(leader.fence.epoch).toBe(1);

    await restoreStandalone(server, backup);
    const refused = await leader.applier.apply(subnet, subnetState).catch((error: unknown) => error);
    expect((refused as ApplyError).code).toBe('FENCED');
    expect(losses).toEqual([{ reason: 'superseded', epoch: 1 }]);
    const next = await connect(cleanup, server.remote, electionOptions);
    expect(next.fence.epoch).toBe(6);
    expect(await next.applier.apply(subnet, subnetState)).toMatchObject({ changed: true });
  }, 60_000);
});
