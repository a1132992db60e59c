/** One reason that a condition can give. docs/reference/conditions.md is generated from these. */
export interface ReasonEntry {
  /** Begins the message, for users and their scripts to search for. Reasons without one need none. */
  readonly code?: string;
  /** The fault is in the object itself (condition `Accepted`), or in an object that it refers to (`ResolvedRefs`). */
  readonly about?: 'object' | 'reference';
  /** Only a change of the object ends the problem, so the condition `Stalled` is set too (kstatus). */
  readonly stalls?: true;
  /** When the reason is given; a sentence. */
  readonly when: string;
  /** What to do about it; a sentence. Absent when nothing is wrong. */
  readonly remedy?: string;
}

const catalogue = {
  Accepted: { when: 'The object is valid and in conflict with no other.' },
  ResolvedRefs: { when: 'Everything that the object refers to exists and is ready.' },
  Programmed: { when: 'OVN has what the object says.' },
  Ready: { when: 'The object is in effect.' },
  RoutesResolved: { when: 'The router reaches the next hop of every static route.' },
  MTUFits: { when: "Packets of the Subnet's MTU fit through the tunnels between hosts." },
  Bound: { when: 'OVN has the interface up on a host.' },
  NotBound: {
    when: 'No host has the interface up.',
    remedy:
      'Start the virtual machine, and see that its device has `external_ids:iface-id` set to `status.interfaceID`.',
  },
  SouthboundNotRead: {
    when: 'The operator has not been able to read the Southbound database since it started, so it does not know the host.',
    remedy: 'See that the database runs and that the operator can reach it (`ovnSbEndpoint`).',
  },
  Pending: {
    when: 'Nothing is written to OVN before the object is accepted and what it refers to is there.',
    remedy: 'Mend what the other conditions say.',
  },
  InvalidCIDR: {
    about: 'object',
    stalls: true,
    code: 'INVALID_CIDR',
    when: 'A network or address is malformed, has host bits set, or is of the wrong IP version.',
    remedy: 'Write what the message asks for.',
  },
  CIDROverlap: {
    about: 'object',
    code: 'CIDR_OVERLAP',
    when: 'The range overlaps with that of another VPC, or of another Subnet of the VPC.',
    remedy: 'Create the object with another `cidr`, or leave it out to have a free one allocated.',
  },
  SubnetOutsideVPC: {
    about: 'object',
    stalls: true,
    code: 'SUBNET_OUTSIDE_VPC',
    when: "The Subnet's range is not inside that of its VPC.",
    remedy: 'Create the Subnet with a `cidr` inside `status.cidr` of the VPC.',
  },
  IPOutsideSubnet: {
    about: 'object',
    code: 'IP_OUTSIDE_SUBNET',
    when: "The address is outside the Subnet's range, or is reserved, the gateway, the network or the broadcast address.",
    remedy: 'Create the Port with another `ipAddress`, or leave it out to have one allocated.',
  },
  IPAlreadyAllocated: {
    about: 'object',
    code: 'IP_ALREADY_ALLOCATED',
    when: 'Another Port has the address.',
    remedy: 'Create the Port with another `ipAddress`, or delete the Port that has it.',
  },
  OVNConnectionFailed: {
    code: 'OVN_CONNECTION_FAILED',
    when: 'There is something to write to OVN, and the Northbound database cannot be reached.',
    remedy:
      'See that the database runs and that the operator can reach it; the object is written once it does.',
  },
  SecurityGroupNotFound: {
    about: 'reference',
    code: 'SECURITY_GROUP_NOT_FOUND',
    when: 'A SecurityGroup that the object names does not exist in the namespace.',
    remedy: 'Create it, or correct the name.',
  },
  PortAlreadyAttached: {
    code: 'PORT_ALREADY_ATTACHED',
    when: 'The Port is attached to another virtual machine.',
    remedy: 'Detach it first: remove `spec.attachment`, then set the new one.',
  },
  PoolExhausted: {
    about: 'object',
    when: 'No address (or no range) is free to be allocated.',
    remedy: 'Delete what is no longer used, widen `allocationPools`, or create a larger Subnet.',
  },
  MACConflict: {
    about: 'object',
    when: 'Another Port of the Subnet, or the Subnet itself, has the MAC address.',
    remedy:
      "Set another `macAddress`, or leave it out to have one computed; in `allowedAddresses`, share one that is no Port's own.",
  },
  InvalidMAC: {
    about: 'object',
    stalls: true,
    when: 'A MAC address is malformed, multicast or all zeros.',
    remedy: 'Write a unicast address, or leave it out to have one computed.',
  },
  InvalidRule: {
    about: 'object',
    stalls: true,
    when: 'A rule of a SecurityGroup or TrafficPolicy cannot be expressed. The whole group allows nothing until it is mended; a policy forbids everything.',
    remedy: 'Mend the rule that the message names.',
  },
  TooManyRules: {
    about: 'object',
    stalls: true,
    when: "The SecurityGroup or TrafficPolicy has more rules than the operator's limit, or they come to more flow matches. The whole group allows nothing until it is mended; a policy forbids everything.",
    remedy: 'Join rules by ranges of ports that are powers of two and larger networks, or split the group.',
  },
  TooManyGroups: {
    about: 'object',
    stalls: true,
    when: "The Port is in more SecurityGroups than the operator's limit; what it had before stays as it was.",
    remedy: 'Join groups, or have the limit raised.',
  },
  InvalidSpec: {
    about: 'object',
    stalls: true,
    when: 'Fields contradict each other in a way that the schema normally refuses.',
    remedy: 'Mend what the message says, and update the CRDs to those of the running operator.',
  },
  VPCNotFound: {
    about: 'reference',
    when: 'The VPC that the object names, or any VPC at all, does not exist in the namespace.',
    remedy: 'Create the VPC, or correct the name.',
  },
  VPCNotReady: {
    about: 'reference',
    when: 'The VPC that the object is in is not ready.',
    remedy: "See the VPC's conditions.",
  },
  VPCAlreadyExists: {
    about: 'object',
    when: 'The namespace has an older VPC; a project has exactly one.',
    remedy: 'Delete one of the two.',
  },
  SubnetNotFound: {
    about: 'reference',
    when: 'The Subnet that the object names does not exist in the namespace.',
    remedy: 'Create it, or correct the name.',
  },
  SecurityGroupNotReady: {
    about: 'reference',
    when: 'A SecurityGroup that the object names is not in OVN yet.',
    remedy: 'Wait; when it stays so, see the conditions of the SecurityGroup.',
  },
  SubnetNotReady: {
    about: 'reference',
    when: 'The Subnet that the object is in is not ready.',
    remedy: "See the Subnet's conditions.",
  },
  PortNotFound: {
    about: 'reference',
    when: 'The Port that the object names does not exist in the namespace.',
    remedy: 'Create it, or correct the name.',
  },
  PortNotReady: {
    about: 'reference',
    when: 'The Port that the object names is not ready.',
    remedy: "See the Port's conditions.",
  },
  FloatingIPNotFound: {
    about: 'reference',
    when: 'The FloatingIP that the object names does not exist in the namespace.',
    remedy: 'Create it, or correct the name.',
  },
  FloatingIPNotReady: {
    about: 'reference',
    when: 'The FloatingIP that the object names has no address yet.',
    remedy: "See the FloatingIP's conditions.",
  },
  ExternalNetworkNotAllowed: {
    about: 'reference',
    when: 'The ExternalNetwork does not exist, or the namespace may not use it.',
    remedy: 'Correct the name, or ask an administrator to allow the namespace.',
  },
  ExternalNetworkNotReady: {
    about: 'reference',
    when: 'The ExternalNetwork is not ready.',
    remedy: "An administrator sees the ExternalNetwork's conditions.",
  },
  NoGatewayChassis: {
    about: 'reference',
    when: 'No host can carry the traffic between VPCs and the ExternalNetwork.',
    remedy:
      'Set `external_ids:ovn-cms-options=enable-chassis-as-gw` and `ovn-bridge-mappings` in Open vSwitch on some hosts; or name hosts with such a mapping in `gatewayChassis`.',
  },
  NoExternalGateway: {
    about: 'reference',
    when: 'The VPC has no way to the world outside (yet).',
    remedy: "Set `externalGateway` in the VPC, or see the VPC's conditions.",
  },
  AddressNotAvailable: {
    about: 'object',
    when: "The external address is not one that the ExternalNetwork gives out, or it is somebody else's.",
    remedy: 'Create the object with another `address`, or leave it out to have one allocated.',
  },
  AddressOutsideVPC: {
    about: 'object',
    stalls: true,
    when: 'A network or address is not inside the range of the VPC.',
    remedy: 'Write one inside `status.cidr` of the VPC.',
  },
  NatConflict: {
    about: 'object',
    when: "The external address cannot be used this way: another NatRule has it, or the port of it, or it is not the project's.",
    remedy: 'Use another address or port, or delete the other rule.',
  },
  PeeringConflict: {
    about: 'object',
    when: 'An older VPCPeering connects the two VPCs, or leads to the same addresses.',
    remedy: 'Delete one of the two.',
  },
  RouteConflict: {
    about: 'object',
    when: 'A VPC of the peering has a static route to the very network that the other side advertises.',
    remedy: 'Remove the static route or narrow its destination, or have other networks advertised.',
  },
  NextHopUnreachable: {
    when: 'The next hop of a static route is in no network of the router: no Subnet with a gateway, and not the external network. The route is not in effect; all else is.',
    remedy: 'Create the Subnet that the next hop is in, or correct `nextHop`.',
  },
  MTUTooLarge: {
    when: 'The MTU that the Subnet names is larger than what fits through the tunnels: `underlay.mtu` less their overhead. Larger packets to machines on other hosts are lost; all else passes.',
    remedy:
      "Lower `mtu`, or leave it out to have what fits; machines learn it with their next lease. Where the network between hosts takes larger packets, have the operator's setting `underlay.mtu` say so.",
  },
  PendingPeer: {
    about: 'reference',
    when: 'The other side has no VPCPeering towards this one.',
    remedy: "Have the other side's VPCPeering created.",
  },
  InUse: {
    about: 'object',
    when: 'The object is to be deleted and is still used by those that the message names.',
    remedy: 'Delete or change them; the object goes when nothing uses it.',
  },
  OVNRejected: {
    when: 'The Northbound database refused what the object needs; the message has its words.',
    remedy: 'Look for rows that someone else made with the same name; report it if there are none.',
  },
} as const satisfies Record<string, ReasonEntry>;

/** A CamelCase word for the `reason` of a condition. */
export type Reason = keyof typeof catalogue;

/** A reason that names a problem: the catalogue says what the problem is about. */
export type ProblemReason = {
  [R in Reason]: (typeof catalogue)[R] extends { about: string } ? R : never;
}[Reason];

/** An error code: what the message of some reasons begins with. */
export type Code = Extract<(typeof catalogue)[Reason], { code: string }>['code'];

/** Every reason that the operator gives, in the order of the documentation. */
export const reasons: Readonly<Record<Reason, ReasonEntry>> = catalogue;

/** `CODE: sentence` for reasons that have a code, the sentence alone for the others. */
export function messageFor(reason: Reason, sentence: string): string {
  const { code } = reasons[reason];
  return code === undefined ? sentence : `${code}: ${sentence}`;
}

/** The reason that goes with an error code; undefined for text that is none. */
export function reasonOf(code: string): Reason | undefined {
  return byCode.get(code);
}

const byCode = new Map(
  (Object.keys(catalogue) as Reason[]).flatMap((reason) => {
    const { code } = reasons[reason];
    return code === undefined ? [] : [[code, reason] as const];
  }),
);
