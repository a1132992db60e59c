// Made from crds/ by scripts/generate.ts. Change those, and run it again.
import type { ObjectMeta, ResourceType } from './object.ts';

/** The apiVersion of every kind here. */
export const API_VERSION = 'network.plasmavmc.io/v1alpha1';

/**
 * VPC is the private network of a project: one address range, one logical router, and the Subnets within it.
 * A namespace has exactly one; when there are more, the oldest is in effect.
 */
export interface VPC {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'VPC';
  readonly metadata: ObjectMeta;
  readonly spec: VPCSpec;
  readonly status?: VPCStatus;
}

/** What the VPC should be. */
export interface VPCSpec {
  /**
   * The IPv4 range that the Subnets are cut from. Unset: the next free /16 of the operator's pool, shown in
   * `status.cidr`. Immutable.
   */
  readonly cidr?: string;
  /**
   * Whether a Subnet and a SecurityGroup, both named `default`, are created with the VPC. Default:
   * `"Create"`.
   */
  readonly defaults: 'Create' | 'None';
  /** The way to the world outside. Unset: the VPC has none. */
  readonly externalGateway?: VPCExternalGateway;
  /**
   * Routes of the router besides the connected Subnets. The condition `RoutesResolved` tells whether the
   * router reaches every next hop.
   */
  readonly staticRoutes?: readonly StaticRoute[];
}

/** The way to the world outside. Unset: the VPC has none. */
export interface VPCExternalGateway {
  /** The ExternalNetwork that the router is connected to. */
  readonly externalNetworkRef: LocalReference;
  /** Whether traffic of the whole VPC leaves with the gateway's address as its source. Default: `"Enabled"`. */
  readonly snat: 'Enabled' | 'Disabled';
}

/** Names another object: of the same namespace, unless its kind has none. */
export interface LocalReference {
  readonly name: string;
}

/** One static route. */
export interface StaticRoute {
  /** Packets to this network take the route; `0.0.0.0/0` for all others. */
  readonly destination: string;
  /**
   * Address of the router that the packets are handed to, in a Subnet of the VPC with a gateway or in its
   * external network.
   */
  readonly nextHop: string;
}

/** What the VPC is. */
export interface VPCStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** The IPv4 range in effect. */
  readonly cidr?: string;
  /**
   * The organization that the VPC belongs to, from the namespace's label
   * `network.plasmavmc.io/organization`.
   */
  readonly organization?: string;
  /**
   * The project that the VPC belongs to, from the namespace's label `network.plasmavmc.io/project`, else the
   * namespace's name.
   */
  readonly project?: string;
  /** Name of the Logical_Router in OVN. */
  readonly routerName?: string;
  /** Addresses of the router on the external network. */
  readonly gatewayIPs?: readonly string[];
  /** How many Subnets are in the VPC. */
  readonly subnetCount?: number;
}

/** One aspect of the state of the object. */
export interface Condition {
  /** Type of the condition in CamelCase. */
  readonly type: string;
  /** Whether the condition holds. */
  readonly status: 'True' | 'False' | 'Unknown';
  /** The `metadata.generation` that the condition was set for. */
  readonly observedGeneration?: number;
  /** When `status` last changed. */
  readonly lastTransitionTime: string;
  /** Why the condition has this status, in one CamelCase word for programs. */
  readonly reason: string;
  /** Why the condition has this status, for people. Begins with the error code where there is one. */
  readonly message: string;
}

/** Subnet is a range of addresses of a VPC and a logical switch that its Ports are plugged into. */
export interface Subnet {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'Subnet';
  readonly metadata: ObjectMeta;
  readonly spec: SubnetSpec;
  readonly status?: SubnetStatus;
}

