import { rowUuid, symbol, type OvnSymbol } from '../../ovn/index.ts';

/*
 * The names and UUIDs of rows that plans of other kinds refer to. All are functions of a UID, so a reference needs no
 * look-up (invariant 2).
 */

export const routerName = (vpcUid: string): OvnSymbol => symbol(vpcUid);
export const routerUuid = (vpcUid: string): string => rowUuid(vpcUid, 'router');

/** The default route to an ExternalNetwork. It gives way to routes of users. */
export const defaultRouteUuid = (vpcUid: string): string => rowUuid(vpcUid, 'default-route');

/** The group of all filtered ports of a VPC. Its ACLs drop the traffic that no security group allows. */
export const dropGroupName = (vpcUid: string): OvnSymbol => symbol(vpcUid, 'drop');
export const dropGroupUuid = (vpcUid: string): string => rowUuid(vpcUid, 'drop-group');

export const switchName = (subnetUid: string): OvnSymbol => symbol(subnetUid);
export const switchUuid = (subnetUid: string): string => rowUuid(subnetUid, 'switch');
/** The name of a switch's port to a physical network. */
export const localnetName = (switchOwnerUid: string): OvnSymbol => symbol(switchOwnerUid, 'localnet');
export const dhcpUuid = (ownerUid: string): string => rowUuid(ownerUid, 'dhcp4');

/** The name of a Port's logical switch port is the `iface-id` that the VM manager sets. */
export const interfaceId = (portUid: string): string => portUid;
export const portUuid = (portUid: string): string => rowUuid(portUid, 'lsp');

export const groupName = (securityGroupUid: string): OvnSymbol => symbol(securityGroupUid);
export const groupUuid = (securityGroupUid: string): string => rowUuid(securityGroupUid, 'group');

/** The port group of a TrafficPolicy. */
export const policyGroupName = (policyUid: string): OvnSymbol => symbol(policyUid);
export const policyGroupUuid = (policyUid: string): string => rowUuid(policyUid, 'group');

/** The group of the ports that cannot communicate outside a Subnet or a VPC. */
export const isolationGroupName = (uid: string): OvnSymbol => symbol(uid, 'isolation');
export const isolationGroupUuid = (uid: string): string => rowUuid(uid, 'isolation-group');

/**
 * Key in `external_ids` of the router and the switch: the allocated CIDR, so that the Northbound database alone
 * records it.
 */
export const CIDR_MARK = 'overlay-network/cidr';

/**
 * Key in `external_ids` of the switch: which of its addresses can be allocated. The spec may have changed to something
 * that is not in effect.
 */
export const RANGES_MARK = 'overlay-network/ranges';

/** Key in `external_ids` of the router: the organization in which the VPC got its range. */
export const ORGANIZATION_MARK = 'overlay-network/organization';

/** The name of the router's port in a Subnet, and of the port of the Subnet's switch that leads to the router. */
export const routerPortName = (subnetUid: string): OvnSymbol => symbol(subnetUid, 'gateway');
export const switchRouterPortName = (subnetUid: string): OvnSymbol => symbol(subnetUid, 'router');

/** The name of a VPC's port on an ExternalNetwork, and of the port of the network's switch that leads to the VPC. */
export const externalSwitchPortName = (vpcUid: string): OvnSymbol => symbol(vpcUid, 'external_switch');
export const gatewayPortName = (vpcUid: string): OvnSymbol => symbol(vpcUid, 'external');

/** The name of a VPCPeering's port on the router of its VPC. */
export const peeringPortName = (peeringUid: string): OvnSymbol => symbol(peeringUid, 'peer');

/** Key in `external_ids` of a VPC's gateway port and of a NatRule's row: the UID of the ExternalNetwork. */
export const EXTERNAL_MARK = 'overlay-network/external-network';

/** Key in `external_ids` of a router without gateway: the external address that the VPC keeps, `UID ADDRESS`. */
export const KEPT_ADDRESS_MARK = 'overlay-network/kept-address';

/** Key in `external_ids` of a band of a meter: the setting that limits the rate. */
export const LIMIT_MARK = 'overlay-network/limit';

/** Key in `external_ids` of a VPCPeering's router port: the UID of the other side. */
export const PEERING_MARK = 'overlay-network/peering';

/**
 * The group without ports whose marks record the consent of a VPCPeering. It exists also while the VPCs are not
 * connected, so a lost status does not lose the consent.
 */
export const consentGroupName = (peeringUid: string): OvnSymbol => symbol(peeringUid, 'consent');

/** Key in `external_ids` of the consent group: the UID of the namespace that the VPCPeering names. */
export const PEER_NAMESPACE_MARK = 'overlay-network/peer-namespace';
/** Key in `external_ids` of the consent group: the UID of the VPC to which the VPCPeering consented. */
export const PEER_VPC_MARK = 'overlay-network/peer-vpc';
/** Key in `external_ids` of the consent group: the range of that VPC. */
export const PEER_RANGE_MARK = 'overlay-network/peer-range';
