// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../../base/index.ts';
import type { API_VERSION, Condition, LabelSelector } from './common.ts';

/**
 * ProviderNetwork allows Subnets to use segments of a physical network. A segment is one VLAN, or the
 * untagged frames, of the physical network. Cluster administrators own ProviderNetworks and decide which
 * namespaces may use them.
 */
export interface ProviderNetwork {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'ProviderNetwork';
  readonly metadata: ObjectMeta;
  readonly spec: ProviderNetworkSpec;
  readonly status?: ProviderNetworkStatus;
}

/** The desired state of the ProviderNetwork. */
export interface ProviderNetworkSpec {
  /** Name of the physical network, as in `ovn-bridge-mappings` on the hypervisors. Immutable. */
  readonly physicalNetwork: string;
  /** The VLAN IDs that Subnets may use, as ranges. Unset: Subnets may use no VLAN. */
  readonly vlanIDs?: readonly ProviderNetworkVlanIDs[];
  /** Whether Subnets may use the untagged frames of the physical network. Default: `"Forbidden"`. */
  readonly untagged: 'Allowed' | 'Forbidden';
  /**
   * Number of Subnets that may use one segment. `One`: the first Subnet has the segment alone. `Several`:
   * Subnets of all allowed namespaces share the segment, which is one link. Their addresses and MAC
   * addresses then differ, and their Ports are filtered and have full protection against spoofing. Default:
   * `"One"`.
   */
  readonly subnetsPerSegment: 'One' | 'Several';
  /** The namespaces whose Subnets may use the network. Unset: no namespace may use the network. */
  readonly allowedNamespaces?: ProviderNetworkAllowedNamespaces;
}

/** A range of VLAN IDs, from `min` to `max`, both included. */
export interface ProviderNetworkVlanIDs {
  /** First VLAN ID. */
  readonly min: number;
  /** Last VLAN ID. Unset: the range contains only `min`. */
  readonly max?: number;
}

/** The namespaces whose Subnets may use the network. Unset: no namespace may use the network. */
export interface ProviderNetworkAllowedNamespaces {
  /** Selects namespaces by their labels. Empty (`{}`): all namespaces. */
  readonly selector: LabelSelector;
}

/** The observed state of the ProviderNetwork. */
export interface ProviderNetworkStatus {
  /** The latest `metadata.generation` that this status describes. */
  readonly observedGeneration?: number;
  /** Standard conditions of the object. `Ready` summarizes the other conditions. */
  readonly conditions?: readonly Condition[];
  /** Number of Subnets that the network connects. */
  readonly subnetCount?: number;
}
