// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../../base/index.ts';
import type { API_VERSION, Condition, ICMPMessage, LocalReference, PortRange } from './common.ts';

/**
 * SecurityGroup defines the traffic that Ports may receive and send. Ports refer to SecurityGroups. OVN
 * drops traffic that no rule allows.
 */
export interface SecurityGroup {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'SecurityGroup';
  readonly metadata: ObjectMeta;
  readonly spec: SecurityGroupSpec;
  readonly status?: SecurityGroupStatus;
}

/** The desired state of the SecurityGroup. */
export interface SecurityGroupSpec {
  /** Purpose of the SecurityGroup, for people. */
  readonly description?: string;
  /**
   * Rules for traffic to the Ports. OVN allows traffic that matches at least one rule. Unset or empty: no
   * traffic is allowed.
   */
  readonly ingress?: readonly SecurityGroupRule[];
  /**
   * Rules for traffic from the Ports. OVN allows traffic that matches at least one rule. Unset or empty: no
   * traffic is allowed.
   */
  readonly egress?: readonly SecurityGroupRule[];
  /**
   * Whether OVN tracks connections. `Enabled`: replies to allowed traffic are allowed. `Disabled`: OVN does
   * not track connections, and replies need their own rules. Default: `"Enabled"`.
   */
  readonly stateful: 'Enabled' | 'Disabled';
}

/** One rule, which allows the traffic that matches all of its fields. */
export interface SecurityGroupRule {
  /** Name of the rule, which messages of the operator show. The name must be unique within the list. */
  readonly name?: string;
  /** The protocol. `All`: every protocol, in IPv4 and IPv6. */
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'ICMPv6' | 'All';
  /** Destination ports. Allowed only with protocols `TCP`, `UDP` and `SCTP`. Unset: all ports. */
  readonly ports?: PortRange;
  /** ICMP type and code. Allowed only with protocols `ICMP` and `ICMPv6`. Unset: all types. */
  readonly icmp?: ICMPMessage;
  /**
   * The remote end of the traffic: the source of ingress traffic or the destination of egress traffic.
   * Exactly one field must be set. Unset: any address.
   */
  readonly remote?: RuleRemote;
}

/** The remote end of the traffic. */
export interface RuleRemote {
  /** An IPv4 or IPv6 network, in CIDR notation. */
  readonly cidr?: string;
  /** The Ports of a SecurityGroup in the same namespace. The group may refer to itself. */
  readonly securityGroupRef?: LocalReference;
}

/** The observed state of the SecurityGroup. */
export interface SecurityGroupStatus {
  /** The latest `metadata.generation` that this status describes. */
  readonly observedGeneration?: number;
  /** Standard conditions of the object. `Ready` summarizes the other conditions. */
  readonly conditions?: readonly Condition[];
  /** Number of rules in effect. */
  readonly ruleCount?: number;
  /**
   * Number of flow matches that the rules need on a hypervisor, without the members of remote groups. The
   * limits of a Port count this number.
   */
  readonly matchCount?: number;
  /** Number of Ports that refer to the SecurityGroup. */
  readonly portCount?: number;
}