/** What the Subnet should be. */
export interface SubnetSpec {
  /** The VPC that the Subnet is in. Unset: the namespace's VPC. Immutable. */
  readonly vpcRef?: LocalReference;
  /**
   * The IPv4 range, inside the VPC's. Unset: the next free /24 of the VPC, shown in `status.cidr`.
   * Immutable.
   */
  readonly cidr?: string;
  /** The router's address in the Subnet. Default: `{"mode":"Automatic"}`. */
  readonly gateway: SubnetGateway;
  /**
   * Where addresses for Ports without `ipAddress` are taken from. Unset: the whole range. A Port may name an
   * address outside the pools.
   */
  readonly allocationPools?: readonly RangeSpec[];
  /** Addresses that no Port may have. */
  readonly reservedRanges?: readonly RangeSpec[];
  /** What the DHCP server of the Subnet answers. Default: `{}`. */
  readonly dhcp: SubnetDHCP;
  /**
   * MTU of the machines, in bytes. Unset: the operator's setting (1442 for Geneve on an underlay of 1500).
   * The condition `MTUFits` tells whether an overlay's fits through the tunnels.
   */
  readonly mtu?: number;
  /** Connects the Subnet to a physical network. Unset: it is an overlay network. */
  readonly provider?: SubnetProvider;
  /**
   * Whether the metadata service (169.254.169.254) answers in the Subnet. It needs the metadata agent on the
   * hypervisors. Default: `"Disabled"`.
   */
  readonly metadata: 'Enabled' | 'Disabled';
}

/** The router's address in the Subnet. */
export interface SubnetGateway {
  /**
   * `Automatic`: the first usable address of the range. `Address`: the one in `address`. `None`: the Subnet
   * is not connected to the router.
   */
  readonly mode: 'Automatic' | 'Address' | 'None';
  /** The gateway address, with mode `Address`. */
  readonly address?: string;
}

/** A range of addresses, both ends included. */
export interface RangeSpec {
  /** First address of the range. */
  readonly start: string;
  /** Last address of the range (the same as `start` for one address). */
  readonly end: string;
}

/** What the DHCP server of the Subnet answers. */
export interface SubnetDHCP {
  /** Whether ports are answered by the DHCP server of the Subnet. Default: `"Enabled"`. */
  readonly mode: 'Enabled' | 'Disabled';
  /** DNS servers, the preferred one first. Unset: the operator's setting. */
  readonly dnsServers?: readonly string[];
  /** NTP servers, the preferred one first. */
  readonly ntpServers?: readonly string[];
  /** DNS domain of the machines. */
  readonly domainName?: string;
  /** Lease time in seconds. Default: `3600`. */
  readonly leaseSeconds: number;
}

/** Connects the Subnet to a physical network. Unset: it is an overlay network. */
export interface SubnetProvider {
  /** Name of the physical network in the hypervisors' `ovn-bridge-mappings`. */
  readonly physicalNetwork: string;
  /** VLAN tag on the physical network. Unset: untagged. */
  readonly vlanID?: number;
}

/** What the Subnet is. */
export interface SubnetStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** The IPv4 range in effect. */
  readonly cidr?: string;
  /** The router's address in the Subnet; unset without a gateway. */
  readonly gatewayIP?: string;
  /** MTU of the machines, in bytes. */
  readonly mtu?: number;
  /** Name of the Logical_Switch in OVN. */
  readonly switchName?: string;
  /** The VPC that the Subnet is in, the one that it names or its namespace's. */
  readonly vpc?: SubnetVpc;
  /** How many addresses Ports can have. */
  readonly totalIPs?: number;
  /** How many of them are in use. */
  readonly usedIPs?: number;
  /** How many of them can still be allocated. */
  readonly availableIPs?: number;
}

/** The VPC that the Subnet is in, the one that it names or its namespace's. */
export interface SubnetVpc {
  /** Its name. */
  readonly name: string;
  /** Its `metadata.uid`. */
  readonly uid: string;
}

/**
 * Port is a network interface of a virtual machine: an address in a Subnet, and who may talk to it. The VM
 * manager plugs a device with `external_ids:iface-id` set to `status.interfaceID`.
 */
export interface Port {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'Port';
  readonly metadata: ObjectMeta;
  readonly spec: PortSpec;
  readonly status?: PortStatus;
}

