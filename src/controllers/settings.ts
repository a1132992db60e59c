import { mustParseCidr, type Cidr } from '../api/index.ts';

/** The settings that plans depend on. An administrator sets them for all networks. */
export interface NetworkSettings {
  /** The pool from which a VPC without a CIDR gets its CIDR. */
  readonly vpcPool: Cidr;
  /** The networks that contain the ranges that VPCs may name, where no ProjectPolicy grants others. */
  readonly vpcRanges: readonly Cidr[];
  /** Shortest prefix length of a VPC, where no ProjectPolicy sets another one. */
  readonly minVpcPrefix: number;
  /** Prefix length of an allocated VPC CIDR. */
  readonly vpcPrefix: number;
  /** Prefix length of an allocated Subnet CIDR. */
  readonly subnetPrefix: number;
  /** MTU of a Subnet without `mtu`, in bytes: the MTU of the underlay minus the tunnel overhead. */
  readonly mtu: number;
  /** DNS servers of a Subnet without DNS servers. */
  readonly dnsServers: readonly string[];
  readonly limits: Limits;
  readonly hostLimits: HostLimits;
}

/** Limits that protect the flow tables of the hypervisors from a single object. */
export interface Limits {
  /** Rules of a SecurityGroup or a TrafficPolicy, both directions together. */
  readonly rulesPerGroup: number;
  /** Flow matches that these rules expand to (`countMatches`). */
  readonly matchesPerGroup: number;
  /** SecurityGroups of a Port. */
  readonly groupsPerPort: number;
  /** TrafficPolicies of a Port. */
  readonly policiesPerPort: number;
  /**
   * Flow matches (`countFlows`) of one TrafficPolicy, of all TrafficPolicies of a Port, and of all SecurityGroups of a
   * Port.
   */
  readonly matchesPerPort: number;
}

/** Limits that protect a hypervisor from a single VPC. Each host applies them by itself. Zero: no limit. */
export interface HostLimits {
  /** Packets of a VPC from which its router learns neighbours. */
  readonly neighboursPerSecond: number;
  /** Packets of a VPC for which its router asks for a MAC address. */
  readonly resolutionsPerSecond: number;
  /** Packets of a VPC that OVN answers with an error. */
  readonly repliesPerSecond: number;
  /** DHCP requests of a VPC. */
  readonly dhcpPerSecond: number;
  /** Broadcasts and multicasts that enter a Subnet, in kbit/s. */
  readonly broadcastKbps: number;
  /** Tracked connections of a Port (OVN 24.09 and newer). */
  readonly connectionsPerPort: number;
  /** Connections that the router of a VPC translates (OVN 24.09 and newer). */
  readonly connectionsPerRouter: number;
}

/**
 * The bytes that a tunnel over IPv4 adds to an IP packet (ovn-architecture(7)). Geneve includes the 8 bytes of
 * options of OVN.
 */
const tunnelOverhead = { geneve: 58, vxlan: 50 } as const;

/** Returns the network settings of a configuration. The reader of the configuration validated the values. */
export function networkSettings(config: {
  readonly cidrPool: string;
  readonly vpcRanges: readonly string[];
  readonly minVpcPrefixLength: number;
  readonly vpcPrefixLength: number;
  readonly subnetPrefixLength: number;
  readonly underlay: { readonly tunnel: keyof typeof tunnelOverhead; readonly mtu: number };
  readonly dnsServers: readonly string[];
  readonly limits: Limits;
  readonly hostLimits: HostLimits;
}): NetworkSettings {
  return {
    vpcPool: mustParseCidr(config.cidrPool, { family: 4 }),
    vpcRanges: config.vpcRanges.map((range) => mustParseCidr(range, { family: 4 })),
    minVpcPrefix: config.minVpcPrefixLength,
    vpcPrefix: config.vpcPrefixLength,
    subnetPrefix: config.subnetPrefixLength,
    mtu: config.underlay.mtu - tunnelOverhead[config.underlay.tunnel],
    dnsServers: config.dnsServers,
    limits: config.limits,
    hostLimits: config.hostLimits,
  };
}
