import type { RowWriter } from '../../ovn/index.ts';

/** Returns the number of Ports in a port group, as OVN contains it. */
export function countPorts(writer: Pick<RowWriter, 'get'>, groupUuid: string): number {
  const ports = writer.get('Port_Group', groupUuid)?.['ports'] as ReadonlySet<string> | undefined;
  return ports?.size ?? 0;
}

/** Returns the UUIDs of the port groups in which OVN contains the Port with this UID. */
export function groupsOfPort(writer: Pick<RowWriter, 'membershipsOf'>, portUid: string): ReadonlySet<string> {
  const memberships = writer.membershipsOf(portUid);
  return new Set(memberships.flatMap(({ table, row }) => (table === 'Port_Group' ? [row] : [])));
}