/** What the Port should be. */
export interface PortSpec {
  /** The Subnet that the Port is in. Immutable. Default: `{"name":"default"}`. */
  readonly subnetRef: LocalReference;
  /** The MAC address. Unset: computed from the UID of the Port. */
  readonly macAddress?: string;
  /** The IPv4 address. Unset: one is allocated. Immutable. */
  readonly ipAddress?: string;
  /**
   * The SecurityGroups whose rules admit traffic; each adds to what the others allow. Unset: the group
   * `default`. Empty (`[]`): nothing is allowed. No schema default, which server-side apply would merge with
   * the groups that are given later.
   */
  readonly securityGroupRefs?: readonly LocalReference[];
  /**
   * Whether SecurityGroups are enforced. `Disabled`: everything passes that no TrafficPolicy forbids.
   * Default: `"Enabled"`.
   */
  readonly trafficFiltering: 'Enabled' | 'Disabled';
  /**
   * Which source addresses the machine may use. `MACAndIP`: the Port's own and `allowedAddresses`.
   * `MACOnly`: its MAC with any IP. `Disabled`: any. Default: `"MACAndIP"`.
   */
  readonly spoofingProtection: 'MACAndIP' | 'MACOnly' | 'Disabled';
  /** Addresses besides its own that the machine may use, such as a virtual IP of keepalived. */
  readonly allowedAddresses?: readonly AllowedAddress[];
  /** `Down` cuts the Port off, without releasing its address. Default: `"Up"`. */
  readonly adminState: 'Up' | 'Down';
  /** The virtual machine that the Port is plugged into. To move it to another machine, detach it first. */
  readonly attachment?: PortAttachment;
  /** Overrides of the Subnet's DHCP options for this Port; what is not set here is as the Subnet says. */
  readonly dhcp?: PortDHCP;
  /** What the metadata service tells the machine, in a Subnet with `metadata: Enabled`. */
  readonly metadata?: PortMetadata;
  /** Rate limits. Unset: none. */
  readonly qos?: PortQoS;
}

/** Addresses that the machine may use. */
export interface AllowedAddress {
  /** The addresses, `/32` for a single one. */
  readonly cidr: string;
  /**
   * A MAC address that they are used with besides the Port's own, such as a virtual one of VRRP. Ports can
   * share it; it is no Port's own. Unset: none.
   */
  readonly mac?: string;
}

/** The virtual machine that the Port is plugged into. To move it to another machine, detach it first. */
export interface PortAttachment {
  /** Identifier of the virtual machine. */
  readonly vmID: string;
  /** The hypervisor that runs the machine (its OVN chassis name). Unset: whichever plugs it. */
  readonly host?: string;
  /** The hypervisor that the machine is being migrated to. Both have the Port until this becomes `host`. */
  readonly migrationTargetHost?: string;
}

/** Overrides of the Subnet's DHCP options for this Port; what is not set here is as the Subnet says. */
export interface PortDHCP {
  /** Whether the port is answered. Unset: as the Subnet says. */
  readonly mode?: 'Enabled' | 'Disabled';
  /** DNS servers for this port, the preferred one first. Unset: the Subnet's. */
  readonly dnsServers?: readonly string[];
  /** NTP servers for this port, the preferred one first. Unset: the Subnet's. */
  readonly ntpServers?: readonly string[];
  /** DNS domain for this port. Unset: the Subnet's. */
  readonly domainName?: string;
  /** Lease time in seconds for this port. Unset: the Subnet's. */
  readonly leaseSeconds?: number;
}

/** What the metadata service tells the machine, in a Subnet with `metadata: Enabled`. */
export interface PortMetadata {
  /** The machine's host name. Unset: `attachment.vmID` where that is a host name, else the name of the Port. */
  readonly hostname?: string;
  /**
   * Where user data and SSH keys are: its key `user-data` is handed out as it is, its key
   * `ssh-authorized-keys` has a public key a line. Unset: there are none. The metadata agent needs the right
   * to read it.
   */
  readonly sourceRef?: MetadataSource;
}

/**
 * Where user data and SSH keys are: its key `user-data` is handed out as it is, its key
 * `ssh-authorized-keys` has a public key a line. Unset: there are none. The metadata agent needs the right
 * to read it.
 */
export interface MetadataSource {
  /** Kind of the object, which is in the namespace of the Port. Default: `"Secret"`. */
  readonly kind: 'Secret' | 'ConfigMap';
  /** Name of the object. */
  readonly name: string;
}

/** Rate limits. Unset: none. */
export interface PortQoS {
  /** Limit of what reaches the machine. */
  readonly ingress?: RateLimit;
  /** Limit of what leaves the machine. */
  readonly egress?: RateLimit;
}

/** A limit of traffic in one direction. */
export interface RateLimit {
  /** Highest rate in kilobits a second. */
  readonly maxRateKbps: number;
  /** How many kilobits may exceed the rate in a burst. Unset: 80 % of `maxRateKbps`. */
  readonly maxBurstKbits?: number;
}

