import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { API_VERSION } from '../../../src/api/index.ts';
import { SCHEMA_FOLDER } from '../../../src/dev/ovn/central.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import {
  columnDrifts,
  deletionDrifts,
  markDrifts,
  membershipDrifts,
  type Drift,
} from '../../support/operator/drift.ts';
import { foreignRows, markOf, managedRows, stableContent } from '../../support/operator/dump.ts';
import { seedGuests, seedNeighbours } from '../../support/operator/foreign-rows.ts';
import type { NbRow } from '../../support/operator/northbound.ts';
import { example } from '../../support/operator/examples.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';
import { backUp, restoreStandalone } from '../../support/ovsdb/restore.ts';

/** Further objects, so that together with the quickstart every table that plans write to has rows. */
const more = `
apiVersion: ${API_VERSION}
kind: VPC
metadata: { name: quickstart }
spec: { cidr: 10.10.0.0/16, staticRoutes: [{ destination: 192.168.0.0/16, nextHop: 10.10.1.254 }] }
---
apiVersion: ${API_VERSION}
kind: ProviderNetwork
metadata: { name: plant }
spec: { physicalNetwork: physnet1, vlanIDs: [{ min: 42 }], allowedNamespaces: { selector: {} } }
---
apiVersion: ${API_VERSION}
kind: Subnet
metadata: { name: wired }
spec: { cidr: 10.10.2.0/24, provider: { networkRef: { name: plant }, vlanID: 42 } }
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
  'Copp',
  'DHCP_Options',
  'Logical_Router',
  'Logical_Router_Policy',
  'Logical_Router_Port',
  'Logical_Router_Static_Route',
  'Logical_Switch',
  'Logical_Switch_Port',
  'Meter',
  'Meter_Band',
  'Port_Group',
  'QoS',
] as const;

describe.each(targets)('a change by others in the Northbound database ($name API server)', (target) => {
  let cluster: TestCluster;
  let before: Awaited<ReturnType<TestCluster['nbDump']>>;

  beforeAll(async () => {
    // Without ovn-northd: version 23.03 crashes on some of these changes.
    cluster = await TestCluster.start(target, { northd: false });
  }, 60_000);
  afterAll(() => cluster.stop());

  /** Creates the objects. From then on, the rows must not change permanently. */
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
      // Text is compared first: a deep comparison of all rows at every check takes longer than the repair.
      if (JSON.stringify(now) !== JSON.stringify(before))
        expect({ what, rows: now }).toEqual({ what, rows: before });
    });

  const currentRows = async (): Promise<NbRow[]> => managedRows(await cluster.nb.rows());

  describe('to managed rows', () => {
    beforeAll(begin, 30_000);

    it('is tried on every table', () => {
      expect([...new Set(before.map(({ table }) => table))].sort()).toEqual(tables);
    });

    /** Makes the changes to the rows one after another, and waits until each is repaired. */
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

    /** One row per kind of owner. The repair does not differ between two VPCs. */
    async function sample(table: string): Promise<NbRow[]> {
      const byKind = new Map<string, NbRow>();
      for (const row of await currentRows())
        if (row.table === table) byKind.set(markOf(row, 'owner')!.split('/')[0]!, row);
      return [...byKind.values()];
    }

    it.each(tables)('is repaired in every column of %s', async (table) => {
      const foreign = foreignRows(await cluster.nb.rows());
      let changes = 0;
      await allRepaired(await sample(table), async (row) => {
        const drifts = await columnDrifts(cluster.nb, row, foreign);
        changes += drifts.length;
        return drifts;
      });
      expect(changes).toBeGreaterThan(0);
    });

    it.each(tables)('is repaired when the marks of %s are changed or removed', async (table) => {
      await allRepaired((await sample(table)).slice(0, 1), markDrifts);
    });

    it('is repaired when rows are removed from sets, which deletes rows without another reference', async () => {
      const rows = await currentRows();
      const uuids = new Set(rows.map(({ uuid }) => uuid));
      await allRepaired(rows, (row) => membershipDrifts(row, uuids));
    });

    it('is repaired when any row is deleted, together with the rows that only it references', async () => {
      await allRepaired(await currentRows(), deletionDrifts);
    });

    it('is repaired when all rows are deleted in one transaction', async () => {
      const roots = (await currentRows()).flatMap(deletionDrifts).map(({ operation }) => operation);
      const deleted = await cluster.nb.transact(...roots);
      expect(deleted.every(({ count }) => count === 1)).toBe(true);
      await repaired('all deleted');
    });

    it('is repaired without a write to any status', async () => {
      const objects = await cluster.objects();
      await cluster.nb.transact(
        ...(await currentRows()).flatMap(deletionDrifts).map(({ operation }) => operation),
      );
      await repaired('all deleted');
      const versions = (all: typeof objects) =>
        [...all].map(([id, { metadata }]) => [id, metadata.resourceVersion]);
      expect(versions(await cluster.objects())).toEqual(versions(objects));
    });
  });

  describe('to their own content', () => {
    beforeEach(begin, 30_000);

    it('is preserved exactly, in foreign rows and in managed rows, when managed rows change', async () => {
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
      const foreign = foreignRows(await cluster.nb.rows());
      expect(foreign.length).toBeGreaterThan(25);

      // Changes: drift in rows with foreign content, new members of sets, edits, and removed members.
      const rows = (await currentRows()).filter(({ uuid }) => Object.values(hosts).includes(uuid));
      const uuids = new Set(before.map(({ uuid }) => uuid));
      for (const row of rows) {
        // A port that is removed from its switch is deleted, including the foreign content on it.
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
      // The comparison includes row versions: foreign rows are not even rewritten with the same content.
      expect(foreignRows(await cluster.nb.rows())).toEqual(foreign);

      // Foreign members of a deleted row are deleted with it or stay. Independent foreign rows always stay.
      const neighbours = stableContent(
        foreign.filter(
          ({ columns }) =>
            !JSON.stringify(columns).match(
              /192\.0\.2\.|monitoring-probe|198\.51\.100|"rate":5|10\.10\.1\.200|db\.example/,
            ),
        ),
      );
      for (const id of (await cluster.objects()).keys()) {
        const [kind, ...key] = id.split('/');
        // The identity of a cluster-scoped object begins with an empty namespace.
        await cluster.delete(kind as 'Port', key.join('/').replace(/^\//, ''));
      }
      await cluster.eventually(async () => expect(await currentRows()).toEqual([]));
      const left = stableContent(foreignRows(await cluster.nb.rows()));
      for (const neighbour of neighbours) expect(left).toContainEqual(neighbour);
    }, 60_000);
  });

  describe('to the whole database', () => {
    beforeEach(begin, 30_000);

    it('is repaired when the database returns empty: the same rows with the same addresses', async () => {
      const statuses = await cluster.statuses();
      const { northbound } = cluster;
      await northbound.stop();
      rmSync(northbound.file);
      execFileSync('ovsdb-tool', ['create', northbound.file, `${SCHEMA_FOLDER}/ovn-nb.ovsschema`]);
      await northbound.start();
      await repaired('an empty database');
      // Groups count the Ports that OVN contains, half a second later.
      await cluster.eventually(async () => expect(await cluster.statuses()).toEqual(statuses));
    });

    it('is repaired when every row is deleted, including the epoch', async () => {
      await cluster.nb.wipe();
      await repaired('wiped');
    });

    it('is repaired when a backup is restored: newer rows are created again, and rows of deleted objects are removed', async () => {
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
