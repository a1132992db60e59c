// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../object.ts';
import type {
  API_VERSION,
  Condition,
  ICMPMessage,
  LabelSelector,
  LocalReference,
  PortRange,
} from './common.ts';

/**
 * TrafficPolicy is a guard rail above SecurityGroups: it only ever forbids. What it does not list is
 * dropped, whatever SecurityGroups allow; what it lists still needs a SecurityGroup that allows it. Of
 * several policies that apply to a Port, each must list what is to pass.
 */
export interface TrafficPolicy {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'TrafficPolicy';
  readonly metadata: ObjectMeta;
  readonly spec: TrafficPolicySpec;
  readonly status?: TrafficPolicyStatus;
}

/** What the TrafficPolicy should forbid, and for whom. */
export interface TrafficPolicySpec {
  /** What the policy is for. */
  readonly description?: string;
  /** The Ports of the namespace that the policy applies to, also those with `trafficFiltering: Disabled`. */
  readonly appliesTo: TrafficPolicyAppliesTo;
  /**
   * Traffic to the Ports that is not forbidden. Unset: the policy forbids none that comes in. Empty (`[]`):
   * it forbids all.
   */
  readonly ingress?: readonly TrafficPolicyRule[];
  /**
   * Traffic from the Ports that is not forbidden. Unset: the policy forbids none that goes out. Empty
   * (`[]`): it forbids all.
   */
  readonly egress?: readonly TrafficPolicyRule[];
  /**
   * How far the Ports may reach at all, in both directions. `Subnet`: within their own Subnet. `VPC`: within
   * the VPC. Link-local, broadcast and multicast addresses count as within. Default: `"None"`.
   */
  readonly isolation: 'None' | 'Subnet' | 'VPC';
}

/** The Ports of the namespace that the policy applies to, also those with `trafficFiltering: Disabled`. */
export interface TrafficPolicyAppliesTo {
  /** All Ports of these Subnets. */
  readonly subnetRefs?: readonly LocalReference[];
  /** The Ports with these labels. Empty (`{}`): all Ports of the namespace. */
  readonly portSelector?: LabelSelector;
}

/** One kind of traffic that the policy leaves to SecurityGroups. */
export interface TrafficPolicyRule {
  /** Name of the rule in messages; unique within the list. */
  readonly name?: string;
  /** The protocol. `All` is all of IPv4 and IPv6. */
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'ICMPv6' | 'All';
  /** Destination ports, with TCP, UDP and SCTP. Unset: all. */
  readonly ports?: PortRange;
  /** Kind of message, with ICMP and ICMPv6. Unset: all. */
  readonly icmp?: ICMPMessage;
  /** The other end: where ingress comes from, or where egress goes to. Unset: anywhere. */
  readonly remote?: PolicyRemote;
}

/** The remote end of the traffic. */
export interface PolicyRemote {
  /** A network, IPv4 or IPv6. */
  readonly cidr: string;
}

/** What the TrafficPolicy is. */
export interface TrafficPolicyStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** How many Ports the policy applies to. */
  readonly portCount?: number;
}
