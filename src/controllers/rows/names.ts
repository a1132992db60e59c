import { rowUuid, symbol, type OvnSymbol } from '../../ovn/index.ts';

/*
 * The names and UUIDs by which the rows of one kind are known to the plans of others. All are functions of a UID, so
 * a reference needs no look-up (invariant 2).
 */

export const routerName = (vpcUid: string): OvnSymbol => symbol(vpcUid);
export const routerUuid = (vpcUid: string): string => rowUuid(vpcUid, 'router');

/** The group of all filtered ports of a VPC: what no security group allows is dropped here. */
export const dropGroupName = (vpcUid: string): OvnSymbol => symbol(vpcUid, 'drop');
export const dropGroupUuid = (vpcUid: string): string => rowUuid(vpcUid, 'drop-group');

export const switchName = (subnetUid: string): OvnSymbol => symbol(subnetUid);
export const switchUuid = (subnetUid: string): string => rowUuid(subnetUid, 'switch');
export const dhcpUuid = (ownerUid: string): string => rowUuid(ownerUid, 'dhcp4');

/** A Port's logical switch port: its name is the `iface-id` that the VM manager sets. */
export const interfaceId = (portUid: string): string => portUid;
export const portUuid = (portUid: string): string => rowUuid(portUid, 'lsp');

export const groupName = (securityGroupUid: string): OvnSymbol => symbol(securityGroupUid);
export const groupUuid = (securityGroupUid: string): string => rowUuid(securityGroupUid, 'group');

/** The group of a TrafficPolicy's ports. */
export const policyGroupName = (policyUid: string): OvnSymbol => symbol(policyUid);
export const policyGroupUuid = (policyUid: string): string => rowUuid(policyUid, 'group');

/** The group of ports that may not reach beyond a Subnet, or beyond a VPC. */
export const isolationGroupName = (uid: string): OvnSymbol => symbol(uid, 'isolation');
export const isolationGroupUuid = (uid: string): string => rowUuid(uid, 'isolation-group');

/** Key in `external_ids` of the router and the switch: the CIDR that was allocated, so that NB alone can tell it. */
export const CIDR_MARK = 'overlay-network/cidr';

/** A VPC's port on an ExternalNetwork. */
export const gatewayPortName = (vpcUid: string): OvnSymbol => symbol(vpcUid, 'external');

/** A VPCPeering's port on its VPC's router. */
export const peeringPortName = (peeringUid: string): OvnSymbol => symbol(peeringUid, 'peer');

/** Key in `external_ids` of a VPC's gateway port and of a NatRule's row: the UID of the ExternalNetwork. */
export const EXTERNAL_MARK = 'overlay-network/external-network';

/** Key in `external_ids` of a VPCPeering's router port: the UID of the other side. */
export const PEERING_MARK = 'overlay-network/peering';
