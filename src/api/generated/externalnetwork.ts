// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../object.ts';
import type { API_VERSION, Condition, LabelSelector, RangeSpec } from './common.ts';

/**
 * ExternalNetwork is a network outside OVN that VPCs reach the world through: an address range on a physical
 * network. It belongs to the administrators of the cluster, who say which namespaces may use it.
 */
export interface ExternalNetwork {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'ExternalNetwork';
  readonly metadata: ObjectMeta;
  readonly spec: ExternalNetworkSpec;
  readonly status?: ExternalNetworkStatus;
}

/** What the network is. */
export interface ExternalNetworkSpec {
  /** Name of the physical network in the hypervisors' `ovn-bridge-mappings`. */
  readonly physicalNetwork: string;
  /** `Flat`: untagged. `VLAN`: with the tag `vlanID`. Default: `"Flat"`. */
  readonly type: 'Flat' | 'VLAN';
  /** VLAN tag, with type `VLAN`. */
  readonly vlanID?: number;
  /** The IPv4 range of the network. Immutable. */
  readonly cidr: string;
  /** The router that leads further. Nobody is given its address. */
  readonly gateway: string;
  /** The addresses that routers, FloatingIPs and NatRules may have. Unset: the whole range. */
  readonly allocationPools?: readonly RangeSpec[];
  /** Addresses that nobody is given, such as those of physical machines. */
  readonly reservedRanges?: readonly RangeSpec[];
  /** Whose VPCs and FloatingIPs may use the network. Unset: nobody. */
  readonly allowedNamespaces?: ExternalNetworkAllowedNamespaces;
  /** Which hosts carry the traffic between VPCs and the network. Default: `{"mode":"Enabled"}`. */
  readonly gatewayChassis: ExternalNetworkGatewayChassis;
}

/** Whose VPCs and FloatingIPs may use the network. Unset: nobody. */
export interface ExternalNetworkAllowedNamespaces {
  /** The namespaces with these labels. Empty (`{}`): all namespaces. */
  readonly selector: LabelSelector;
}

/** Which hosts carry the traffic between VPCs and the network. */
export interface ExternalNetworkGatewayChassis {
  /**
   * `Enabled`: all chassis with `enable-chassis-as-gw` in `ovn-cms-options` that are mapped to the physical
   * network. `Named`: those in `names` that are.
   */
  readonly mode: 'Enabled' | 'Named';
  /** Names of chassis in OVN (`system-id` of Open vSwitch). */
  readonly names?: readonly string[];
}

/** What the ExternalNetwork is. */
export interface ExternalNetworkStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** How many addresses may be given out. */
  readonly totalIPs?: number;
  /** How many addresses are given out. */
  readonly usedIPs?: number;
  /** How many addresses are left. */
  readonly availableIPs?: number;
  /** The chassis that carry the traffic of VPCs. */
  readonly gatewayChassis?: readonly string[];
  /** Name of the Logical_Switch in OVN. */
  readonly switchName?: string;
}
