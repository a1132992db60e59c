import { parseAddress, parseCidr, type Address, type Cidr } from '../../api/index.ts';
import { SUBNET_MARK, textAt, type RowWriter } from '../../ovn/index.ts';
import { CIDR_MARK, EXTERNAL_MARK, PEERING_MARK } from './names.ts';

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

/** The gateway that a VPC has in OVN, as its rows say. */
export function recordedGateway(
  writer: Rows,
  vpcUid: string,
): { readonly networkUid: string; readonly address: Address } | undefined {
  for (const { table, row } of writer.ownedBy(vpcUid)) {
    if (table !== 'Logical_Router_Port') continue;
    const marks = row['external_ids'] as ReadonlyMap<string, string> | undefined;
    const networkUid = marks?.get(EXTERNAL_MARK);
    const [network] = (row['networks'] ?? []) as Iterable<string>;
    const address = parseAddress(network?.split('/')[0] ?? '', { family: 4 });
    if (networkUid !== undefined && address.ok) return { networkUid, address: address.value };
  }
  return undefined;
}

/** What a NatRule has in OVN, as its row says. */
export interface NatRecord {
  readonly networkUid: string;
  readonly external: string;
  readonly isDistributed: boolean;
}

export function recordedNat(writer: Rows, uid: string): NatRecord | undefined {
  for (const { row: record } of writer.ownedBy(uid)) {
    const marks = record['external_ids'] as ReadonlyMap<string, string> | undefined;
    const networkUid = marks?.get(EXTERNAL_MARK);
    const [vip] = (record['vips'] as ReadonlyMap<string, string> | undefined)?.keys() ?? [];
    const external = (record['external_ip'] as string | undefined) ?? vip?.split(':')[0];
    if (networkUid === undefined || external === undefined) continue;
    const mac = record['external_mac'] as ReadonlySet<string> | undefined;
    return { networkUid, external, isDistributed: (mac?.size ?? 0) > 0 };
  }
  return undefined;
}

/** The link that a peering has in OVN, as its row says. */
export function recordedLink(
  writer: Rows,
  uid: string,
): { readonly peerUid: string; readonly network: string } | undefined {
  for (const { row: record } of writer.ownedBy(uid)) {
    const peerUid = (record['external_ids'] as ReadonlyMap<string, string> | undefined)?.get(PEERING_MARK);
    const [network] = (record['networks'] ?? []) as Iterable<string>;
    if (peerUid !== undefined && network !== undefined) return { peerUid, network };
  }
  return undefined;
}

function markOf(writer: Rows, uid: string, table: string, key: string): string | undefined {
  return textAt(writer.ownedBy(uid).find((owned) => owned.table === table)?.row['external_ids'], key);
}
