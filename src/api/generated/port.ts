// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../object.ts';
import type { API_VERSION, Condition, LocalReference } from './common.ts';

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

/** A rate limit for one direction of traffic. */
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
