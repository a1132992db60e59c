import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readClusterUid } from '../../../src/reconcile/index.ts';
import type { Operator } from '../../../src/operator/operator.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { backUp, restoreStandalone } from '../../support/ovsdb/restore.ts';
import { managedRows } from '../../support/operator/dump.ts';
import { example } from '../../support/operator/examples.ts';
import type { NbRow } from '../../support/operator/northbound.ts';
import { SwitchingProxy } from '../../support/operator/switching-proxy.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

const recordKey = 'overlay-network/kubernetes/default';
const quickstart = example('quickstart.yaml');

describe.each(targets)(
  'two Kubernetes clusters with the same clusterName on one OVN ($name API servers)',
  (target) => {
    let east: TestCluster;
    let west: TestCluster;
    let folder: string;
    let uids: { east: string; west: string };

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'overlay-identity-'));
      [east, west] = await Promise.all([
        TestCluster.start(target, { northd: false }),
        TestCluster.start(target, { northd: false }),
      ]);
      uids = { east: await readClusterUid(east.client), west: await readClusterUid(west.client) };
    }, 60_000);
    afterEach(async () => {
      await west.stop();
      await east.stop();
      await rm(folder, { recursive: true });
    }, 60_000);

    /** Starts an operator of one cluster with the database of the first cluster. */
    const operator = (
      cluster: TestCluster,
      settings: Readonly<Record<string, string | number | boolean>> = {},
      asStandby = false,
    ): Promise<Operator> =>
      cluster.startOperator({
        asStandby,
        settings: {
          'ovn-nb-endpoint': east.northbound.remote,
          'ovn-sb-endpoint': east.southbound.remote,
          // Without the protection, the second operator may remove all rows.
          'sweep-share-limit': 1,
          'listen-addr': '127.0.0.1:0',
          ...settings,
        },
      });
    const rows = async (): Promise<NbRow[]> => managedRows(await east.nb.rows());
    const globalIds = async (): Promise<Record<string, string>> => {
      const global = (await east.nb.rows()).find(({ table }) => table === 'NB_Global');
      return (global?.columns['external_ids'] ?? {}) as Record<string, string>;
    };
    const forgetRecord = () =>
      east.nb.transact({
        op: 'mutate',
        table: 'NB_Global',
        where: [],
        mutations: [['external_ids', 'delete', ['set', [recordKey]]]],
      });
    /** Creates the objects of the quickstart in the first cluster; resolves with its operator. */
    const fill = async (settings: Readonly<Record<string, string>> = {}): Promise<Operator> => {
      const running = await operator(east, settings);
      await east.apply(...quickstart);
      await east.converged();
      return running;
    };
    const refusals = (cluster: TestCluster) =>
      cluster.log.lines.filter(({ code, level }) => code === 'OTHER_CLUSTER' && level === 'error');
    const refuses = (cluster: TestCluster, text: string): Promise<void> =>
      cluster.eventually(() => {
        expect(refusals(cluster).map(({ error }) => error)).toContainEqual(expect.stringContaining(text));
      });
    const answerOf = async ({ address }: Operator, path: string): Promise<string> =>
      (await fetch(`http://${address!}${path}`)).text();

    it('let the first one keep every row; the second does not lead and says what to do', async () => {
      const first = await fill();
      const before = await rows();
      expect((await globalIds())[recordKey]).toBe(uids.east);
      await west.apply(...quickstart);
      const second = await operator(west, {}, true);
      await refuses(west, `set adopt: ${uids.east}`);
      expect(refusals(west)).toHaveLength(1);
      expect(JSON.parse(await answerOf(second, '/ready'))).toMatchObject({
        'kubernetes-cluster': expect.stringContaining('another Kubernetes cluster'),
      });
      // The versions are equal too: nobody wrote a row.
      expect(await rows()).toEqual(before);

      // The first operator still writes, and a replica of its cluster can take over.
      await east.delete('Port', 'default/server');
      await east.eventually(async () => expect((await rows()).length).toBeLessThan(before.length));
      await first.stop();
      await operator(east);
      expect(refusals(east)).toEqual([]);
    }, 60_000);

    it('let the second one lead as soon as it has its own clusterName', async () => {
      await fill();
      const before = await rows();
      await west.apply(...quickstart);
      await operator(west, { 'cluster-name': 'west' });
      await west.converged();
      expect(await rows()).toEqual(before);
      expect(await globalIds()).toMatchObject({
        [recordKey]: uids.east,
        'overlay-network/kubernetes/west': uids.west,
      });
    }, 60_000);

    it('let the second one adopt the rows of the first; then the first does not lead', async () => {
      const first = await fill();
      const waiting = await operator(west, { adopt: '00000000-0000-4000-8000-000000000000' }, true);
      await refuses(west, `set adopt: ${uids.east}`);
      await waiting.stop();
      await operator(west, { adopt: uids.east });
      expect((await globalIds())[recordKey]).toBe(uids.west);
      // The objects of the first cluster do not exist in the second, so their rows are orphans.
      await east.eventually(async () => expect(await rows()).toEqual([]));
      await west.apply(...quickstart);
      await west.converged();
      const after = (await rows()).map(({ version: _, ...row }) => row);
      // The leader of the first cluster notices at its next write, stops, and does not lead again.
      await east.edit('VPC', 'quickstart', { metadata: { labels: { changed: 'yes' } } });
      await first.stop();
      await operator(east, {}, true);
      await refuses(east, uids.west);
      expect((await rows()).map(({ version: _, ...row }) => row)).toEqual(after);
    }, 60_000);

    it('record the cluster in a database of an older version only for the cluster that has the objects', async () => {
      const first = await fill();
      await first.stop();
      await forgetRecord();
      const before = await rows();
      const second = await operator(west, {}, true);
      await refuses(west, 'set adopt: unrecorded');
      expect(await rows()).toEqual(before);
      expect((await globalIds())[recordKey]).toBeUndefined();
      // The refusing operator notices on its own that the rows have an owner now.
      await operator(east);
      expect((await globalIds())[recordKey]).toBe(uids.east);
      await refuses(west, `set adopt: ${uids.east}`);
      expect(await rows()).toEqual(before);
      await second.stop();
    }, 60_000);

    it('keep the record when someone removes it while an operator leads', async () => {
      await fill();
      const before = await rows();
      await forgetRecord();
      await east.eventually(async () => expect((await globalIds())[recordKey]).toBe(uids.east));
      await operator(west, {}, true);
      await refuses(west, uids.east);
      expect(await rows()).toEqual(before);
    }, 60_000);

    it('record the cluster again after a restore of a database without the record', async () => {
      await fill();
      await forgetRecord();
      const backup = await backUp(folder, east.northbound.remote, 'OVN_Northbound');
      await restoreStandalone(east.northbound, backup);
      await east.delete('Port', 'default/client');
      await east.eventually(async () => expect((await globalIds())[recordKey]).toBe(uids.east));
      await east.converged();
      const before = await rows();
      await operator(west, {}, true);
      await refuses(west, uids.east);
      expect(await rows()).toEqual(before);
    }, 60_000);

    it('belong to the first one again after the database was emptied', async () => {
      await fill();
      const before = (await rows()).map(({ uuid }) => uuid);
      await east.nb.wipe();
      await east.eventually(async () => expect((await rows()).map(({ uuid }) => uuid)).toEqual(before));
      expect((await globalIds())[recordKey]).toBe(uids.east);
    }, 60_000);

    it('keep their rows when the address of the API server leads to the other cluster', async () => {
      const proxy = await SwitchingProxy.start(east.server);
      const kubeconfig = await proxy.writeKubeconfig(join(folder, 'kubeconfig'));
      const leader = await fill({ kubeconfig });
      const before = await rows();
      // The other cluster has objects with the same names, so every answer looks plausible.
      await west.apply(...quickstart);
      proxy.switchTo(west.server);
      expect(await leader.failed).toContain(uids.west);
      expect(await rows()).toEqual(before);
      // A new process finds the other cluster from the start.
      await leader.stop();
      const next = await operator(west, { kubeconfig }, true);
      await refuses(west, uids.east);
      expect(await rows()).toEqual(before);
      await next.stop();
      await proxy.close();
    }, 60_000);
  },
);
