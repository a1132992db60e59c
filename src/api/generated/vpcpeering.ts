// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../../base/index.ts';
import type { API_VERSION, Condition, LocalReference } from './common.ts';

/**
 * VPCPeering connects the VPC of its namespace to the VPC of another namespace. Each of the two namespaces
 * must have a VPCPeering that names the other namespace. The connection ends when one of the two VPCPeerings
 * is deleted.
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
  /** The VPC of the other side. Immutable. */
  readonly peer: VPCPeeringPeer;
  /** The networks of this VPC that can communicate with the other side. Unset: the whole range of the VPC. */
  readonly advertisedCIDRs?: readonly string[];
}

/** The VPC of the other side. Immutable. */
export interface VPCPeeringPeer {
  /** Namespace of the other VPC. */
  readonly namespace: string;
  /** Name of the other VPC. Unset: the VPC of that namespace. */
  readonly name?: string;
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
}
