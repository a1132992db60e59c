// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../object.ts';
import type { API_VERSION, Condition, LocalReference } from './common.ts';

/**
 * VPCPeering connects the VPC of its namespace with that of another one. It works when both namespaces have
 * one that names the other, and ends when either is deleted.
 */
export interface VPCPeering {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'VPCPeering';
  readonly metadata: ObjectMeta;
  readonly spec: VPCPeeringSpec;
  readonly status?: VPCPeeringStatus;
}

/** What is connected. */
export interface VPCPeeringSpec {
  /** The VPC that is connected. Unset: the namespace's VPC. Immutable. */
  readonly vpcRef?: LocalReference;
  /** The VPC that it is connected with. Immutable. */
  readonly peer: VPCPeeringPeer;
  /**
   * The networks of this VPC that the other side may reach, and that may reach the other side. Unset: the
   * whole range of the VPC.
   */
  readonly advertisedCIDRs?: readonly string[];
}

/** The VPC that it is connected with. Immutable. */
export interface VPCPeeringPeer {
  /** The other namespace. */
  readonly namespace: string;
  /** Name of the VPC there. Unset: that namespace's VPC. */
  readonly name?: string;
}

/** What the VPCPeering is. */
export interface VPCPeeringStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** The other VPC as `namespace/name`, once both sides agree. */
  readonly peerVPC?: string;
  /** The network between the two routers. */
  readonly linkCIDR?: string;
}
