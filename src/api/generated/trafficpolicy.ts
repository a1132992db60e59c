// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../../base/index.ts';
import type {
  API_VERSION,
  Condition,
  ICMPMessage,
  LabelSelector,
  LocalReference,
  PortRange,
} from './common.ts';

/**
 * TrafficPolicy limits the traffic that SecurityGroups can allow. OVN drops traffic that the policy does not
 * list, even if a SecurityGroup allows the traffic. Traffic that the policy lists still needs a
 * SecurityGroup that allows it. If several policies apply to a Port, every policy must list the traffic.
 */
export interface TrafficPolicy {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'TrafficPolicy';
  readonly metadata: ObjectMeta;
  readonly spec: TrafficPolicySpec;
  readonly status?: TrafficPolicyStatus;
}

/** The desired state of the TrafficPolicy. */
export interface TrafficPolicySpec {
  /** Purpose of the TrafficPolicy, for people. */
  readonly description?: string;
  /**
   * The Ports of the namespace that the policy applies to, including Ports with `trafficFiltering:
   * Disabled`. Exactly one field must be set.
   */
  readonly appliesTo: TrafficPolicyAppliesTo;
  /**
   * Traffic to the Ports that the policy does not forbid. Unset: the policy forbids no incoming traffic.
   * Empty (`[]`): the policy forbids all incoming traffic.
   */
  readonly ingress?: readonly TrafficPolicyRule[];
  /**
   * Traffic from the Ports that the policy does not forbid. Unset: the policy forbids no outgoing traffic.
   * Empty (`[]`): the policy forbids all outgoing traffic.
   */
  readonly egress?: readonly TrafficPolicyRule[];
  /**
   * Isolation of the Ports, for traffic in both directions. `None`: no isolation. `Subnet`: the Ports
   * communicate only with addresses of their own Subnet. `VPC`: the Ports communicate only with addresses of
   * the VPC. Link-local, broadcast and multicast addresses count as inside. Default: `"None"`.
   */
  readonly isolation: 'None' | 'Subnet' | 'VPC';
}

/**
 * The Ports of the namespace that the policy applies to, including Ports with `trafficFiltering: Disabled`.
 * Exactly one field must be set.
 */
export interface TrafficPolicyAppliesTo {
  /** All Ports of these Subnets. */
  readonly subnetRefs?: readonly LocalReference[];
  /** Selects Ports by their labels. Empty (`{}`): all Ports of the namespace. */
  readonly portSelector?: LabelSelector;
}

/**
 * One rule. The policy does not forbid traffic that matches all fields of the rule; the SecurityGroups
 * decide about this traffic.
 */
export interface TrafficPolicyRule {
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
   * Unset: any address.
   */
  readonly remote?: PolicyRemote;
}

/** The remote end of the traffic. */
export interface PolicyRemote {
  /** An IPv4 or IPv6 network, in CIDR notation. */
  readonly cidr: string;
}

/** The observed state of the TrafficPolicy. */
export interface TrafficPolicyStatus {
  /** The latest `metadata.generation` that this status describes. */
  readonly observedGeneration?: number;
  /** Standard conditions of the object. `Ready` summarizes the other conditions. */
  readonly conditions?: readonly Condition[];
  /**
   * Number of flow matches that the rules need on a hypervisor, without those that all policies of a Port
   * share. The limits of a Port count this number.
   */
  readonly matchCount?: number;
  /** Number of Ports that the policy applies to. */
  readonly portCount?: number;
}
