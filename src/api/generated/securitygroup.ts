// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../object.ts';
import type { API_VERSION, Condition, ICMPMessage, LocalReference, PortRange } from './common.ts';

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

/** The remote end of the traffic. */
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
