/** One reason of a condition. The generator writes docs/reference/conditions.md from these entries. */
export interface ReasonEntry {
  /** The error code at the start of the message, for users and scripts to search for. Only some reasons have one. */
  readonly code?: string;
  /** Where the problem is: in the object (condition `Accepted`), or in a referenced object (`ResolvedRefs`). */
  readonly about?: 'object' | 'reference';
  /**
   * Somebody must decide to change an object: this object, an object that conflicts with it, or a permission. The
   * operator then also sets the condition `Stalled` (kstatus). Absent if the object waits for an object that others
   * create in any order, for capacity that other objects return, or for the operator.
   */
  readonly stalls?: true;
  /** A sentence that says in which situation the operator sets the reason. */
  readonly when: string;
  /** A sentence that says what to do. Absent when nothing is wrong. */
  readonly remedy?: string;
}

const catalogue = {
  Accepted: { when: 'The object is valid and conflicts with no other object.' },
  ResolvedRefs: { when: 'All objects that the object refers to exist and are ready.' },
  Programmed: { when: 'OVN contains the rows of the object.' },
  Ready: { when: 'The object is in effect.' },
  AdminDown: {
    when: 'The Port is in effect, and `adminState: Down` disconnects it: the Port keeps its addresses, and no packets pass.',
    remedy: 'Set `adminState: Up` to connect the Port.',
  },
  RoutesResolved: { when: 'The router reaches the next hop of every static route.' },
  RoutesAccepted: {
    when: 'Both routers of a VPCPeering route to every network that the other side advertises.',
  },
  RangeRouted: { when: 'The ExternalNetwork carries the addresses of the VPC without translation.' },
  ReachableInside: {
    when: 'The machines in Subnets with a gateway reach the forwarded port, as far as their groups allow it.',
  },
  StatelessClients: {
    when: 'The namespace has SecurityGroups with `stateful: Disabled`. OVN translates the address of a forwarded port with connection tracking, so Ports of these groups may not reach the port from inside the VPC.',
    remedy:
      'From these Ports, use the internal address of the target, or set `stateful: Enabled` in the groups.',
  },
  MTUFits: { when: 'Packets with the MTU of the Subnet fit through the tunnels between hosts.' },
  Bound: { when: 'OVN reports the interface up on a host.' },
  NotBound: {
    when: 'No host has plugged in the interface.',
    remedy:
      'Start the virtual machine, and check that `external_ids:iface-id` of its device is equal to `status.interfaceID`.',
  },
  SouthboundNotRead: {
    when: 'The operator has not read the Southbound database since it started, so it does not know the host of the interface.',
    remedy:
      'Check that the Southbound database runs and that the operator can connect to it (`ovnSbEndpoint`).',
  },
  Pending: {
    when: 'The operator writes nothing to OVN until the object is accepted and its references are resolved.',
    remedy: 'Fix the problems that the other conditions report.',
  },
  InvalidCIDR: {
    about: 'object',
    stalls: true,
    code: 'INVALID_CIDR',
    when: 'A network or address is malformed, has host bits set, has the wrong IP version, or is not in the network that the message names.',
    remedy: 'Change the value as the message says.',
  },
  CIDROverlap: {
    about: 'object',
    stalls: true,
    code: 'CIDR_OVERLAP',
    when: 'The range overlaps the range of another VPC, of another Subnet of the same VPC, or of the ExternalNetwork of the VPC. In a VPCPeering: a network overlaps a network that the router already has, or a reserved network.',
    remedy:
      'Create the object with another `cidr`, or without `cidr`, so that the operator allocates a free range. In a VPC whose namespace got another organization: restore the label of the namespace. In a VPCPeering: change the advertised networks.',
  },
  RangeNotAllowed: {
    about: 'object',
    stalls: true,
    code: 'RANGE_NOT_ALLOWED',
    when: 'The range of the VPC is outside the networks that administrators allow, or the VPC is too large.',
    remedy:
      'Create the VPC with another `cidr`, or without `cidr`, or ask an administrator for a ProjectPolicy that allows the range.',
  },
  PowerForbidden: {
    about: 'object',
    stalls: true,
    code: 'POWER_FORBIDDEN',
    when: 'The Port uses a power that administrators do not allow in its namespace: no filter, no or weaker spoofing protection, or some entries of `allowedAddresses`. The operator uses the safe values instead.',
    remedy:
      'Remove the values that the message names, or ask an administrator for a ProjectPolicy that allows them.',
  },
  QuotaExceeded: {
    about: 'object',
    code: 'QUOTA_EXCEEDED',
    when: 'The namespace or its organization already holds as much as administrators allow. The object waits until a part becomes free.',
    remedy: 'Delete unused objects, or ask an administrator for a higher limit.',
  },
  NamespaceNotRead: {
    about: 'object',
    when: 'The operator has not read the namespace of the object yet, so it does not know its organization or which ProjectPolicy applies.',
    remedy: 'Wait; if the condition does not change, check that the operator may list namespaces.',
  },
  SubnetOutsideVPC: {
    about: 'object',
    stalls: true,
    code: 'SUBNET_OUTSIDE_VPC',
    when: 'The range of the Subnet is not inside the range of its VPC.',
    remedy: 'Create the Subnet with a `cidr` inside `status.cidr` of the VPC.',
  },
  IPOutsideSubnet: {
    about: 'object',
    stalls: true,
    code: 'IP_OUTSIDE_SUBNET',
    when: 'An address or range is outside the range of the Subnet.',
    remedy:
      'Set an address inside the range. Create a Port with another `ipAddress`, or without `ipAddress`, so that the operator allocates a free address.',
  },
  IPReserved: {
    about: 'object',
    stalls: true,
    code: 'IP_RESERVED',
    when: 'The address is inside the range of the Subnet, but is the address of its gateway, its network or broadcast address, or in its `reservedRanges`.',
    remedy:
      'Set another address. Create a Port with another `ipAddress`, or without `ipAddress`, so that the operator allocates a free address.',
  },
  IPAlreadyAllocated: {
    about: 'object',
    stalls: true,
    code: 'IP_ALREADY_ALLOCATED',
    when: 'Another Port has the address.',
    remedy: 'Create the Port with another `ipAddress`, or delete the Port that has the address.',
  },
  AllowedAddressRefused: {
    about: 'object',
    stalls: true,
    code: 'ALLOWED_ADDRESS_REFUSED',
    when: 'An entry of `allowedAddresses` contains an address that only the network itself or another machine may use.',
    remedy:
      'Use addresses of the Subnet that no Port has as its own, or addresses outside the VPC and the networks around it. Reserve a virtual address in `reservedRanges` of the Subnet.',
  },
  OVNConnectionFailed: {
    code: 'OVN_CONNECTION_FAILED',
    when: 'The operator has changes to write to OVN and cannot connect to the Northbound database.',
    remedy:
      'Check that the Northbound database runs and that the operator can connect to it (`ovnNbEndpoint`).',
  },
  SecurityGroupNotFound: {
    about: 'reference',
    code: 'SECURITY_GROUP_NOT_FOUND',
    when: 'The object refers to a SecurityGroup that does not exist in the namespace.',
    remedy: 'Create the SecurityGroup, or correct the name.',
  },
  PortAlreadyAttached: {
    code: 'PORT_ALREADY_ATTACHED',
    when: 'The Port is attached to another virtual machine.',
    remedy: 'First remove `spec.attachment`, then set the new attachment.',
  },
  PoolExhausted: {
    about: 'object',
    when: 'The pool has no free address or no free range.',
    remedy: 'Delete unused objects, widen `allocationPools`, or create a larger Subnet.',
  },
  MACConflict: {
    about: 'object',
    stalls: true,
    when: 'Another Port of the Subnet, or the gateway or the DHCP server of the Subnet, has the MAC address.',
    remedy:
      'Set another `macAddress`, or remove it, so that the operator computes an address; in `allowedAddresses`, use a MAC address that is not the `macAddress` of a Port.',
  },
  InvalidMAC: {
    about: 'object',
    stalls: true,
    when: 'A MAC address is malformed, multicast or all zeros.',
    remedy: 'Set a unicast address, or remove the field, so that the operator computes an address.',
  },
  InvalidRule: {
    about: 'object',
    stalls: true,
    when: 'The operator cannot express a rule of a SecurityGroup or TrafficPolicy in OVN. Until the rule is fixed, a SecurityGroup allows nothing, and a TrafficPolicy forbids everything.',
    remedy: 'Fix the rule that the message names.',
  },
  TooManyRules: {
    about: 'object',
    stalls: true,
    when: 'The SecurityGroup or TrafficPolicy exceeds the limit of the operator for rules or for flow matches. Until you correct the rules, a SecurityGroup allows nothing, and a TrafficPolicy forbids everything.',
    remedy:
      'Merge rules with larger networks and with port ranges whose sizes are powers of two, or split the object into several.',
  },
  TooManyGroups: {
    about: 'object',
    stalls: true,
    when: 'The Port refers to more SecurityGroups than the limit of the operator, or the groups expand to more flow matches than the limit. OVN keeps the previous state of the Port.',
    remedy: 'Merge SecurityGroups, or ask an administrator to raise the limit.',
  },
  TooManyPolicies: {
    about: 'object',
    stalls: true,
    when: 'More TrafficPolicies apply to the Port than the limit of the operator, or they expand to more flow matches than the limit. OVN drops all traffic of the Port, because the operator must not ignore a restriction.',
    remedy: 'Merge TrafficPolicies, or narrow their `appliesTo`.',
  },
  InvalidSpec: {
    about: 'object',
    stalls: true,
    when: 'Fields contradict each other in a way that the schema normally rejects.',
    remedy: 'Change the fields as the message says, and update the CRDs to the version of the operator.',
  },
  VPCNotFound: {
    about: 'reference',
    when: 'The VPC that the object refers to does not exist in the namespace, or the namespace has no VPC.',
    remedy: 'Create the VPC, or correct the name.',
  },
  VPCNotReady: {
    about: 'reference',
    when: 'The VPC of the object is not ready.',
    remedy: 'Check the conditions of the VPC.',
  },
  VPCAlreadyExists: {
    about: 'object',
    stalls: true,
    when: 'The namespace has an older VPC; only one VPC per namespace is in effect.',
    remedy: 'Delete one of the two VPCs.',
  },
  SubnetNotFound: {
    about: 'reference',
    when: 'The Subnet that the object refers to does not exist in the namespace.',
    remedy: 'Create the Subnet, or correct the name.',
  },
  SecurityGroupNotReady: {
    about: 'reference',
    when: 'OVN does not yet contain a SecurityGroup that the object refers to.',
    remedy: 'Wait; if the condition does not change, check the conditions of the SecurityGroup.',
  },
  SubnetNotReady: {
    about: 'reference',
    when: 'The Subnet of the object is not ready.',
    remedy: 'Check the conditions of the Subnet.',
  },
  SubnetWithoutGateway: {
    about: 'reference',
    when: 'The target or source of the NatRule is in a Subnet without gateway. The router of the VPC is not connected to the Subnet, so it cannot forward packets.',
    remedy:
      'Set `gateway.mode` of the Subnet to `Automatic` or `Address`, or use a machine in another Subnet.',
  },
  PortNotFound: {
    about: 'reference',
    when: 'The Port that the object refers to does not exist in the namespace.',
    remedy: 'Create the Port, or correct the name.',
  },
  PortNotReady: {
    about: 'reference',
    when: 'The Port that the object refers to is not ready.',
    remedy: 'Check the conditions of the Port.',
  },
  FloatingIPNotFound: {
    about: 'reference',
    when: 'The FloatingIP that the object refers to does not exist in the namespace.',
    remedy: 'Create the FloatingIP, or correct the name.',
  },
  FloatingIPNotReady: {
    about: 'reference',
    when: 'The FloatingIP that the object refers to has no address yet.',
    remedy: 'Check the conditions of the FloatingIP.',
  },
  ExternalNetworkNotAllowed: {
    about: 'reference',
    when: 'The ExternalNetwork does not exist, or the namespace may not use it.',
    remedy: 'Correct the name, or ask an administrator to allow the namespace.',
  },
  ExternalNetworkNotReady: {
    about: 'reference',
    when: 'The ExternalNetwork is not ready.',
    remedy: 'Ask an administrator to check the conditions of the ExternalNetwork.',
  },
  ProviderNetworkNotAllowed: {
    about: 'reference',
    when: 'The ProviderNetwork does not exist, or the namespace may not use the segment of the Subnet. The Subnet is not connected to a physical network.',
    remedy: 'Correct `provider` of the Subnet, or ask an administrator to allow the namespace and the VLAN.',
  },
  ProtectionRequired: {
    about: 'object',
    stalls: true,
    when: 'The Subnet of the Port may share its VLAN with Subnets of other tenants. The operator applies `spoofingProtection: MACAndIP` and `trafficFiltering: Enabled` to the Port.',
    remedy: 'Set these values in the Port, or use a Subnet that has its VLAN alone.',
  },
  SegmentConflict: {
    about: 'object',
    stalls: true,
    when: 'The VLAN, or the untagged frames, of the physical network already belong to another network. A Subnet is then not connected to the physical network.',
    remedy:
      'Use another VLAN, or ask an administrator. An administrator changes one of the objects in the message.',
  },
  NoGatewayChassis: {
    about: 'reference',
    when: 'No host can carry the traffic between VPCs and the ExternalNetwork.',
    remedy:
      'On some hosts, set `external_ids:ovn-cms-options=enable-chassis-as-gw` and `ovn-bridge-mappings` in Open vSwitch, or name hosts that have such a mapping in `gatewayChassis`.',
  },
  NoExternalGateway: {
    about: 'reference',
    when: 'The VPC has no connection to an ExternalNetwork, or the connection is not ready.',
    remedy: 'Set `externalGateway` in the VPC, or check the conditions of the VPC.',
  },
  AddressNotAvailable: {
    about: 'object',
    stalls: true,
    when: 'The ExternalNetwork does not provide the external address, or another object has it.',
    remedy:
      'Create the object with another `address`, or without `address`, so that the operator allocates a free address.',
  },
  AddressOutsideVPC: {
    about: 'object',
    stalls: true,
    when: 'A network or address is not inside the range of the VPC.',
    remedy: 'Set a value inside `status.cidr` of the VPC.',
  },
  NatConflict: {
    about: 'object',
    stalls: true,
    when: 'The NatRule cannot use the external address: another NatRule uses the address or its port, or the address does not belong to the project. Or another NatRule already translates the same source.',
    remedy: 'Use another address, port or source, or delete the other NatRule.',
  },
  ModeNotSupported: {
    about: 'object',
    stalls: true,
    when: 'The NatRule has `mode: Distributed`, and its Port is in a Subnet on a physical network, or a DNAT rule forwards to the Port. The operator applies `mode: Centralized`.',
    remedy: 'Set `mode: Centralized`, use a Port of another Subnet, or delete the DNAT rules of the Port.',
  },
  PeeringConflict: {
    about: 'object',
    stalls: true,
    when: 'An older VPCPeering connects the same two VPCs, or leads to the same addresses.',
    remedy: 'Delete one of the two VPCPeerings.',
  },
  RouteConflict: {
    about: 'object',
    stalls: true,
    when: 'A VPC of the peering has a static route with the same destination as a network that the other side advertises.',
    remedy:
      'Remove the static route or narrow its destination, or change the advertised networks of the other side.',
  },
  ConsentRequired: {
    about: 'object',
    stalls: true,
    when: 'The other side of the VPCPeering has another VPC than the one to which the VPCPeering consented, or advertises only networks that the VPCPeering does not accept. The VPCs are not connected.',
    remedy:
      'To consent to another VPC, create the VPCPeering again, or set `peer.vpcUID`. To accept networks, list them in `acceptedCIDRs`.',
  },
  RoutesRefused: {
    when: 'A router of the VPCPeering does not route to some networks that the other side advertises. The VPCPeering is in effect for the other networks.',
    remedy:
      'Read `status.refusedRoutes`. Accept the networks in `acceptedCIDRs`, or change the advertised networks.',
  },
  NextHopUnreachable: {
    when: 'The next hop of a static route is neither in a Subnet with a gateway nor in the external network. The route is not in effect and replaces no other route, such as the default route of the gateway; the rest of the VPC is in effect.',
    remedy: 'Create the Subnet that contains the next hop, or correct `nextHop`.',
  },
  RouteRefused: {
    when: 'A static route leads into the range of the VPC or of its ExternalNetwork, or its next hop is an address of a router, or an address that the ExternalNetwork gives to VPCs. The router does not use the route; the rest of the VPC is in effect.',
    remedy: 'Remove the route, or change its destination or next hop as the message says.',
  },
  RangeNotDeclared: {
    when: 'The VPC has `snat: Disabled`, and `routedRanges` of the ExternalNetwork does not contain its range. Only packets that a NatRule translates leave the VPC.',
    remedy:
      'Set `externalGateway.snat` to `Enabled`, create NatRules, or ask an administrator to add the range to `routedRanges`.',
  },
  RangeAlreadyRouted: {
    when: 'The VPC has `snat: Disabled`, and the ExternalNetwork already routes an overlapping range for another VPC.',
    remedy:
      'Create the VPC with another `cidr`, set `externalGateway.snat` to `Enabled`, or create NatRules.',
  },
  MTUTooLarge: {
    when: 'The `mtu` of the Subnet is larger than the MTU of the tunnels: `underlay.mtu` minus the tunnel overhead. Larger packets to machines on other hosts are lost; other traffic is not affected.',
    remedy:
      'Lower `mtu`, or remove it to use the largest value that fits; machines get the new value when they renew their DHCP lease. If the network between hosts carries larger packets, set `underlay.mtu` of the operator to its MTU.',
  },
  AnnouncedLate: {
    when: 'The NatRule has `mode: Distributed`. When the virtual machine moves, OVN announces the external address on the new host one second after the interface is up. Until then, packets from outside go to the old host and are lost.',
    remedy: 'Set `mode: Centralized` if connections from outside must not pause for about two seconds.',
  },
  PendingPeer: {
    about: 'reference',
    when: 'The other side has no VPCPeering that names this VPC.',
    remedy: 'Ask the owner of the other side to create the VPCPeering.',
  },
  InUse: {
    about: 'object',
    when: 'The object is being deleted, and the objects in the message still use it.',
    remedy:
      'The deletion finishes when no object uses this object: delete or change the objects in the message.',
  },
  FinalizerRefused: {
    code: 'FINALIZER_REFUSED',
    when: 'The API server refuses to let the operator add its finalizer to the object, or remove it.',
    remedy:
      'Ask an administrator to correct the admission policy or the webhook that the message names, so that the operator may change `metadata.finalizers`. The operator retries automatically.',
  },
  OVNRejected: {
    when: 'The Northbound database rejected the rows of the object; the message contains its error.',
    remedy:
      'Look for rows with the same name that the operator did not create; if there are none, report a bug.',
  },
} as const satisfies Record<string, ReasonEntry>;

/** A CamelCase word for the `reason` of a condition. */
export type Reason = keyof typeof catalogue;

/** A reason with `about`: a problem of the object or of a referenced object. */
export type ProblemReason = {
  [R in Reason]: (typeof catalogue)[R] extends { about: string } ? R : never;
}[Reason];

/** Every reason that the operator sets, in the order of the documentation. */
export const reasons: Readonly<Record<Reason, ReasonEntry>> = catalogue;

/** Returns `CODE: sentence` for a reason with an error code, otherwise only the sentence. */
export function messageFor(reason: Reason, sentence: string): string {
  const { code } = reasons[reason];
  return code === undefined ? sentence : `${code}: ${sentence}`;
}
