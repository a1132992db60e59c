// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../../base/index.ts';
import type { API_VERSION, Condition, LabelSelector } from './common.ts';

/**
 * ProjectPolicy states what tenants may do in the namespaces that it selects: the ranges and the size of
 * VPCs, the powers of Ports, and quotas. Cluster administrators own ProjectPolicies. One policy applies to a
 * namespace.
 */
export interface ProjectPolicy {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'ProjectPolicy';
  readonly metadata: ObjectMeta;
  readonly spec: ProjectPolicySpec;
  readonly status?: ProjectPolicyStatus;
}

/** The desired state of the ProjectPolicy. */
export interface ProjectPolicySpec {
  /** Selects the namespaces of the policy by their labels. Empty (`{}`): all namespaces. */
  readonly namespaceSelector: LabelSelector;
  /**
   * If several policies select a namespace, the policy with the highest priority applies, and of several
   * such policies the oldest. Default: `0`.
   */
  readonly priority: number;
  /**
   * The IPv4 networks, in CIDR notation, that must contain the range that a VPC names. The pool of the
   * operator (`cidrPool`) is always allowed for VPCs without `cidr`. Unset: the setting `vpcRanges` of the
   * operator applies. Empty: no VPC may name a range.
   */
  readonly vpcRanges?: readonly string[];
  /**
   * Shortest prefix length of the range of a VPC: the largest VPC. Unset: the setting `minVpcPrefixLength`
   * of the operator applies.
   */
  readonly minVPCPrefixLength?: number;
  /** What Ports in overlay Subnets may do. Default: `{}`. */
  readonly powers: PortPowers;
  /**
   * What Ports in Subnets with `provider` may do. The machines of other owners are on the same link.
   * Default: `{}`.
   */
  readonly providerPowers: PortPowers;
  /** The amounts that each namespace can hold. What a namespace already holds stays when a limit shrinks. */
  readonly quota?: Quota;
  /**
   * The amounts that all namespaces of the organization of a namespace can hold together. A namespace
   * without an organization is alone.
   */
  readonly organizationQuota?: Quota;
}

/** What the Ports of tenants may do. */
export interface PortPowers {
  /**
   * Whether a Port may set `trafficFiltering: Disabled`. `Forbidden`: the operator filters the traffic of
   * such a Port. Default: `"Allowed"`.
   */
  readonly trafficFilteringDisabled: 'Allowed' | 'Forbidden';
  /**
   * Whether a Port may set `spoofingProtection: Disabled`. `Forbidden`: OVN checks the MAC and IP addresses
   * of such a Port. Default: `"Allowed"`.
   */
  readonly spoofingProtectionDisabled: 'Allowed' | 'Forbidden';
  /**
   * Whether a Port may set `spoofingProtection: MACOnly`. `Forbidden`: OVN checks the MAC and IP addresses
   * of such a Port. Default: `"Allowed"`.
   */
  readonly spoofingProtectionMACOnly: 'Allowed' | 'Forbidden';
  /**
   * Which entries of `allowedAddresses` of a Port take effect. `Any`: all entries. `WithinSubnet`: entries
   * inside the range of the Subnet. `None`: no entry. Default: `"Any"`.
   */
  readonly allowedAddresses: 'Any' | 'WithinSubnet' | 'None';
  /**
   * Shortest prefix length of an entry of `allowedAddresses` that takes effect. `32`: only single addresses.
   * Default: `0`.
   */
  readonly minAllowedPrefixLength: number;
}

/** The amounts that a namespace or an organization can hold. */
export interface Quota {
  /** Addresses in the ranges of VPCs. A /16 has 65536 addresses. Unset: no limit. */
  readonly vpcAddresses?: number;
  /**
   * Addresses of ExternalNetworks that FloatingIPs and NatRules hold. Addresses of gateways do not count.
   * Unset: no limit.
   */
  readonly externalAddresses?: number;
  /** NatRules in effect. Unset: no limit. */
  readonly natRules?: number;
  /** Rules of SecurityGroups and TrafficPolicies. Unset: no limit. */
  readonly securityRules?: number;
}

/** The observed state of the ProjectPolicy. */
export interface ProjectPolicyStatus {
  /** The latest `metadata.generation` that this status describes. */
  readonly observedGeneration?: number;
  /** Standard conditions of the object. `Ready` summarizes the other conditions. */
  readonly conditions?: readonly Condition[];
  /** Number of namespaces to which the policy applies. */
  readonly namespaceCount?: number;
}
