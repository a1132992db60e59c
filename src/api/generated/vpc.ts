// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../../base/index.ts';
import type { API_VERSION, Condition, LocalReference } from './common.ts';

/**
 * VPC is the private network of a project: one IPv4 range, one OVN logical router, and Subnets inside the
 * range. A namespace has one VPC. If a namespace has several VPCs, only the oldest VPC is in effect.
 */
export interface VPC {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'VPC';
  readonly metadata: ObjectMeta;
  readonly spec: VPCSpec;
  readonly status?: VPCStatus;
}

/** The desired state of the VPC. */
export interface VPCSpec {
  /**
   * The IPv4 range, in CIDR notation, that contains the ranges of the Subnets. Unset: the operator allocates
   * a free /16 from its pool. `status.cidr` shows the allocated range. Immutable.
   */
  readonly cidr?: string;
  /**
   * Whether the operator creates a Subnet and a SecurityGroup, both named `default`, for the VPC, unless
   * objects with this name exist. The operator creates each of them once. If you delete one, it stays
   * deleted, and you can create your own. To get the default objects again, set `None`, then `Create`.
   * Default: `"Create"`.
   */
  readonly defaults: 'Create' | 'None';
  /** The connection of the VPC to an ExternalNetwork. Unset: the VPC has no external connection. */
  readonly externalGateway?: VPCExternalGateway;
  /**
   * Static routes of the router, in addition to the routes to connected Subnets. The condition
   * `RoutesResolved` reports whether the router reaches every next hop.
   */
  readonly staticRoutes?: readonly StaticRoute[];
}

/** The connection of the VPC to an ExternalNetwork. Unset: the VPC has no external connection. */
export interface VPCExternalGateway {
  /** The ExternalNetwork that the operator connects the router to. */
  readonly externalNetworkRef: LocalReference;
  /**
   * Whether OVN replaces the source address of all outgoing traffic of the VPC with the address of the
   * router on the ExternalNetwork. Default: `"Enabled"`.
   */
  readonly snat: 'Enabled' | 'Disabled';
}

/** One static route. */
export interface StaticRoute {
  /** The IPv4 network that the route leads to, in CIDR notation. `0.0.0.0/0`: the default route. */
  readonly destination: string;
  /**
   * IPv4 address of the next router. The address must be in a Subnet of the VPC that has a gateway, or in
   * the ExternalNetwork of the VPC.
   */
  readonly nextHop: string;
}

/** The observed state of the VPC. */
export interface VPCStatus {
  /** The latest `metadata.generation` that this status describes. */
  readonly observedGeneration?: number;
  /** Standard conditions of the object. `Ready` summarizes the other conditions. */
  readonly conditions?: readonly Condition[];
  /** The IPv4 range in effect. */
  readonly cidr?: string;
  /**
   * Organization of the VPC, from the label `network.plasmavmc.io/organization` of the namespace. Unset
   * without the label: the namespace then belongs to no organization, and its range can be the same as that
   * of any other namespace.
   */
  readonly organization?: string;
  /**
   * Project of the VPC, from the label `network.plasmavmc.io/project` of the namespace. Without the label:
   * the name of the namespace.
   */
  readonly project?: string;
  /** Name of the OVN Logical_Router. */
  readonly routerName?: string;
  /** IPv4 addresses of the router on the ExternalNetwork. */
  readonly gatewayIPs?: readonly string[];
  /**
   * The kinds whose `default` object existed or was created. The operator does not create these objects
   * again.
   */
  readonly defaults?: readonly string[];
  /** Number of Subnets in the VPC. */
  readonly subnetCount?: number;
}