/** What the Port is: all that a VM manager needs. */
export interface PortStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** The value for `external_ids:iface-id` of the device on the hypervisor. */
  readonly interfaceID?: string;
  /** The MAC address in effect. */
  readonly macAddress?: string;
  /** The IPv4 address in effect. */
  readonly ipAddress?: string;
  /** Prefix length of the Subnet's range. */
  readonly prefixLength?: number;
  /** The default gateway; unset when the Subnet has none. */
  readonly gatewayIP?: string;
  /** MTU of the machine, in bytes. */
  readonly mtu?: number;
  /** DNS servers in effect, the preferred one first. */
  readonly dnsServers?: readonly string[];
  /**
   * Whether the machine is told all this by DHCP, by the Subnet's setting and the Port's. `Disabled`, it has
   * to be configured in another way.
   */
  readonly dhcp?: 'Enabled' | 'Disabled';
  /** The hypervisor on which OVN has the interface up. */
  readonly boundHost?: string;
}

/**
 * SecurityGroup says which traffic may reach and leave the Ports that name it. What no rule allows is
 * dropped.
 */
export interface SecurityGroup {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'SecurityGroup';
  readonly metadata: ObjectMeta;
  readonly spec: SecurityGroupSpec;
  readonly status?: SecurityGroupStatus;
}

/** What the SecurityGroup should allow. */
export interface SecurityGroupSpec {
  /** What the group is for. */
  readonly description?: string;
  /** Traffic that may reach the Ports. Unset or empty: none. */
  readonly ingress?: readonly SecurityGroupRule[];
  /** Traffic that may leave the Ports. Unset or empty: none. */
  readonly egress?: readonly SecurityGroupRule[];
  /**
   * `Enabled`: replies to allowed traffic are allowed. `Disabled`: they need rules of their own, and no
   * connection is tracked. Default: `"Enabled"`.
   */
  readonly stateful: 'Enabled' | 'Disabled';
}

/** One kind of traffic that is allowed. */
export interface SecurityGroupRule {
  /** Name of the rule in messages; unique within the list. */
  readonly name?: string;
  /** The protocol. `All` is all of IPv4 and IPv6. */
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'ICMPv6' | 'All';
  /** Destination ports, with TCP, UDP and SCTP. Unset: all. */
  readonly ports?: PortRange;
  /** Kind of message, with ICMP and ICMPv6. Unset: all. */
  readonly icmp?: ICMPMessage;
  /** The other end: where ingress comes from, or where egress goes to. Unset: anywhere. */
  readonly remote?: RuleRemote;
}

/** Destination ports, with TCP, UDP and SCTP. Unset: all. */
export interface PortRange {
  /** First port. */
  readonly min: number;
  /** Last port. Unset: only `min`. */
  readonly max?: number;
}

/** Kind of message, with ICMP and ICMPv6. Unset: all. */
export interface ICMPMessage {
  /** ICMP type. */
  readonly type: number;
  /** ICMP code. Unset: all of the type. */
  readonly code?: number;
}

/** The other end of the traffic. */
export interface RuleRemote {
  /** A network, IPv4 or IPv6. */
  readonly cidr?: string;
  /** The Ports of a SecurityGroup of the namespace; also the group itself. */
  readonly securityGroupRef?: LocalReference;
}

/** What the SecurityGroup is. */
export interface SecurityGroupStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** How many rules are in effect. */
  readonly ruleCount?: number;
  /** How many Ports are in the group. */
  readonly portCount?: number;
}

/**
 * TrafficPolicy is a guard rail above SecurityGroups: it only ever forbids. What it does not list is
 * dropped, whatever SecurityGroups allow; what it lists still needs a SecurityGroup that allows it. Of
 * several policies that apply to a Port, each must list what is to pass.
 */
export interface TrafficPolicy {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'TrafficPolicy';
  readonly metadata: ObjectMeta;
  readonly spec: TrafficPolicySpec;
  readonly status?: TrafficPolicyStatus;
}

