import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { API_VERSION } from '../../../src/api/index.ts';
import { SCHEMA_FOLDER } from '../../../src/dev/ovn/central.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import {
  columnDrifts,
  deletion,
  markDrifts,
  membershipDrifts,
  type Drift,
} from '../../support/operator/drift.ts';
import { foreign, markOf, ours, settled } from '../../support/operator/dump.ts';
import { seedGuests, seedNeighbours } from '../../support/operator/foreign.ts';
import type { NbRow } from '../../support/operator/northbound.ts';
import { example } from '../../support/operator/examples.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';
import { backUp, restoreStandalone } from '../../support/ovsdb/restore.ts';

/** Beside the quickstart, what makes rows in every other table that plans write to. */
const more = `
apiVersion: ${API_VERSION}
kind: VPC
metadata: { name: quickstart }
spec: { cidr: 10.10.0.0/16, staticRoutes: [{ destination: 192.168.0.0/16, nextHop: 10.10.1.254 }] }
---
apiVersion: ${API_VERSION}
kind: Subnet
metadata: { name: wired }
spec: { cidr: 10.10.2.0/24, provider: { physicalNetwork: physnet1, vlanID: 42 } }
---
apiVersion: ${API_VERSION}
kind: Port
metadata: { name: busy }
spec:
  subnetRef: { name: apps }
  allowedAddresses: [{ cidr: 10.10.1.100/32 }]
  attachment: { vmID: vm-1, host: hv1 }
  dhcp: { dnsServers: [10.10.1.2] }
  qos: { ingress: { maxRateKbps: 1000 }, egress: { maxRateKbps: 500 } }
`;

const tables = [
  'ACL',
  'DHCP_Options',
  'Logical_Router',
  'Logical_Router_Policy',
  'Logical_Router_Port',
  'Logical_Router_Static_Route',
  'Logical_Switch',
  'Logical_Switch_Port',
  'Port_Group',
  'QoS',
] as const;

