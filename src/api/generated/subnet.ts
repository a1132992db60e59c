// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../../base/index.ts';
import type { API_VERSION, Condition, LocalReference, RangeSpec } from './common.ts';

/** Subnet is an IPv4 range of a VPC, with an OVN logical switch that connects the Ports of the Subnet. */
export interface Subnet {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'Subnet';
  readonly metadata: ObjectMeta;
  readonly spec: SubnetSpec;
  readonly status?: SubnetStatus;
}

/** The desired state of the Subnet. */
export interface SubnetSpec {
  /** The VPC of the Subnet. Unset: the VPC of the namespace. Immutable. */
  readonly vpcRef?: LocalReference;
  /**
   * The IPv4 range, in CIDR notation, inside the range of the VPC. Unset: the operator allocates a free /24
   * of the VPC. `status.cidr` shows the allocated range. Immutable; but in the Subnet `default`, which the
   * operator may have created, `cidr` can be set once, and the Subnet gets that range when no Port of the
   * Subnet has an address.
   */
  readonly cidr?: string;
  /** The gateway: the IPv4 address of the VPC's router in the Subnet. Default: `{"mode":"Automatic"}`. */
  readonly gateway: SubnetGateway;
  /**
   * Address ranges from which the operator allocates addresses to Ports without `ipAddress`. A Port with
   * `ipAddress` may use an address outside the pools. Unset: the whole range of the Subnet.
   */
  readonly allocationPools?: readonly RangeSpec[];
  /** Address ranges that no Port may use. Unset: no range is reserved. */
  readonly reservedRanges?: readonly RangeSpec[];
  /** Options of the DHCP server of the Subnet. Default: `{}`. */
  readonly dhcp: SubnetDHCP;
  /**
   * MTU of the machines, in bytes. Unset: the MTU that the operator computes from its settings (1442 for
   * Geneve tunnels with an underlay MTU of 1500). The condition `MTUFits` reports whether packets of this
   * size fit through the tunnels of an overlay Subnet. If the value is smaller, the router answers larger
   * packets with ICMP, and senders outside the VPC learn the smallest MTU of its Subnets.
   */
  readonly mtu?: number;
  /**
   * Connection of the Subnet to a segment of a physical network. Unset: the Subnet is an overlay network.
   * Immutable.
   */
  readonly provider?: SubnetProvider;
  /**
   * Whether the metadata service (169.254.169.254) answers in the Subnet. The service requires the metadata
   * agent on the hypervisors. Default: `"Disabled"`.
   */
  readonly metadata: 'Enabled' | 'Disabled';
}

/** The gateway: the IPv4 address of the VPC's router in the Subnet. */
export interface SubnetGateway {
  /**
   * How the gateway gets its address. `Automatic`: the first usable address of the range. `Address`: the
   * address in `address`. `None`: the Subnet has no gateway and is not connected to the router.
   */
  readonly mode: 'Automatic' | 'Address' | 'None';
  /** The IPv4 address of the gateway. Required with mode `Address`, not allowed with other modes. */
  readonly address?: string;
}

/** Options of the DHCP server of the Subnet. */
export interface SubnetDHCP {
  /** Whether the DHCP server of the Subnet answers Ports. Default: `"Enabled"`. */
  readonly mode: 'Enabled' | 'Disabled';
  /** IPv4 addresses of the DNS servers, in order of preference. Unset: the setting of the operator. */
  readonly dnsServers?: readonly string[];
  /** IPv4 addresses of the NTP servers, in order of preference. Unset: DHCP offers no NTP servers. */
  readonly ntpServers?: readonly string[];
  /** DNS domain of the machines. Unset: DHCP offers no domain. */
  readonly domainName?: string;
  /** DHCP lease time in seconds. Default: `3600`. */
  readonly leaseSeconds: number;
}

/**
 * Connection of the Subnet to a segment of a physical network. Unset: the Subnet is an overlay network.
 * Immutable.
 */
export interface SubnetProvider {
  /** The ProviderNetwork. Required. It must allow the namespace and the VLAN. */
  readonly networkRef?: LocalReference;
  /** VLAN ID on the physical network. Unset: untagged frames. */
  readonly vlanID?: number;
}

/** The observed state of the Subnet. */
export interface SubnetStatus {
  /** The latest `metadata.generation` that this status describes. */
  readonly observedGeneration?: number;
  /** Standard conditions of the object. `Ready` summarizes the other conditions. */
  readonly conditions?: readonly Condition[];
  /** The IPv4 range in effect. */
  readonly cidr?: string;
  /** IPv4 address of the VPC's router in the Subnet. Unset: the Subnet has no gateway. */
  readonly gatewayIP?: string;
  /** MTU of the machines, in bytes. */
  readonly mtu?: number;
  /** Name of the OVN Logical_Switch. */
  readonly switchName?: string;
  /** The VPC of the Subnet: the VPC in `spec.vpcRef`, otherwise the VPC of the namespace. */
  readonly vpc?: SubnetVpc;
  /** The segment to which OVN connects the Subnet. Unset: the Subnet is not connected to a physical network. */
  readonly segment?: SubnetSegment;
  /** Number of addresses that Ports can use in total. */
  readonly totalIPs?: number;
  /** Number of allocated addresses. */
  readonly usedIPs?: number;
  /** Number of addresses that can still be allocated. */
  readonly availableIPs?: number;
}

/** The VPC of the Subnet: the VPC in `spec.vpcRef`, otherwise the VPC of the namespace. */
export interface SubnetVpc {
  /** Name of the VPC. */
  readonly name: string;
  /** The `metadata.uid` of the VPC. */
  readonly uid: string;
}

/** The segment to which OVN connects the Subnet. Unset: the Subnet is not connected to a physical network. */
export interface SubnetSegment {
  /** Name of the ProviderNetwork. */
  readonly name: string;
  /** VLAN ID. Unset: untagged frames. */
  readonly vlanID?: number;
  /** Whether other Subnets may use the segment too, as in the ProviderNetwork. */
  readonly subnetsPerSegment: 'One' | 'Several';
}
