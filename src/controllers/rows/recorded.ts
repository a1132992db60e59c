import { parseCidr, type Cidr, type VPC } from '../../api/index.ts';
import { textAt, type RowWriter } from '../../ovn/index.ts';
import { CIDR_MARK, SUBNET_MARK } from './names.ts';
import { vpcNetwork } from '../vpc/kind.ts';

/*
 * What objects have in OVN, as their rows say. It is asked where a status may be missing: after a crash between the
 * two writes, and when somebody restored objects without their statuses. What depends on such an object must not lose
 * its own rows until the status is written again.
 */

type Rows = Pick<RowWriter, 'ownedBy'>;

/** The range that a VPC's `Logical_Router` or a Subnet's `Logical_Switch` is marked with. */
export function recordedCidr(writer: Rows, uid: string, table: string): Cidr | undefined {
  const cidr = parseCidr(markOf(writer, uid, table, CIDR_MARK) ?? '', { family: 4 });
  return cidr.ok ? cidr.value : undefined;
}

/** The range of a VPC whose router is in OVN, as `vpcNetwork`, but not dependent on its status. */
export function vpcRange(writer: Rows, vpc: VPC): Cidr | undefined {
  return vpcNetwork(vpc) ?? recordedCidr(writer, vpc.metadata.uid, 'Logical_Router');
}

/** What a Port is recorded with. */
export interface PortRecord {
  readonly uid: string;
  readonly subnetUid: string;
  readonly mac: string | undefined;
  readonly ip: string | undefined;
  /** Other MACs that its machine may use. */
  readonly shared: readonly string[];
}

/** What a Port's row says: `MAC IP` is the first of its addresses that has both. */
export function recordedPort(writer: Rows, uid: string): PortRecord | undefined {
  const owned = writer.ownedBy(uid).find(({ table }) => table === 'Logical_Switch_Port');
  const subnetUid = markOf(writer, uid, 'Logical_Switch_Port', SUBNET_MARK);
  const addresses = owned?.row['addresses'];
  if (subnetUid === undefined || !(addresses instanceof Set)) return undefined;
  for (const text of addresses) {
    const [mac, ip] = String(text).split(' ');
    if (mac !== undefined && ip !== undefined) {
      return { uid, subnetUid, mac, ip, shared: sharedIn(owned?.row['port_security'], mac) };
    }
  }
  return undefined;
}

/** The MACs that `port_security` has besides the Port's own. */
function sharedIn(portSecurity: unknown, own: string): readonly string[] {
  if (!(portSecurity instanceof Set)) return [];
  return [...portSecurity].map((text) => String(text).split(' ')[0] ?? '').filter((mac) => mac !== own);
}

function markOf(writer: Rows, uid: string, table: string, key: string): string | undefined {
  return textAt(writer.ownedBy(uid).find((owned) => owned.table === table)?.row['external_ids'], key);
}