/** What the TrafficPolicy should forbid, and for whom. */
export interface TrafficPolicySpec {
  /** What the policy is for. */
  readonly description?: string;
  /** The Ports of the namespace that the policy applies to, also those with `trafficFiltering: Disabled`. */
  readonly appliesTo: TrafficPolicyAppliesTo;
  /**
   * Traffic to the Ports that is not forbidden. Unset: the policy forbids none that comes in. Empty (`[]`):
   * it forbids all.
   */
  readonly ingress?: readonly TrafficPolicyRule[];
  /**
   * Traffic from the Ports that is not forbidden. Unset: the policy forbids none that goes out. Empty
   * (`[]`): it forbids all.
   */
  readonly egress?: readonly TrafficPolicyRule[];
  /**
   * How far the Ports may reach at all, in both directions. `Subnet`: within their own Subnet. `VPC`: within
   * the VPC. Link-local, broadcast and multicast addresses count as within. Default: `"None"`.
   */
  readonly isolation: 'None' | 'Subnet' | 'VPC';
}

/** The Ports of the namespace that the policy applies to, also those with `trafficFiltering: Disabled`. */
export interface TrafficPolicyAppliesTo {
  /** All Ports of these Subnets. */
  readonly subnetRefs?: readonly LocalReference[];
  /** The Ports with these labels. Empty (`{}`): all Ports of the namespace. */
  readonly portSelector?: LabelSelector;
}

/** Selects objects by their labels (metav1.LabelSelector). */
export interface LabelSelector {
  /** Labels that a Port must have, all of them. */
  readonly matchLabels?: Readonly<Record<string, string>>;
  /** Conditions that the labels of a Port must meet, all of them. */
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}

/** One condition. */
export interface LabelSelectorRequirement {
  /** Key of the label. */
  readonly key: string;
  /** How the label is compared with `values`. */
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /** The values that it is compared with. */
  readonly values?: readonly string[];
}

/** One kind of traffic that the policy leaves to SecurityGroups. */
export interface TrafficPolicyRule {
  /** Name of the rule in messages; unique within the list. */
  readonly name?: string;
  /** The protocol. `All` is all of IPv4 and IPv6. */
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'ICMPv6' | 'All';
  /** Destination ports, with TCP, UDP and SCTP. Unset: all. */
  readonly ports?: PortRange;
  /** Kind of message, with ICMP and ICMPv6. Unset: all. */
  readonly icmp?: ICMPMessage;
  /** The other end: where ingress comes from, or where egress goes to. Unset: anywhere. */
  readonly remote?: PolicyRemote;
}

/** The other end of the traffic. */
export interface PolicyRemote {
  /** A network, IPv4 or IPv6. */
  readonly cidr: string;
}

/** What the TrafficPolicy is. */
export interface TrafficPolicyStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** How many Ports the policy applies to. */
  readonly portCount?: number;
}

/**
 * NatRule translates addresses between a VPC and the network outside: SNAT for what leaves, DNAT for single
 * ports of an external address, FloatingIP for a whole external address.
 */
export interface NatRule {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'NatRule';
  readonly metadata: ObjectMeta;
  readonly spec: NatRuleSpec;
  readonly status?: NatRuleStatus;
}

/** What is translated. */
export interface NatRuleSpec {
  /**
   * `SNAT` gives outgoing traffic of `source` another source address; `DNAT` forwards one port of an
   * external address; `FloatingIP` maps an external address to a Port, both ways.
   */
  readonly type: 'SNAT' | 'DNAT' | 'FloatingIP';
  /** The VPC whose router translates. Unset: the namespace's VPC. */
  readonly vpcRef?: LocalReference;
  /** The external IPv4 address. Unset, with `floatingIPRef` unset too: the address of the VPC's gateway. */
  readonly externalIP?: string;
  /** The FloatingIP whose address is the external address. */
  readonly floatingIPRef?: LocalReference;
  /** SNAT: whose traffic is translated. */
  readonly source?: NatRuleSource;
  /** DNAT: the protocol that is forwarded. */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
  /** DNAT: the port of the external address. */
  readonly externalPort?: number;
  /** DNAT and FloatingIP: who gets the traffic. */
  readonly target?: NatRuleTarget;
  /** DNAT: the port of the target. Unset: the same as `externalPort`. */
  readonly internalPort?: number;
  /**
   * FloatingIP: where the address is translated. `Centralized`: on the gateway chassis. `Distributed`: on
   * the machine's own hypervisor, where it has the physical network. Unset: `Centralized`.
   */
  readonly mode?: 'Centralized' | 'Distributed';
}

