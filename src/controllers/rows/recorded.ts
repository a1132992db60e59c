import { parseAddress, parseCidr, type Address, type Cidr } from '../../api/index.ts';
import { SUBNET_MARK, textAt, type RowWriter } from '../../ovn/index.ts';
import {
  CIDR_MARK,
  defaultRouteUuid,
  EXTERNAL_MARK,
  KEPT_ADDRESS_MARK,
  ORGANIZATION_MARK,
  PEERING_MARK,
  PEER_NAMESPACE_MARK,
  PEER_RANGE_MARK,
  PEER_VPC_MARK,
  RANGES_MARK,
} from './names.ts';

/*
 * Reads what OVN contains for an object. A status may be missing after a crash between the writes to OVN and to the
 * status, or after a user restored objects without their statuses. Objects that depend on such an object must keep
 * their rows until the status is written again.
 */

type Rows = Pick<RowWriter, 'ownedBy'>;

/** Returns the CIDR in the mark of a VPC's `Logical_Router` or a Subnet's `Logical_Switch`. */
export function recordedCidr(writer: Rows, uid: string, table: string): Cidr | undefined {
  const cidr = parseCidr(markOf(writer, uid, table, CIDR_MARK) ?? '', { family: 4 });
  return cidr.ok ? cidr.value : undefined;
}

/** Returns the text in the mark of a switch that states which of its addresses can be allocated. */
export const recordedRanges = (writer: Rows, uid: string): string | undefined =>
  markOf(writer, uid, 'Logical_Switch', RANGES_MARK);

/** Returns the organization in which a VPC got its range, from the mark of its router. */
export const recordedOrganization = (writer: Rows, uid: string): string | undefined =>
  markOf(writer, uid, 'Logical_Router', ORGANIZATION_MARK);

/** Returns the CIDR in the status of a VPC or a Subnet, otherwise the CIDR in the mark of its row in `table`. */
export function knownCidr(
  writer: Rows,
  {
    metadata,
    status,
  }: { readonly metadata: { readonly uid: string }; readonly status?: { readonly cidr?: string } },
  table: 'Logical_Router' | 'Logical_Switch',
): Cidr | undefined {
  if (status?.cidr === undefined) return recordedCidr(writer, metadata.uid, table);
  const cidr = parseCidr(status.cidr, { family: 4 });
  return cidr.ok ? cidr.value : undefined;
}

/** The record of a Port in OVN. */
export interface PortRecord {
  readonly uid: string;
  readonly subnetUid: string;
  readonly mac: string | undefined;
  readonly ip: string | undefined;
  /** The other MAC addresses that its VM may use. */
  readonly shared: readonly string[];
  /** The other networks whose addresses its VM may use, as CIDRs without duplicates. */
  readonly networks: readonly string[];
}

/** Returns the record of a Port: `MAC IP` is the first of its addresses that has both. */
export function recordedPort(writer: Rows, uid: string): PortRecord | undefined {
  const owned = writer.ownedBy(uid).find(({ table }) => table === 'Logical_Switch_Port');
  const subnetUid = markOf(writer, uid, 'Logical_Switch_Port', SUBNET_MARK);
  const addresses = owned?.row['addresses'];
  if (subnetUid === undefined || !(addresses instanceof Set)) return undefined;
  for (const text of addresses) {
    const [mac, ip] = String(text).split(' ');
    if (mac !== undefined && ip !== undefined) {
      const security = owned?.row['port_security'];
      return { uid, subnetUid, mac, ip, shared: sharedIn(security, mac), networks: networksIn(security) };
    }
  }
  return undefined;
}

/** Returns the MAC addresses in `port_security` except the Port's own. */
function sharedIn(portSecurity: unknown, own: string): readonly string[] {
  if (!(portSecurity instanceof Set)) return [];
  return [...portSecurity].map((text) => String(text).split(' ')[0] ?? '').filter((mac) => mac !== own);
}

/** Returns the CIDRs in `port_security`; the Port's own address has no prefix length there. */
function networksIn(portSecurity: unknown): readonly string[] {
  if (!(portSecurity instanceof Set)) return [];
  const words = [...portSecurity].flatMap((text) => String(text).split(' ').slice(1));
  return [...new Set(words.filter((word) => word.includes('/')))];
}

/** Returns the gateway in the rows of a VPC. */
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

/** Returns the external address that a VPC without gateway keeps. */
export function recordedKept(writer: Rows, vpcUid: string): ReturnType<typeof recordedGateway> {
  const [networkUid, text] = markOf(writer, vpcUid, 'Logical_Router', KEPT_ADDRESS_MARK)?.split(' ') ?? [];
  const address = parseAddress(text ?? '', { family: 4 });
  return networkUid !== undefined && address.ok ? { networkUid, address: address.value } : undefined;
}

/** The record of a NatRule in OVN. */
interface NatRecord {
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

/** Returns the link in the row of a peering. */
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

/** What a VPCPeering consented to: a namespace before the other side agreed, then a VPC and its range. */
export interface Consent {
  readonly namespaceUid: string | undefined;
  readonly vpcUid: string | undefined;
  readonly range: Cidr | undefined;
}

/** Returns the consent in the row of a peering. */
export function recordedConsent(writer: Rows, uid: string): Consent {
  const mark = (key: string): string | undefined => markOf(writer, uid, 'Port_Group', key);
  const range = parseCidr(mark(PEER_RANGE_MARK) ?? '', { family: 4 });
  return {
    namespaceUid: mark(PEER_NAMESPACE_MARK),
    vpcUid: mark(PEER_VPC_MARK),
    range: range.ok ? range.value : undefined,
  };
}

/** Returns the destinations of the static routes in the rows of an object, except the default route of a gateway. */
export function recordedRoutes(writer: Rows, uid: string): readonly Cidr[] {
  return writer.ownedBy(uid).flatMap(({ table, row: record }) => {
    if (table !== 'Logical_Router_Static_Route' || record['_uuid'] === defaultRouteUuid(uid)) return [];
    const cidr = parseCidr(record['ip_prefix'] as string, { family: 4 });
    return cidr.ok ? [cidr.value] : [];
  });
}

function markOf(writer: Rows, uid: string, table: string, key: string): string | undefined {
  return textAt(writer.ownedBy(uid).find((owned) => owned.table === table)?.row['external_ids'], key);
}
