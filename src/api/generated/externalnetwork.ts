// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../../base/index.ts';
import type { API_VERSION, Condition, LabelSelector, RangeSpec } from './common.ts';

/**
 * ExternalNetwork is a network outside OVN: an IPv4 range on a physical network. VPCs connect to an
 * ExternalNetwork to reach external hosts. Cluster administrators own ExternalNetworks and decide which
 * namespaces may use them.
 */
export interface ExternalNetwork {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'ExternalNetwork';
  readonly metadata: ObjectMeta;
  readonly spec: ExternalNetworkSpec;
  readonly status?: ExternalNetworkStatus;
}

/** The desired state of the ExternalNetwork. */
export interface ExternalNetworkSpec {
  /** Name of the physical network, as in `ovn-bridge-mappings` on the hypervisors. */
  readonly physicalNetwork: string;
  /**
   * Whether frames on the physical network have a VLAN tag. `Flat`: untagged frames. `VLAN`: frames with the
   * tag `vlanID`. Default: `"Flat"`.
   */
  readonly type: 'Flat' | 'VLAN';
  /** VLAN ID. Required with type `VLAN`, not allowed with type `Flat`. */
  readonly vlanID?: number;
  /** The IPv4 range of the network, in CIDR notation. Immutable. */
  readonly cidr: string;
  /**
   * IPv4 address of the physical router that leads to other networks. The operator does not allocate this
   * address.
   */
  readonly gateway: string;
  /**
   * Address ranges from which routers, FloatingIPs and NatRules get their addresses. An address that an
   * object requests must also be inside a pool. Unset: the whole range of the network.
   */
  readonly allocationPools?: readonly RangeSpec[];
  /**
   * Address ranges that the operator does not allocate, for example the addresses of physical machines.
   * Unset: no range is reserved.
   */
  readonly reservedRanges?: readonly RangeSpec[];
  /**
   * Ranges of VPCs that cross the network without translation. A VPC with `snat: Disabled` and a range
   * inside one of these ranges can use its own addresses on the network; the physical routers need routes to
   * the VPC. Unset: every packet needs a translation.
   */
  readonly routedRanges?: readonly string[];
  /**
   * Private ranges (RFC 1918, RFC 6598) of machines outside OVN that may send packets to the network. The
   * operator drops packets with other private sources, except those of `cidr` and `routedRanges`. Unset: no
   * such range.
   */
  readonly privateSources?: readonly string[];
  /** The namespaces whose objects may use the network. Unset: no namespace may use the network. */
  readonly allowedNamespaces?: ExternalNetworkAllowedNamespaces;
  /**
   * How many addresses the FloatingIPs and NatRules of one namespace can hold. The address of a gateway does
   * not count. Addresses that a namespace already holds stay when the limit shrinks. Unset: half of the
   * addresses of the allocation pools, but at least 8.
   */
  readonly maxAddressesPerNamespace?: number;
  /**
   * How many addresses of the allocation pools only the gateways of VPCs can get. Unset: a quarter of the
   * addresses, rounded down.
   */
  readonly gatewayReserve?: number;
  /** The OVN chassis that carry the traffic between VPCs and the network. Default: `{"mode":"Enabled"}`. */
  readonly gatewayChassis: ExternalNetworkGatewayChassis;
}

/** The namespaces whose objects may use the network. Unset: no namespace may use the network. */
export interface ExternalNetworkAllowedNamespaces {
  /** Selects namespaces by their labels. Empty (`{}`): all namespaces. */
  readonly selector: LabelSelector;
}

/** The OVN chassis that carry the traffic between VPCs and the network. */
export interface ExternalNetworkGatewayChassis {
  /**
   * How the operator selects the chassis. Every selected chassis must have the physical network in
   * `ovn-bridge-mappings`. `Enabled`: the chassis with `enable-chassis-as-gw` in `ovn-cms-options`. `Named`:
   * the chassis in `names`.
   */
  readonly mode: 'Enabled' | 'Named';
  /**
   * Names of OVN chassis (the `system-id` of Open vSwitch). Required with mode `Named`, not allowed with
   * mode `Enabled`.
   */
  readonly names?: readonly string[];
}

/** The observed state of the ExternalNetwork. */
export interface ExternalNetworkStatus {
  /** The latest `metadata.generation` that this status describes. */
  readonly observedGeneration?: number;
  /** Standard conditions of the object. `Ready` summarizes the other conditions. */
  readonly conditions?: readonly Condition[];
  /** Number of addresses that the operator can allocate in total. */
  readonly totalIPs?: number;
  /** Number of allocated addresses. */
  readonly usedIPs?: number;
  /** Number of addresses that can still be allocated. */
  readonly availableIPs?: number;
  /** Names of the OVN chassis that can carry the traffic between VPCs and the network. */
  readonly gatewayChassis?: readonly string[];
  /** Name of the OVN Logical_Switch. */
  readonly switchName?: string;
}