/** SNAT: whose traffic is translated. */
export interface NatRuleSource {
  /** A network inside the VPC. */
  readonly cidr?: string;
  /** A Subnet of the VPC. */
  readonly subnetRef?: LocalReference;
}

/** DNAT and FloatingIP: who gets the traffic. */
export interface NatRuleTarget {
  /** A Port of the VPC. */
  readonly portRef?: LocalReference;
  /** DNAT: an IPv4 address inside the VPC. */
  readonly address?: string;
}

/** What the NatRule is. */
export interface NatRuleStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** The external address in effect. */
  readonly externalIP?: string;
  /** The internal address or network in effect. */
  readonly internalIP?: string;
}

/**
 * FloatingIP is an external address that a project keeps until it deletes the object, whatever it is used
 * for: NatRules name it.
 */
export interface FloatingIP {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'FloatingIP';
  readonly metadata: ObjectMeta;
  readonly spec: FloatingIPSpec;
  readonly status?: FloatingIPStatus;
}

/** Which address is asked for. */
export interface FloatingIPSpec {
  /** The ExternalNetwork that the address is of. Immutable. */
  readonly externalNetworkRef: LocalReference;
  /** The address. Unset: a free one of the network, shown in `status.address`. Immutable. */
  readonly address?: string;
}

/** What the FloatingIP is. */
export interface FloatingIPStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** The address that the project has. */
  readonly address?: string;
  /** Names of the NatRules that refer to it, in effect or not; each keeps it from being deleted. */
  readonly usedBy?: readonly string[];
}

/**
 * VPCPeering connects the VPC of its namespace with that of another one. It works when both namespaces have
 * one that names the other, and ends when either is deleted.
 */
export interface VPCPeering {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'VPCPeering';
  readonly metadata: ObjectMeta;
  readonly spec: VPCPeeringSpec;
  readonly status?: VPCPeeringStatus;
}

/** What is connected. */
export interface VPCPeeringSpec {
  /** The VPC that is connected. Unset: the namespace's VPC. Immutable. */
  readonly vpcRef?: LocalReference;
  /** The VPC that it is connected with. Immutable. */
  readonly peer: VPCPeeringPeer;
  /**
   * The networks of this VPC that the other side may reach, and that may reach the other side. Unset: the
   * whole range of the VPC.
   */
  readonly advertisedCIDRs?: readonly string[];
}

/** The VPC that it is connected with. Immutable. */
export interface VPCPeeringPeer {
  /** The other namespace. */
  readonly namespace: string;
  /** Name of the VPC there. Unset: that namespace's VPC. */
  readonly name?: string;
}

/** What the VPCPeering is. */
export interface VPCPeeringStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** The other VPC as `namespace/name`, once both sides agree. */
  readonly peerVPC?: string;
  /** The network between the two routers. */
  readonly linkCIDR?: string;
}

/**
 * ExternalNetwork is a network outside OVN that VPCs reach the world through: an address range on a physical
 * network. It belongs to the administrators of the cluster, who say which namespaces may use it.
 */
export interface ExternalNetwork {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'ExternalNetwork';
  readonly metadata: ObjectMeta;
  readonly spec: ExternalNetworkSpec;
  readonly status?: ExternalNetworkStatus;
}

/** What the network is. */
export interface ExternalNetworkSpec {
  /** Name of the physical network in the hypervisors' `ovn-bridge-mappings`. */
  readonly physicalNetwork: string;
  /** `Flat`: untagged. `VLAN`: with the tag `vlanID`. Default: `"Flat"`. */
  readonly type: 'Flat' | 'VLAN';
  /** VLAN tag, with type `VLAN`. */
  readonly vlanID?: number;
  /** The IPv4 range of the network. Immutable. */
  readonly cidr: string;
  /** The router that leads further. Nobody is given its address. */
  readonly gateway: string;
  /** The addresses that routers, FloatingIPs and NatRules may have. Unset: the whole range. */
  readonly allocationPools?: readonly RangeSpec[];
  /** Addresses that nobody is given, such as those of physical machines. */
  readonly reservedRanges?: readonly RangeSpec[];
  /** Whose VPCs and FloatingIPs may use the network. Unset: nobody. */
  readonly allowedNamespaces?: ExternalNetworkAllowedNamespaces;
  /** Which hosts carry the traffic between VPCs and the network. Default: `{"mode":"Enabled"}`. */
  readonly gatewayChassis: ExternalNetworkGatewayChassis;
}

