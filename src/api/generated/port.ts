// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../../base/index.ts';
import type { API_VERSION, Condition, LocalReference } from './common.ts';

/**
 * Port is a network interface of a virtual machine. It has a MAC address, an IPv4 address in a Subnet, and
 * SecurityGroups. The VM manager plugs a device whose `external_ids:iface-id` is `status.interfaceID`.
 */
export interface Port {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'Port';
  readonly metadata: ObjectMeta;
  readonly spec: PortSpec;
  readonly status?: PortStatus;
}

/** The desired state of the Port. */
export interface PortSpec {
  /** The Subnet of the Port. Immutable. Default: `{"name":"default"}`. */
  readonly subnetRef: LocalReference;
  /** The MAC address, a unicast address. Unset: the operator computes an address from the UID of the Port. */
  readonly macAddress?: string;
  /**
   * The IPv4 address, inside the range of the Subnet. Unset: the operator allocates a free address of the
   * Subnet. Immutable.
   */
  readonly ipAddress?: string;
  /**
   * The SecurityGroups of the Port. The Port allows the traffic that at least one of these groups allows.
   * Unset: the group `default`. Empty (`[]`): no traffic is allowed. The schema has no default, because
   * server-side apply would merge a default with groups that are set later.
   */
  readonly securityGroupRefs?: readonly LocalReference[];
  /**
   * Whether OVN enforces the SecurityGroups of the Port. `Disabled`: the Port allows all traffic that no
   * TrafficPolicy forbids. Default: `"Enabled"`.
   */
  readonly trafficFiltering: 'Enabled' | 'Disabled';
  /**
   * Which source addresses the machine may use. `MACAndIP`: the addresses of the Port and
   * `allowedAddresses`. `MACOnly`: the MAC address of the Port with any IP address. `Disabled`: any MAC and
   * IP address. Default: `"MACAndIP"`.
   */
  readonly spoofingProtection: 'MACAndIP' | 'MACOnly' | 'Disabled';
  /**
   * Additional addresses that the machine may use, for example a virtual IP address of keepalived. Inside
   * the Subnet, any number of Ports can share an address that no Port has as its own. The operator ignores,
   * and reports, entries with addresses of other Ports, of the rest of the VPC, of the ExternalNetwork or
   * peers of the VPC, of the Subnet itself (gateway, network and broadcast address), and special addresses
   * (link-local, loopback, multicast, reserved). Unset: none.
   */
  readonly allowedAddresses?: readonly AllowedAddress[];
  /** Administrative state. `Down`: the Port is disconnected and keeps its addresses. Default: `"Up"`. */
  readonly adminState: 'Up' | 'Down';
  /**
   * The virtual machine that the Port is attached to. To attach the Port to another machine, first remove
   * `attachment`. Unset: the Port is not attached.
   */
  readonly attachment?: PortAttachment;
  /**
   * DHCP options for this Port, which override the options of the Subnet. For each unset field, the option
   * of the Subnet applies.
   */
  readonly dhcp?: PortDHCP;
  /**
   * Data that the metadata service serves to the machine. The service answers only in a Subnet with
   * `metadata: Enabled`.
   */
  readonly metadata?: PortMetadata;
  /** Rate limits. Unset: no limits. */
  readonly qos?: PortQoS;
}

/** IP addresses that the machine may use, with an optional MAC address. */
export interface AllowedAddress {
  /** The IPv4 addresses, in CIDR notation. Write `/32` for a single address. */
  readonly cidr: string;
  /**
   * An additional MAC address that the machine may use with these IP addresses, for example a virtual MAC
   * address of VRRP. Several Ports can share this address; it must not be the `macAddress` of a Port. Unset:
   * only the MAC address of the Port.
   */
  readonly mac?: string;
}

/**
 * The virtual machine that the Port is attached to. To attach the Port to another machine, first remove
 * `attachment`. Unset: the Port is not attached.
 */
