import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startDatabase, startRaftCluster } from '../../../src/dev/ovn/processes.ts';
import type { DatabaseServer, RaftCluster } from '../../../src/dev/ovn/processes.ts';
import { connectNorthbound, member, row, rowUuid } from '../../../src/ovn/index.ts';
import type { DesiredState, Home, Northbound, Owner, TransactionReport } from '../../../src/ovn/index.ts';
import { monitoredTables } from '../../../src/ovn/model/tables.ts';
import type { NorthboundOptions } from '../../../src/ovn/northbound.ts';
import { OvsdbClient } from '../../../src/ovn/ovsdb/index.ts';
import type { Row } from '../../../src/ovn/ovsdb/index.ts';

const run = promisify(execFile);
const schema = '/usr/share/ovn/ovn-nb.ovsschema';
const name = 'OVN_Northbound';

/** Stops and removes the resources of a test, in reverse order. */
export class Cleanup {
  readonly #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await step();
  }

  dir(): string {
    const dir = mkdtempSync(join(tmpdir(), 'on-nb-'));
    this.add(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
  }
}

/** Starts an empty standalone Northbound database. */
export async function startNb(cleanup: Cleanup): Promise<DatabaseServer> {
  const server = await startDatabase({ schema, name, dir: cleanup.dir() });
  cleanup.add(() => server.stop());
  return server;
}

/** Starts a Northbound database with three servers. */
export async function startNbCluster(cleanup: Cleanup): Promise<RaftCluster> {
  const cluster = await startRaftCluster({ schema, name, dir: cleanup.dir(), nodes: 3 });
  cleanup.add(() => cluster.stop());
  return cluster;
}

/** The Kubernetes cluster of every operator. */
export const home: Home = {
  uid: 'c0000000-0000-4000-8000-000000000001',
  adopt: undefined,
  maxOrphanShare: 0.2,
  claims: () => ({ rows: 0, withObject: 0 }),
};

/** The connection of an operator, with its reports. */
export interface Operator extends Northbound {
  readonly reports: TransactionReport[];
  readonly drift: Owner[];
}

/** Connects as an operator, and takes the fence unless `lead` is false. */
export async function connect(
  cleanup: Cleanup,
  remotes: string,
  options: Partial<NorthboundOptions> & { lead?: boolean } = {},
): Promise<Operator> {
  const reports: TransactionReport[] = [];
  const northbound = await connectNorthbound({
    cluster: 'alpha',
    onTransaction: (report) => reports.push(report),
    ...options,
    remotes,
  });
  cleanup.add(() => northbound.stop());
  if (options.lead !== false) await northbound.fence.take(home);
  const drift: Owner[] = [];
  northbound.applier.onDrift((owner) => drift.push(owner));
  return { ...northbound, reports, drift };
}

/** Connects another client to the database. */
export async function connectOther(cleanup: Cleanup, remotes: string): Promise<OvsdbClient> {
  const client = new OvsdbClient({ remotes, database: name, tables: monitoredTables });
  cleanup.add(() => client.stop());
  await client.start();
  return client;
}

/** Runs `ovn-nbctl` and returns its output. */
export async function nbctl(remotes: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('ovn-nbctl', ['--timeout=20', `--db=${remotes}`, ...args]);
  return stdout;
}

export { eventually as until } from '../../support/eventually.ts';

export function ownerOf(kind: string, label: string): Owner {
  return { kind, namespace: 'shop', name: label, uid: `${label}-0000-4000-8000` };
}

export const subnet = ownerOf('Subnet', 'web');
export const switchRow = rowUuid(subnet.uid, 'switch');

export const subnetState: DesiredState = {
  rows: [row('Logical_Switch', switchRow, { name: 'on_web' })],
  memberships: [],
};

export function lspRow(port: Owner): string {
  return rowUuid(port.uid, 'lsp');
}

/** The state of a Port on the switch. */
export function portState(port: Owner, columns: { name?: string; addresses?: string[] } = {}): DesiredState {
  return {
    rows: [
      row('Logical_Switch_Port', lspRow(port), {
        name: port.uid,
        addresses: ['0a:00:00:00:00:01 10.0.0.4'],
        ...columns,
      }),
    ],
    memberships: [member('Logical_Switch', switchRow, 'ports', lspRow(port))],
  };
}

/** Returns a row in a form that tests can compare. */
export function plain(value: Row | undefined): unknown {
  if (value === undefined) return undefined;
  const entries = Object.entries(value).map(([column, content]) => [
    column,
    content instanceof Set || content instanceof Map ? [...content].map(String).sort() : content,
  ]);
  return Object.fromEntries(entries);
}