describe.each(targets)('what others do in the Northbound database, with the $name API server', (target) => {
  let cluster: TestCluster;
  let before: Awaited<ReturnType<TestCluster['nbDump']>>;

  beforeAll(async () => {
    // northd 23.03 does not survive some of what is done here by hand.
    cluster = await TestCluster.start(target, { northd: false });
  }, 60_000);
  afterAll(() => cluster.stop());

  /** Makes the objects; from then on the rows are to stay what they are. */
  async function begin(): Promise<void> {
    await cluster.reset();
    await seedNeighbours(cluster.nb);
    await cluster.startOperator();
    await cluster.apply(...example('quickstart.yaml'), more);
    await cluster.converged();
    before = await cluster.nbDump();
  }

  const repaired = (what: string): Promise<void> =>
    cluster.eventually(async () => {
      const now = await cluster.nbDump();
      // Text first: a deep comparison of all rows at every look would take longer than the repair.
      if (JSON.stringify(now) !== JSON.stringify(before))
        expect({ what, rows: now }).toEqual({ what, rows: before });
    });

  const ourRows = async (): Promise<NbRow[]> => ours(await cluster.nb.rows());

  describe('to rows of ours', () => {
    beforeAll(begin, 30_000);

    it('is tried on every table', () => {
      expect([...new Set(before.map(({ table }) => table))].sort()).toEqual(tables);
    });

    /** Does to the rows of a table what `changes` has for them, one by one, and sees each repaired. */
    async function allRepaired(
      rows: readonly NbRow[],
      changes: (row: NbRow) => Promise<Drift[]> | Drift[],
    ): Promise<void> {
      for (const row of rows) {
        for (const { what, operation } of await changes(row)) {
          await cluster.nb.transact(operation);
          await repaired(what);
        }
      }
    }

    /** A row for each kind of owner: what is repaired for one VPC is for another. */
    async function sample(table: string): Promise<NbRow[]> {
      const byKind = new Map<string, NbRow>();
      for (const row of await ourRows())
        if (row.table === table) byKind.set(markOf(row, 'owner')!.split('/')[0]!, row);
      return [...byKind.values()];
    }

    it.each(tables)('is repaired in every column of %s', async (table) => {
      const strangers = foreign(await cluster.nb.rows());
      let changes = 0;
      await allRepaired(await sample(table), async (row) => {
        const drifts = await columnDrifts(cluster.nb, row, strangers);
        changes += drifts.length;
        return drifts;
      });
      expect(changes).toBeGreaterThan(0);
    });

    it.each(tables)('is repaired when the marks of %s are changed or taken off', async (table) => {
      await allRepaired((await sample(table)).slice(0, 1), markDrifts);
    });

    it('is repaired when rows are taken out of sets, and so deleted where nothing else holds them', async () => {
      const rows = await ourRows();
      const uuids = new Set(rows.map(({ uuid }) => uuid));
      await allRepaired(rows, (row) => membershipDrifts(row, uuids));
    });

    it('is repaired when any row is deleted, with all that goes with it', async () => {
      await allRepaired(await ourRows(), deletion);
    });

    it('is repaired when all of them are deleted at once', async () => {
      const roots = (await ourRows()).flatMap(deletion).map(({ operation }) => operation);
      const deleted = await cluster.nb.transact(...roots);
      expect(deleted.every(({ count }) => count === 1)).toBe(true);
      await repaired('all deleted');
    });

    it('wrote nothing to any status, as nothing of the objects has changed', async () => {
      const objects = await cluster.objects();
      await cluster.nb.transact(...(await ourRows()).flatMap(deletion).map(({ operation }) => operation));
      await repaired('all deleted');
      const versions = (all: typeof objects) =>
        [...all].map(([id, { metadata }]) => [id, metadata.resourceVersion]);
      expect(versions(await cluster.objects())).toEqual(versions(objects));
    });
  });

  describe('for themselves', () => {
    beforeEach(begin, 30_000);

    it('stays byte for byte, in their rows and in ours, whatever happens to ours', async () => {
      const find = (table: string, owner: string): string =>
        before.find((row) => row.table === table && markOf(row as NbRow, 'owner') === owner)!.uuid;
      const hosts = {
        logicalSwitch: find('Logical_Switch', 'Subnet/default/apps'),
        router: find('Logical_Router', 'VPC/default/quickstart'),
        portGroup: find('Port_Group', 'SecurityGroup/default/web'),
        port: find('Logical_Switch_Port', 'Port/default/server'),
      };
      await seedGuests(cluster.nb, hosts);
      before = await cluster.nbDump();
      const strangers = foreign(await cluster.nb.rows());
      expect(strangers.length).toBeGreaterThan(25);

      // Drift in rows that have guests, new members of their sets, edits, and members that leave.
      const rows = (await ourRows()).filter(({ uuid }) => Object.values(hosts).includes(uuid));
      const uuids = new Set(before.map(({ uuid }) => uuid));
      for (const row of rows) {
        // What leaves the switch's ports is deleted, with what others had written on it.
        const memberships = row.table === 'Logical_Switch' ? [] : membershipDrifts(row, uuids);
        const drifts = [...(await columnDrifts(cluster.nb, row, [])), ...markDrifts(row), ...memberships];
        for (const { what, operation } of drifts) {
          await cluster.nb.transact(operation);
          await repaired(what);
        }
      }
      await cluster.apply(
        `{ apiVersion: ${API_VERSION}, kind: Port, metadata: { name: late }, spec: { subnetRef: { name: apps }, securityGroupRefs: [{ name: web }] } }`,
      );
      await cluster.edit('SecurityGroup', 'web', { spec: { ingress: [{ protocol: 'UDP' }] } });
      await cluster.edit('VPC', 'quickstart', {
        spec: { staticRoutes: [{ destination: '192.168.9.0/24', nextHop: '10.10.1.9' }] },
      });
      await cluster.ready();
      await cluster.delete('Port', 'late');
      await cluster.edit('SecurityGroup', 'web', {
        spec: {
          ingress: [{ name: 'http', protocol: 'TCP', ports: { min: 80 }, remote: { cidr: '10.10.0.0/16' } }],
        },
      });
      await cluster.edit('VPC', 'quickstart', {
        spec: { staticRoutes: [{ destination: '192.168.0.0/16', nextHop: '10.10.1.254' }] },
      });
      await repaired('edits undone');

      await cluster.stopOperators();
      await cluster.startOperator();
      await repaired('a restart');
      // With versions: not even written with what they had.
      expect(foreign(await cluster.nb.rows())).toEqual(strangers);

      // Guests of a row that goes, go with it or stay; neighbours stay in any case.
      const neighbours = settled(
        strangers.filter(
          ({ columns }) =>
            !JSON.stringify(columns).match(
              /192\.0\.2\.|monitoring-probe|198\.51\.100|"rate":5|10\.10\.1\.200|db\.example/,
            ),
        ),
      );
      for (const id of (await cluster.objects()).keys()) {
        const [kind, ...key] = id.split('/');
        await cluster.delete(kind as 'Port', key.join('/'));
      }
      await cluster.eventually(async () => expect(await ourRows()).toEqual([]));
      const left = settled(foreign(await cluster.nb.rows()));
      for (const neighbour of neighbours) expect(left).toContainEqual(neighbour);
    }, 60_000);
  });

  describe('with the whole of it', () => {
    beforeEach(begin, 30_000);

    it('is made good after it came back empty: the same rows with the same addresses', async () => {
      const statuses = await cluster.statuses();
      const { northbound } = cluster;
      await northbound.stop();
      rmSync(northbound.file);
      execFileSync('ovsdb-tool', ['create', northbound.file, `${SCHEMA_FOLDER}/ovn-nb.ovsschema`]);
      await northbound.start();
      await repaired('an empty database');
      expect(await cluster.statuses()).toEqual(statuses);
    });

    it('is made good after every row was deleted, the epoch with them', async () => {
      await cluster.nb.wipe();
      await repaired('wiped');
    });

    it('is made good after a backup was restored: what is newer is made again, what was deleted since is swept', async () => {
      await cluster.apply(
        `{ apiVersion: ${API_VERSION}, kind: Port, metadata: { name: short-lived }, spec: { subnetRef: { name: apps } } }`,
      );
      await cluster.ready();
      const { dir, remote, database } = cluster.northbound;
      const backup = await backUp(dir, remote, database);
      await cluster.delete('Port', 'short-lived');
      await cluster.apply(
        `{ apiVersion: ${API_VERSION}, kind: Port, metadata: { name: newer }, spec: { subnetRef: { name: apps } } }`,
      );
      await cluster.edit('Port', 'client', { spec: { adminState: 'Down' } });
      await cluster.ready();
      before = await cluster.nbDump();
      const address = (await cluster.get('Port', 'newer')).status!['ipAddress'];

      await restoreStandalone(cluster.northbound, backup);
      await repaired('a backup');
      expect((await cluster.get('Port', 'newer')).status!['ipAddress']).toBe(address);
    });
  });
});