/** Whose VPCs and FloatingIPs may use the network. Unset: nobody. */
export interface ExternalNetworkAllowedNamespaces {
  /** The namespaces with these labels. Empty (`{}`): all namespaces. */
  readonly selector: LabelSelector;
}

/** Which hosts carry the traffic between VPCs and the network. */
export interface ExternalNetworkGatewayChassis {
  /**
   * `Enabled`: all chassis with `enable-chassis-as-gw` in `ovn-cms-options` that are mapped to the physical
   * network. `Named`: those in `names` that are.
   */
  readonly mode: 'Enabled' | 'Named';
  /** Names of chassis in OVN (`system-id` of Open vSwitch). */
  readonly names?: readonly string[];
}

/** What the ExternalNetwork is. */
export interface ExternalNetworkStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** How many addresses may be given out. */
  readonly totalIPs?: number;
  /** How many addresses are given out. */
  readonly usedIPs?: number;
  /** How many addresses are left. */
  readonly availableIPs?: number;
  /** The chassis that carry the traffic of VPCs. */
  readonly gatewayChassis?: readonly string[];
  /** Name of the Logical_Switch in OVN. */
  readonly switchName?: string;
}

/** Kind → its TypeScript type. */
export interface Kinds {
  readonly VPC: VPC;
  readonly Subnet: Subnet;
  readonly Port: Port;
  readonly SecurityGroup: SecurityGroup;
  readonly TrafficPolicy: TrafficPolicy;
  readonly NatRule: NatRule;
  readonly FloatingIP: FloatingIP;
  readonly VPCPeering: VPCPeering;
  readonly ExternalNetwork: ExternalNetwork;
}

/** Where each kind is served. */
export const resources = {
  VPC: { group: 'network.plasmavmc.io', version: 'v1alpha1', kind: 'VPC', plural: 'vpcs', namespaced: true },
  Subnet: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'Subnet',
    plural: 'subnets',
    namespaced: true,
  },
  Port: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'Port',
    plural: 'ports',
    namespaced: true,
  },
  SecurityGroup: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'SecurityGroup',
    plural: 'securitygroups',
    namespaced: true,
  },
  TrafficPolicy: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'TrafficPolicy',
    plural: 'trafficpolicies',
    namespaced: true,
  },
  NatRule: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'NatRule',
    plural: 'natrules',
    namespaced: true,
  },
  FloatingIP: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'FloatingIP',
    plural: 'floatingips',
    namespaced: true,
  },
  VPCPeering: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'VPCPeering',
    plural: 'vpcpeerings',
    namespaced: true,
  },
  ExternalNetwork: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'ExternalNetwork',
    plural: 'externalnetworks',
    namespaced: false,
  },
} as const satisfies Record<keyof Kinds, ResourceType>;

/** The default values in each kind's schema, for `withDefaults`. */
export const defaultsOf = {
  VPC: {
    properties: {
      spec: {
        default: {},
        properties: {
          defaults: { default: 'Create' },
          externalGateway: { properties: { snat: { default: 'Enabled' } } },
        },
      },
    },
  },
  Subnet: {
    properties: {
      spec: {
        default: {},
        properties: {
          gateway: { default: { mode: 'Automatic' } },
          dhcp: {
            default: {},
            properties: { mode: { default: 'Enabled' }, leaseSeconds: { default: 3600 } },
          },
          metadata: { default: 'Disabled' },
        },
      },
    },
  },
  Port: {
    properties: {
      spec: {
        default: {},
        properties: {
          subnetRef: { default: { name: 'default' } },
          trafficFiltering: { default: 'Enabled' },
          spoofingProtection: { default: 'MACAndIP' },
          adminState: { default: 'Up' },
          metadata: { properties: { sourceRef: { properties: { kind: { default: 'Secret' } } } } },
        },
      },
    },
  },
  SecurityGroup: { properties: { spec: { default: {}, properties: { stateful: { default: 'Enabled' } } } } },
  TrafficPolicy: { properties: { spec: { properties: { isolation: { default: 'None' } } } } },
  NatRule: {},
  FloatingIP: {},
  VPCPeering: {},
  ExternalNetwork: {
    properties: {
      spec: { properties: { type: { default: 'Flat' }, gatewayChassis: { default: { mode: 'Enabled' } } } },
    },
  },
} as const;