export interface PortAttachment {
  /** ID of the virtual machine. */
  readonly vmID: string;
  /**
   * The hypervisor that runs the machine, by its OVN chassis name. Unset: any hypervisor may plug the
   * interface.
   */
  readonly host?: string;
  /**
   * The hypervisor that the machine migrates to, by its OVN chassis name. Both hypervisors have the Port
   * during the migration. At the end, set `host` to this value and remove this field. Unset: no migration.
   */
  readonly migrationTargetHost?: string;
}

/**
 * DHCP options for this Port, which override the options of the Subnet. For each unset field, the option of
 * the Subnet applies.
 */
export interface PortDHCP {
  /** Whether the DHCP server of the Subnet answers the Port. Unset: the setting of the Subnet. */
  readonly mode?: 'Enabled' | 'Disabled';
  /** IPv4 addresses of the DNS servers, in order of preference. Unset: the servers of the Subnet. */
  readonly dnsServers?: readonly string[];
  /** IPv4 addresses of the NTP servers, in order of preference. Unset: the servers of the Subnet. */
  readonly ntpServers?: readonly string[];
  /** DNS domain of the machine. Unset: the domain of the Subnet. */
  readonly domainName?: string;
  /** DHCP lease time in seconds. Unset: the lease time of the Subnet. */
  readonly leaseSeconds?: number;
}

/**
 * Data that the metadata service serves to the machine. The service answers only in a Subnet with `metadata:
 * Enabled`.
 */
export interface PortMetadata {
  /**
   * Host name of the machine. Unset: `attachment.vmID` if that is a valid host name, otherwise the name of
   * the Port.
   */
  readonly hostname?: string;
  /**
   * The Secret or ConfigMap that contains user data and SSH keys. The metadata service serves the key
   * `user-data` unchanged. The key `ssh-authorized-keys` has one public key per line. The metadata agent
   * must have permission to read the object. Unset: no user data and no SSH keys.
   */
  readonly sourceRef?: MetadataSource;
}

/**
 * The Secret or ConfigMap that contains user data and SSH keys. The metadata service serves the key
 * `user-data` unchanged. The key `ssh-authorized-keys` has one public key per line. The metadata agent must
 * have permission to read the object. Unset: no user data and no SSH keys.
 */
export interface MetadataSource {
  /** Kind of the object. The object must be in the namespace of the Port. Default: `"Secret"`. */
  readonly kind: 'Secret' | 'ConfigMap';
  /** Name of the object. */
  readonly name: string;
}

/** Rate limits. Unset: no limits. */
export interface PortQoS {
  /** Limit for traffic to the machine. Unset: no limit. */
  readonly ingress?: RateLimit;
  /** Limit for traffic from the machine. Unset: no limit. */
  readonly egress?: RateLimit;
}

/** A rate limit for one direction of traffic. */
export interface RateLimit {
  /** Maximum rate, in kilobits per second. */
  readonly maxRateKbps: number;
  /** Maximum burst, in kilobits. Unset: 80 % of `maxRateKbps`. */
  readonly maxBurstKbits?: number;
}

/** The observed state of the Port, with everything that a VM manager needs. */
export interface PortStatus {
  /** The latest `metadata.generation` that this status describes. */
  readonly observedGeneration?: number;
  /** Standard conditions of the object. `Ready` summarizes the other conditions. */
  readonly conditions?: readonly Condition[];
  /** The value for `external_ids:iface-id` of the device on the hypervisor. */
  readonly interfaceID?: string;
  /** The MAC address in effect. */
  readonly macAddress?: string;
  /** The IPv4 address in effect. */
  readonly ipAddress?: string;
  /** Prefix length of the range of the Subnet. */
  readonly prefixLength?: number;
  /** IPv4 address of the default gateway. Unset: the Subnet has no gateway. */
  readonly gatewayIP?: string;
  /** MTU of the interface in the machine, in bytes. */
  readonly mtu?: number;
  /** IPv4 addresses of the DNS servers in effect, in order of preference. */
  readonly dnsServers?: readonly string[];
  /**
   * Whether the machine gets its configuration by DHCP, according to the Subnet and the Port. `Disabled`:
   * the machine needs another source of its network configuration.
   */
  readonly dhcp?: 'Enabled' | 'Disabled';
  /** The hypervisor on which OVN reports the interface up, by its chassis name. */
  readonly boundHost?: string;
}
