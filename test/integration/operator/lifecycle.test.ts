import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { API_VERSION } from '../../../src/api/index.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { markOf, managedRows } from '../../support/operator/dump.ts';
import { Gate } from '../../support/operator/gate.ts';
import { isRow, uuidRef, wireMap, wireSet } from '../../support/operator/northbound.ts';
import { everything, example } from '../../support/operator/examples.ts';
import { addGatewayChassis } from '../../support/operator/gateways.ts';
import { partner } from '../../support/operator/peered-project.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

/** The transaction in which an operator takes the epoch and sets the options of OVN. */
const takeover = 'transact mutate NB_Global ×2';

const port = (name: string, spec: object = {}): string =>
  JSON.stringify({
    apiVersion: API_VERSION,
    kind: 'Port',
    metadata: { name },
    spec: { subnetRef: { name: 'apps' }, securityGroupRefs: [{ name: 'web' }], ...spec },
  });

describe.each(targets)('an operator ($name API server)', (target) => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start(target);
    await addGatewayChassis(cluster.southbound, ['gw1', 'gw2']);
  }, 60_000);
  beforeEach(() => cluster.reset());
  afterAll(() => cluster.stop());

  /** Applies the quickstart, and waits until it has converged. */
  async function quickstart(): Promise<void> {
    await cluster.apply(...example('quickstart.yaml'));
    await cluster.converged();
  }

  /** Resolves when the operator behind the gate has written nothing for longer than its own delays. */
  const quiet = (gate: Gate): Promise<void> =>
    cluster.eventually(() => {
      if (gate.idleMs < 1_000)
        throw new Error(`the operator still writes: ${gate.writes.slice(-3).join('; ')}`);
    });

  describe('that restarts', () => {
    it('writes only its epoch: no other row and no status', async () => {
      await cluster.startOperator();
      await cluster.apply(...everything());
      await cluster.converged();
      const [dump, objects] = [await cluster.nbDump(), await cluster.objects()];
      await cluster.stopOperators();
      const gate = new Gate();
      await cluster.startOperator({ gate });
      await quiet(gate);
      expect(gate.writes).toEqual([takeover]);
      expect(await cluster.nbDump()).toEqual(dump);
      expect(await cluster.objects()).toEqual(objects);
    });

    it('processes objects that were created, changed and deleted in the meantime', async () => {
      await cluster.startOperator();
      await quickstart();
      await cluster.apply(port('leaving'), port('staying'));
      await cluster.converged();
      const before = await cluster.canonical();
      const staying = (await cluster.get('Port', 'staying')).status!['ipAddress'];
      await cluster.stopOperators();

      await cluster.delete('Port', 'leaving');
      await cluster.apply(port('coming'));
      await cluster.edit('SecurityGroup', 'web', { spec: { ingress: [{ protocol: 'UDP' }] } });
      await cluster.startOperator();
      const objects = await cluster.converged();
      expect(objects.get('Port/default/staying')!.status!['ipAddress']).toBe(staying);
      await cluster.eventually(async () => {
        const owners = managedRows(await cluster.nb.rows()).map((row) => markOf(row, 'owner'));
        expect(owners).toContain('Port/default/coming');
        expect(owners).not.toContain('Port/default/leaving');
      });

      // After the reverse changes, the rows are the same as before.
      await cluster.edit('SecurityGroup', 'web', {
        spec: {
          ingress: [{ name: 'http', protocol: 'TCP', ports: { min: 80 }, remote: { cidr: '10.10.0.0/16' } }],
        },
      });
      await cluster.delete('Port', 'coming');
      await cluster.stopOperators();
      await cluster.startOperator();
      await cluster.apply(port('leaving'));
      await cluster.converged();
      expect((await cluster.canonical()).replaceAll('"observedGeneration":3', '"observedGeneration":1')).toBe(
        before,
      );
    });

    it('removes the rows of an object that was replaced by another with the same name in the meantime', async () => {
      await cluster.startOperator();
      await quickstart();
      const { uid } = (await cluster.get('Port', 'server')).metadata;
      await cluster.stopOperators();
      await cluster.delete('Port', 'server');
      await cluster.apply(...example('quickstart.yaml'));
      await cluster.startOperator();
      const objects = await cluster.converged();
      const now = objects.get('Port/default/server')!;
      expect(now.metadata.uid).not.toBe(uid);
      expect(now.status!['ipAddress']).toBe('10.10.1.10');
      const rows = managedRows(await cluster.nb.rows());
      expect(rows.filter((row) => markOf(row, 'uid') === uid)).toEqual([]);
      expect(rows.filter((row) => markOf(row, 'uid') === now.metadata.uid)).toHaveLength(1);
    });

    it('removes no orphans and reallocates none of their addresses when they exceed the allowed share of all rows', async () => {
      await cluster.startOperator();
      await quickstart();
      const names = Array.from({ length: 60 }, (_, index) => `vm-${index}`);
      await cluster.apply(...names.map((name) => port(name)));
      await cluster.converged();
      const rows = managedRows(await cluster.nb.rows());
      await cluster.stopOperators();
      for (const name of names) await cluster.delete('Port', name);

      const served = { 'listen-addr': '127.0.0.1:0' };
      const { address } = await cluster.startOperator({ settings: served });
      expect(cluster.log.lines).toContainEqual(
        expect.objectContaining({
          level: 'error',
          message: 'the sweep did not remove the orphaned rows',
          reason: expect.stringMatching(
            /^60 of \d+ rows of this cluster have no object .*No rows were removed/,
          ),
        }),
      );
      await cluster.apply(port('late'));
      await cluster.eventually(async () =>
        expect((await cluster.get('Port', 'late')).status?.['ipAddress']).toBe('10.10.1.64'),
      );
      expect(managedRows(await cluster.nb.rows())).toHaveLength(rows.length + 1);
      const left = async (at = address): Promise<string | undefined> =>
        /^overlay_network_orphan_rows_left (\d+)$/m.exec(
          await (await fetch(`http://${at ?? ''}/metrics`)).text(),
        )?.[1];
      expect(await left()).toBe('60');
      const byHand = rows.find((row) => markOf(row, 'owner') === 'Port/default/vm-7')!;
      await cluster.nb.transact({
        op: 'mutate',
        table: 'Logical_Switch',
        where: [],
        mutations: [['ports', 'delete', uuidRef(byHand.uuid)]],
      });
      await cluster.eventually(async () => expect(await left()).toBe('59'));
      await cluster.stopOperators();

      const next = await cluster.startOperator({ settings: { ...served, 'sweep-share-limit': 1 } });
      await cluster.converged();
      expect(managedRows(await cluster.nb.rows())).toHaveLength(rows.length - 59);
      expect(await left(next.address)).toBe('0');
    }, 60_000);
  });

  describe('whose Northbound database is unavailable', () => {
    it('reports it on objects with pending changes only, and applies the changes later', async () => {
      await cluster.startOperator({ reconnectDeadlineMs: 500 });
      await quickstart();
      const before = await cluster.objects();
      const address = before.get('Port/default/client')!.status!['ipAddress'];
      await cluster.northbound.stop();

      await cluster.apply(port('new'));
      await cluster.edit('SecurityGroup', 'web', { spec: { ingress: [] } });
      const conditions = [
        await cluster.reason('Port', 'new', 'Programmed', 'OVNConnectionFailed'),
        await cluster.reason('SecurityGroup', 'web', 'Programmed', 'OVNConnectionFailed'),
      ];
      for (const { status, message } of conditions) {
        expect(status).toBe('False');
        expect(message).toMatch(/^OVN_CONNECTION_FAILED: /);
      }
      expect((await cluster.get('Port', 'new')).status).not.toHaveProperty('interfaceID');
      const during = await cluster.objects();
      for (const id of [
        'VPC/default/quickstart',
        'Port/default/server',
        'Port/default/client',
        'SecurityGroup/default/default',
      ])
        expect([id, during.get(id)]).toEqual([id, before.get(id)]);

      await cluster.northbound.start();
      const after = await cluster.converged();
      expect(after.get('Port/default/client')!.status!['ipAddress']).toBe(address);
      const owners = managedRows(await cluster.nb.rows()).map((row) => markOf(row, 'owner'));
      expect(owners).toContain('Port/default/new');
      expect(owners.filter((owner) => owner === 'SecurityGroup/default/web')).toHaveLength(2);
    });

    it('does not reallocate an external address that the database still translates for another object', async () => {
      await cluster.startOperator({ reconnectDeadlineMs: 500 });
      const nat = (externalIP: string): object => ({
        apiVersion: API_VERSION,
        kind: 'NatRule',
        metadata: { name: 'edited', namespace: 'classic' },
        spec: { type: 'SNAT', source: { cidr: '192.168.9.0/24' }, externalIP },
      });
      const wanted = (name: string, address: string): object => ({
        apiVersion: API_VERSION,
        kind: 'FloatingIP',
        metadata: { name, namespace: 'partner' },
        spec: { externalNetworkRef: { name: 'classic-external' }, address },
      });
      await cluster.apply(
        ...example('openstack-classic/network.yaml'),
        partner,
        JSON.stringify(nat('203.0.113.120')),
      );
      await cluster.converged();
      await cluster.northbound.stop();

      await cluster.delete('NatRule', 'classic/instance');
      await cluster.delete('FloatingIP', 'classic/instance');
      await cluster.edit('NatRule', 'classic/edited', nat('203.0.113.121'));
      await cluster.gone('FloatingIP', 'classic/instance');
      await cluster.reason('NatRule', 'classic/edited', 'Programmed', 'OVNConnectionFailed');
      await cluster.apply(
        JSON.stringify(wanted('deleted', '203.0.113.102')),
        JSON.stringify(wanted('edited', '203.0.113.120')),
      );
      for (const name of ['deleted', 'edited'])
        await cluster.reason('FloatingIP', `partner/${name}`, 'Ready', 'AddressNotAvailable');

      await cluster.northbound.start();
      for (const name of ['deleted', 'edited'])
        await cluster.reason('FloatingIP', `partner/${name}`, 'Ready', 'Ready');
      const translated = managedRows(await cluster.nb.rows()).map(({ columns }) => columns['external_ip']);
      expect(translated).toContain('203.0.113.121');
      expect(translated).not.toContain('203.0.113.120');
      expect(translated).not.toContain('203.0.113.102');
    });

    it('waits for the database at the start', async () => {
      await cluster.northbound.stop();
      await cluster.apply(...example('quickstart.yaml'));
      const operator = await cluster.startOperator({ asStandby: true });
      let isReady = false;
      void operator.ready.then(() => (isReady = true));
      await cluster.eventually(() => expect(JSON.stringify(cluster.log.lines)).toContain('cannot connect'));
      expect(isReady).toBe(false);
      await cluster.northbound.start();
      await operator.ready;
      await cluster.converged();
    });

    it('stops without delay, at the start and later', async () => {
      await cluster.northbound.stop();
      const early = await cluster.startOperator({ asStandby: true });
      await early.stop();
      await cluster.northbound.start();
      const late = await cluster.startOperator({ graceMs: 100 });
      await cluster.northbound.stop();
      await cluster.apply(...example('quickstart.yaml'));
      await late.stop();
      await cluster.northbound.start();
    });
  });

  describe('whose API server is unavailable', () => {
    it('continues to repair drift, and processes missed changes when the server returns', async () => {
      await cluster.startOperator();
      await quickstart();
      const before = await cluster.nbDump();
      await cluster.pauseApi();
      const [row] = managedRows(await cluster.nb.rows()).filter(({ table }) => table === 'Logical_Switch');
      await cluster.nb.transact({ op: 'delete', table: 'Logical_Switch', where: isRow(row!.uuid) });
      await cluster.eventually(async () => expect(await cluster.nbDump()).toEqual(before));

      await cluster.resumeApi();
      await cluster.apply(port('new'));
      await cluster.delete('Port', 'client');
      const objects = await cluster.converged(20_000);
      expect([...objects.keys()]).toContain('Port/default/new');
      await cluster.eventually(async () => {
        const owners = managedRows(await cluster.nb.rows()).map((one) => markOf(one, 'owner'));
        expect(owners).toContain('Port/default/new');
        expect(owners).not.toContain('Port/default/client');
      });
    }, 60_000);

    it('removes no rows, also when the server returns without its history', async () => {
      await cluster.startOperator();
      await quickstart();
      const before = await cluster.nbDump();
      await cluster.pauseApi();
      await cluster.resumeApi();
      await cluster.server.compact!();
      await cluster.edit('Port', 'client', { metadata: { labels: { seen: 'again' } } });
      await cluster.apply(port('new'));
      await cluster.converged(20_000);
      const now = await cluster.nbDump();
      for (const { uuid } of before) expect(now.map((row) => row.uuid)).toContain(uuid);
    }, 60_000);
  });

  describe('that another operator has superseded', () => {
    it('stops writing and fails', async () => {
      const gate = new Gate();
      const first = await cluster.startOperator({ gate });
      await quickstart();
      await quiet(gate);
      const before = await cluster.nbDump();
      const [global] = (await cluster.nb.rows()).filter(({ table }) => table === 'NB_Global');
      const key = 'overlay-network/epoch/default';
      await cluster.nb.transact({
        op: 'mutate',
        table: 'NB_Global',
        where: isRow(global!.uuid),
        mutations: [
          ['external_ids', 'delete', wireSet([key])],
          ['external_ids', 'insert', wireMap({ [key]: '99/another' })],
        ],
      });
      await cluster.edit('SecurityGroup', 'web', { spec: { ingress: [] } });
      await cluster.apply(port('new'));
      expect(await first.failed).toMatch(/another operator/);
      await quiet(gate);
      expect(await cluster.nbDump()).toEqual(before);
      expect((await cluster.get('Port', 'new')).status).toBeUndefined();
      expect((await cluster.get('SecurityGroup', 'web')).status!['observedGeneration']).toBe(1);
    });

    it('creates no duplicates while the other operator processes the same objects', async () => {
      const first = await cluster.startOperator();
      await quickstart();
      const second = await cluster.startOperator();
      await cluster.apply(...Array.from({ length: 20 }, (_, index) => port(`vm-${index}`)));
      expect(await first.failed).toMatch(/another operator/);
      const objects = await cluster.converged();
      const rows = managedRows(await cluster.nb.rows());
      const ports = [...objects.values()].filter(({ kind }) => kind === 'Port');
      expect(new Set(ports.map(({ status }) => status!['ipAddress'])).size).toBe(22);
      for (const { metadata, status } of ports) {
        const [row, ...others] = rows.filter((one) => markOf(one, 'uid') === metadata.uid);
        expect(others).toEqual([]);
        expect(row!.columns['addresses']).toBe(
          `${String(status!['macAddress'])} ${String(status!['ipAddress'])}`,
        );
      }
      await first.stop();
      await cluster.delete('Port', 'vm-0');
      await cluster.gone('Port', 'vm-0');
      await cluster.converged();
      await second.stop();
    });
  });

  it('hands over its Lease to a standby with filled caches, which writes nothing without changes', async () => {
    const election = { 'leader-election-enabled': true };
    const first = await cluster.startOperator({ settings: election });
    await quickstart();
    const dump = await cluster.nbDump();
    const gate = new Gate();
    const second = await cluster.startOperator({ settings: election, gate, asStandby: true });
    await cluster.apply(port('meanwhile'));
    await cluster.converged();
    expect(gate.writes.filter((write) => !write.includes('leases'))).toEqual([]);
    await cluster.delete('Port', 'meanwhile');
    await cluster.converged();
    await first.stop();
    await second.ready;
    await quiet(gate);
    expect(gate.writes.filter((write) => !write.includes('leases'))).toEqual([takeover]);
    expect(await cluster.nbDump()).toEqual(dump);
  });
});
