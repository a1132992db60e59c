import { formatAddress, formatCidr, type Address, type Cidr } from '../../api/index.ts';
import {
  and,
  everyAddress,
  inport,
  ip,
  is,
  nothing,
  or,
  outport,
  parseNetwork,
  rowUuid,
  subtractNetworks,
  type DesiredRow,
  type DesiredState,
  type RowWriter,
} from '../../ovn/index.ts';
import { aclRow, aclsOn, type Acl } from './acl.ts';
import { externalSwitchPortName, gatewayPortName, switchUuid } from './names.ts';
import { networkOf } from './network.ts';
import { policyPriority, policyRow } from './router-policy.ts';

/*
 * The filters on the switch of an ExternalNetwork. They are on the switch and not on the routers, because the switch
 * sees the addresses on the wire: after the translation of packets that leave a router, and before the translation of
 * packets that enter. The switch has no ACL that tracks connections, so no established connection passes a filter.
 */

/** Private and shared addresses (RFC 1918, RFC 6598), which do not cross an ExternalNetwork by themselves. */
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map(parseNetwork);

/** The priorities differ only so that `ovn-nbctl acl-list` shows the filter of the network first. */
const externalPriority = { privateSource: 3000, vpc: 2000 } as const;

/**
 * Returns the filter of an ExternalNetwork: it drops packets with a private source, from routers and from the wire,
 * except those that the network declares.
 *
 * @param declared the range of the network, and the private ranges that may send on the network
 */
export function privateSourceFilter(networkUid: string, declared: readonly string[]): DesiredState {
  const holes = declared.map(parseNetwork);
  const undeclared = privateRanges.flatMap((range) => subtractNetworks(range, holes));
  if (undeclared.length === 0) return nothing;
  return onSwitch(networkUid, networkUid, {
    privateSource: {
      direction: 'from-lport',
      priority: externalPriority.privateSource,
      match: ip(4, 'src', undeclared),
      action: 'drop',
    },
  });
}

/** The connection of a VPC to an ExternalNetwork. */
interface Connection {
  readonly vpcUid: string;
  readonly networkUid: string;
}

/**
 * Returns the filter between a VPC and its ExternalNetwork. No packet leaves with a private address of the VPC as its
 * source, and none enters with one as its source or its destination. So only translated packets cross the network.
 * The policies on the router drop the other forged sources ({@link gatewayPolicies}).
 *
 * @param isRouted the network routes the range of the VPC: packets leave and enter without translation
 */
export function gatewayFilter(
  { vpcUid, networkUid }: Connection,
  range: Cidr,
  isRouted: boolean,
): DesiredState {
  const leaving = inport({ name: externalSwitchPortName(vpcUid) });
  const entering = outport({ name: externalSwitchPortName(vpcUid) });
  const own = [formatCidr(range)];
  const drop = { priority: externalPriority.vpc, action: 'drop' } as const;
  return onSwitch(vpcUid, networkUid, {
    [ENTERING]: { ...drop, direction: 'to-lport', match: and(entering, ip(4, 'src', own)) },
    ...(!isRouted && {
      enteringDestination: { ...drop, direction: 'to-lport', match: and(entering, ip(4, 'dst', own)) },
      [LEAVING]: { ...drop, direction: 'from-lport', match: and(leaving, ip(4, 'src', own)) },
    }),
  });
}

const ENTERING = 'enteringSource';
const LEAVING = 'leavingSource';

/** Whether the rows of a VPC with a gateway let packets leave with a source in its range. */
export function isRecordedAsRouted(writer: Pick<RowWriter, 'ownedBy'>, vpcUid: string): boolean {
  const uuids = new Set(writer.ownedBy(vpcUid).map(({ row }) => row._uuid));
  return uuids.has(rowUuid(vpcUid, `acl/${ENTERING}`)) && !uuids.has(rowUuid(vpcUid, `acl/${LEAVING}`));
}

/**
 * Returns the policies of a router for its port on an ExternalNetwork. A packet from outside must be for the VPC. The
 * router also forwards a packet for another address of the network: a neighbour that has not learned the new router
 * of an address sends such packets. The router's own answers, from `address`, pass too. So the router carries nobody
 * from the network to a peer, to a network behind a static route, or back to the internet. A packet to outside must
 * have a source in the range of the VPC, which the router then translates.
 */
export function gatewayPolicies(
  vpcUid: string,
  range: Cidr,
  address: Address,
  network: Cidr,
): readonly DesiredRow[] {
  const name = gatewayPortName(vpcUid);
  const from = inport({ name });
  const external = formatCidr(network);
  const own = networkOf(range);
  const isOwn = or(ip(4, 'dst', [own, external]), ip(4, 'src', [formatAddress(address)]));
  return [
    policyRow(vpcUid, 'entering/own', {
      priority: policyPriority.entering,
      match: and(from, isOwn),
      action: 'allow',
    }),
    policyRow(vpcUid, 'entering/other', {
      priority: policyPriority.enteringOther,
      match: and(from, is('ip')),
      action: 'drop',
    }),
    policyRow(vpcUid, 'leaving/other', {
      priority: policyPriority.leavingOther,
      match: and(outport({ name }), ip(4, 'src', subtractNetworks(everyAddress(4), [own]))),
      action: 'drop',
    }),
  ];
}

/** Returns the rows of ACLs, by their roles, on the switch of an ExternalNetwork. */
function onSwitch(ownerUid: string, networkUid: string, acls: Readonly<Record<string, Acl>>): DesiredState {
  const rows = Object.entries(acls).map(([role, acl]) => aclRow(ownerUid, acl, role));
  return aclsOn('Logical_Switch', switchUuid(networkUid), rows);
}
