// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../object.ts';
import type { API_VERSION, Condition, LocalReference, RangeSpec } from './common.ts';

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
