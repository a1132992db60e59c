import { Applier } from '../../../src/ovn/apply/applier.ts';
import type { ApplierOptions } from '../../../src/ovn/apply/applier.ts';
import type { Home } from '../../../src/ovn/apply/home.ts';
import { Fence } from '../../../src/ovn/apply/fence.ts';
import { member, row, rowUuid } from '../../../src/ovn/index.ts';
import type { DesiredState, Owner } from '../../../src/ovn/index.ts';
import { FakeDatabase } from './fake-database.ts';

/** Returns an owner whose UID contains its name, so that failures are easy to read. */
export function owner(kind: string, name: string, namespace = 'shop'): Owner {
  return { kind, namespace, name, uid: `uid-${name}` };
}

export const subnet = owner('Subnet', 'web');
export const group = owner('SecurityGroup', 'frontend');

export function switchUuid(of: Owner = subnet): string {
  return rowUuid(of.uid, 'switch');
}

export function groupUuid(of: Owner = group): string {
  return rowUuid(of.uid, 'pg');
}

export function lspUuid(of: Owner): string {
  return rowUuid(of.uid, 'lsp');
}

/** The state of a Subnet: a switch and its DHCP options. */
export function subnetState(of: Owner = subnet): DesiredState {
  return {
    rows: [
      row('Logical_Switch', switchUuid(of), { name: of.uid, other_config: { subnet: '10.0.0.0/24' } }),
      row('DHCP_Options', rowUuid(of.uid, 'dhcp'), { cidr: '10.0.0.0/24', options: { lease_time: '3600' } }),
    ],
    memberships: [],
  };
}

/** The state of a SecurityGroup: a port group with `acls` ACLs. */
export function groupState(acls: number, of: Owner = group): DesiredState {
  const uuids = Array.from({ length: acls }, (_, index) => rowUuid(of.uid, `acl/${index}`));
  return {
    rows: [
      row('Port_Group', groupUuid(of), { name: `pg_${of.name.replaceAll('-', '_')}` }),
      ...uuids.map((uuid, index) =>
        row('ACL', uuid, {
          priority: 2000,
          direction: 'to-lport',
          match: `ip4.dst == 10.0.0.${index}`,
          action: 'allow',
        }),
      ),
    ],
    memberships: uuids.map((uuid) => member('Port_Group', groupUuid(of), 'acls', uuid)),
  };
}

/** The state of a Port on the switch, with further columns. */
export function portState(
  of: Owner,
  more: Parameters<typeof row<'Logical_Switch_Port'>>[2] = {},
): DesiredState {
  return {
    rows: [
      row('Logical_Switch_Port', lspUuid(of), {
        name: of.uid,
        addresses: ['0a:00:00:00:00:01 10.0.0.4'],
        enabled: true,
        dhcpv4_options: rowUuid(subnet.uid, 'dhcp'),
        ...more,
      }),
    ],
    memberships: [member('Logical_Switch', switchUuid(), 'ports', lspUuid(of))],
  };
}

export function inGroup(of: Owner, state: DesiredState): DesiredState {
  const join = member('Port_Group', groupUuid(), 'ports', lspUuid(of));
  return { rows: state.rows, memberships: [...state.memberships, join] };
}

/** The Kubernetes cluster of the operator, whose objects own all rows. */
export const home: Home = homeOf('c0000000-0000-4000-8000-000000000001');

/** A Kubernetes cluster. By default, the database has no rows. */
export function homeOf(uid: string, { adopt, claims }: Partial<Pick<Home, 'adopt' | 'claims'>> = {}): Home {
  return { uid, adopt, maxOrphanShare: 0.2, claims: claims ?? (() => ({ rows: 0, withObject: 0 })) };
}

/** Starts an applier on an empty database; it holds the fence unless `lead` is false. */
export async function operator(
  options: Partial<ApplierOptions> & { database?: FakeDatabase; lead?: boolean } = {},
): Promise<{ database: FakeDatabase; applier: Applier; fence: Fence; drift: string[] }> {
  const database = options.database ?? new FakeDatabase();
  const cluster = options.cluster ?? 'alpha';
  const fence = new Fence(database, cluster);
  if (options.lead !== false) await fence.take(home);
  const applier = new Applier({ ...options, cluster, database, fence });
  const drift: string[] = [];
  applier.onDrift((drifted) => drift.push(drifted.name));
  database.transactions.length = 0;
  return { database, applier, fence, drift };
}

/** Returns the names of the operations of a transaction, without the fence. */
export function operationsOf(transaction: readonly { op: string }[] | undefined): string[] {
  return (transaction ?? []).slice(1).map((operation) => operation.op);
}

/** Waits until the condition is true, and yields the event loop between the checks. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline)
      throw new Error(`timeout: the condition stayed false: ${condition.toString()}`);
    await new Promise(setImmediate);
  }
}
