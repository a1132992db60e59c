// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../../base/index.ts';
import type { API_VERSION, Condition, LocalReference } from './common.ts';

/**
 * VPCPeering connects the VPC of its namespace to the VPC of another namespace. Each of the two namespaces
 * must have a VPCPeering that names the other namespace. The connection ends when one of the two VPCPeerings
 * is deleted. A VPCPeering consents to one VPC. If the other namespace creates its VPC again, the VPCs are
 * connected only after a new consent.
 */
export interface VPCPeering {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'VPCPeering';
  readonly metadata: ObjectMeta;
  readonly spec: VPCPeeringSpec;
  readonly status?: VPCPeeringStatus;
}

/** The desired state of the VPCPeering. */
export interface VPCPeeringSpec {
  /** The VPC of this side. Unset: the VPC of the namespace. Immutable. */
  readonly vpcRef?: LocalReference;
  /** The VPC of the other side. Immutable, except `vpcUID`. */
  readonly peer: VPCPeeringPeer;
  /**
   * The networks of the other side that this VPC accepts. The router has routes only to the advertised
   * networks inside these networks, and accepts packets only from them. Unset: the range of the other VPC at
   * the time of the consent.
   */
  readonly acceptedCIDRs?: readonly string[];
  /** The networks of this VPC that can communicate with the other side. Unset: the whole range of the VPC. */
  readonly advertisedCIDRs?: readonly string[];
}

/** The VPC of the other side. Immutable, except `vpcUID`. */
export interface VPCPeeringPeer {
  /** Namespace of the other VPC. */
  readonly namespace: string;
  /** Name of the other VPC. Unset: the VPC of that namespace. */
  readonly name?: string;
  /**
   * UID of the other VPC to which this VPCPeering consents. Unset: the VPC with which the VPCPeering was
   * first matched; `status.consent` shows its UID. Set or change it to consent to another VPC.
   */
  readonly vpcUID?: string;
}

/** The observed state of the VPCPeering. */
export interface VPCPeeringStatus {
  /** The latest `metadata.generation` that this status describes. */
  readonly observedGeneration?: number;
  /** Standard conditions of the object. `Ready` summarizes the other conditions. */
  readonly conditions?: readonly Condition[];
  /** The other VPC as `namespace/name`. Unset: the other side has no VPCPeering that names this VPC. */
  readonly peerVPC?: string;
  /** The IPv4 network between the two routers. */
  readonly linkCIDR?: string;
  /** The VPC to which this VPCPeering consents. Unset: the two VPCs have not been matched yet. */
  readonly consent?: VPCPeeringConsent;
  /** The networks of the other side to which the router has a route. */
  readonly acceptedRoutes?: readonly string[];
  /**
   * The networks that the other side advertises and to which the router has no route, or only to a part of
   * it.
   */
  readonly refusedRoutes?: readonly VPCPeeringRefusedRoutes[];
}

/** The VPC to which this VPCPeering consents. Unset: the two VPCs have not been matched yet. */
export interface VPCPeeringConsent {
  /** UID of the VPC. */
  readonly vpcUID: string;
  /** Range of the VPC at the time of the consent. Unset: the other side advertises only a part of it. */
  readonly cidr?: string;
}

/** One network, and why the router has no route to it. */
export interface VPCPeeringRefusedRoutes {
  /** The IPv4 network, in CIDR notation. */
  readonly cidr: string;
  /**
   * `ConsentRequired`: this VPCPeering does not accept the network. `CIDROverlap`: the network overlaps
   * another network of the router. `RouteConflict`: the VPC has a static route to the network.
   */
  readonly reason: string;
  /** What is wrong and what to do, for people. */
  readonly message: string;
}
