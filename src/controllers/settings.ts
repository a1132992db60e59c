import { mustParseCidr, type Cidr } from '../api/index.ts';

/** What an administrator decides about all networks; the part of the configuration that plans depend on. */
export interface NetworkSettings {
  /** Where a VPC without a CIDR gets one from. */
  readonly vpcPool: Cidr;
  /** Prefix length of an allocated VPC CIDR. */
  readonly vpcPrefix: number;
  /** Prefix length of an allocated Subnet CIDR. */
  readonly subnetPrefix: number;
  /** MTU of a Subnet that names none, in bytes: the underlay's less the tunnel's overhead. */
  readonly mtu: number;
  /** DNS servers of a Subnet that names none. */
  readonly dnsServers: readonly string[];
  readonly limits: Limits;
}

/** What one object may ask of every hypervisor's flow tables. */
export interface Limits {
  /** Rules of a SecurityGroup, or of a TrafficPolicy, in both directions together. */
  readonly rulesPerGroup: number;
  /** Flow matches that those rules come to (`countMatches`). */
  readonly matchesPerGroup: number;
  /** SecurityGroups of a Port. */
  readonly groupsPerPort: number;
}

/** Bytes that a tunnel over IPv4 adds to an IP packet (ovn-architecture(7); Geneve with OVN's 8 bytes of options). */
const overhead = { geneve: 58, vxlan: 50 } as const;

/** The settings as the configuration has them, which was checked when it was read. */
export function networkSettings(config: {
  readonly cidrPool: string;
  readonly vpcPrefixLength: number;
  readonly subnetPrefixLength: number;
  readonly underlay: { readonly tunnel: keyof typeof overhead; readonly mtu: number };
  readonly dnsServers: readonly string[];
  readonly limits: Limits;
}): NetworkSettings {
  return {
    vpcPool: mustParseCidr(config.cidrPool, { family: 4 }),
    vpcPrefix: config.vpcPrefixLength,
    subnetPrefix: config.subnetPrefixLength,
    mtu: config.underlay.mtu - overhead[config.underlay.tunnel],
    dnsServers: config.dnsServers,
    limits: config.limits,
  };
}
