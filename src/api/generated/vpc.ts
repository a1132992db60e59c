// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../object.ts';
import type { API_VERSION, Condition, LocalReference } from './common.ts';

/**
 * VPC is the private network of a project: one address range, one logical router, and the Subnets within it.
 * A namespace has exactly one; when there are more, the oldest is in effect.
 */
export interface VPC {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'VPC';
  readonly metadata: ObjectMeta;
  readonly spec: VPCSpec;
  readonly status?: VPCStatus;
}

/** What the VPC should be. */
export interface VPCSpec {
  /**
   * The IPv4 range that the Subnets are cut from. Unset: the next free /16 of the operator's pool, shown in
   * `status.cidr`. Immutable.
   */
  readonly cidr?: string;
  /**
   * Whether a Subnet and a SecurityGroup, both named `default`, are created with the VPC. Default:
   * `"Create"`.
   */
  readonly defaults: 'Create' | 'None';
  /** The way to the world outside. Unset: the VPC has none. */
  readonly externalGateway?: VPCExternalGateway;
  /**
   * Routes of the router besides the connected Subnets. The condition `RoutesResolved` tells whether the
   * router reaches every next hop.
   */
  readonly staticRoutes?: readonly StaticRoute[];
}

/** The way to the world outside. Unset: the VPC has none. */
export interface VPCExternalGateway {
  /** The ExternalNetwork that the router is connected to. */
  readonly externalNetworkRef: LocalReference;
  /** Whether traffic of the whole VPC leaves with the gateway's address as its source. Default: `"Enabled"`. */
  readonly snat: 'Enabled' | 'Disabled';
}

/** One static route. */
export interface StaticRoute {
  /** Packets to this network take the route; `0.0.0.0/0` for all others. */
  readonly destination: string;
  /**
   * Address of the router that the packets are handed to, in a Subnet of the VPC with a gateway or in its
   * external network.
   */
  readonly nextHop: string;
}

/** What the VPC is. */
export interface VPCStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** The IPv4 range in effect. */
  readonly cidr?: string;
  /**
   * The organization that the VPC belongs to, from the namespace's label
   * `network.plasmavmc.io/organization`.
   */
  readonly organization?: string;
  /**
   * The project that the VPC belongs to, from the namespace's label `network.plasmavmc.io/project`, else the
   * namespace's name.
   */
  readonly project?: string;
  /** Name of the Logical_Router in OVN. */
  readonly routerName?: string;
  /** Addresses of the router on the external network. */
  readonly gatewayIPs?: readonly string[];
  /** How many Subnets are in the VPC. */
  readonly subnetCount?: number;
}
