// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../../base/index.ts';
import type { API_VERSION, Condition, LocalReference } from './common.ts';

/**
 * NatRule translates addresses between a VPC and its ExternalNetwork. SNAT translates the source of outgoing
 * traffic, DNAT forwards one port of an external address, and FloatingIP maps a whole external address to a
 * Port.
 */
export interface NatRule {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'NatRule';
  readonly metadata: ObjectMeta;
  readonly spec: NatRuleSpec;
  readonly status?: NatRuleStatus;
}

/** The desired state of the NatRule. */
export interface NatRuleSpec {
  /**
   * Type of the translation. `SNAT`: replaces the source address of outgoing traffic from `source` with the
   * external address. `DNAT`: forwards one port of the external address to `target`. `FloatingIP`: maps the
   * external address to a Port, in both directions.
   */
  readonly type: 'SNAT' | 'DNAT' | 'FloatingIP';
  /** The VPC whose router translates the addresses. Unset: the VPC of the namespace. */
  readonly vpcRef?: LocalReference;
  /**
   * The external IPv4 address. Not allowed together with `floatingIPRef`. If both are unset, types `SNAT`
   * and `DNAT` use the address of the VPC's router on the ExternalNetwork.
   */
  readonly externalIP?: string;
  /** The FloatingIP whose address is the external address. Not allowed together with `externalIP`. */
  readonly floatingIPRef?: LocalReference;
  /**
   * The source of the translated traffic. Required with type `SNAT`, not allowed with other types. Exactly
   * one field must be set.
   */
  readonly source?: NatRuleSource;
  /** The protocol to forward. Required with type `DNAT`, not allowed with other types. */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
  /** The port number of the external address. Required with type `DNAT`, not allowed with other types. */
  readonly externalPort?: number;
  /**
   * The destination of the translated traffic. Required with types `DNAT` and `FloatingIP`, not allowed with
   * type `SNAT`. Exactly one field must be set.
   */
  readonly target?: NatRuleTarget;
  /** The port number of the target. Allowed only with type `DNAT`. Unset: the same as `externalPort`. */
  readonly internalPort?: number;
  /**
   * Where OVN translates the address. Allowed only with type `FloatingIP`. `Centralized`: on the gateway
   * chassis. `Distributed`: on the hypervisor of the machine if the interface is up there and the hypervisor
   * has the physical network, otherwise on the gateway chassis. Not possible for a Port of a Subnet with
   * `provider`, and not together with a NatRule of type `DNAT` for the same Port. Unset: `Centralized`.
   */
  readonly mode?: 'Centralized' | 'Distributed';
}

/**
 * The source of the translated traffic. Required with type `SNAT`, not allowed with other types. Exactly one
 * field must be set.
 */
export interface NatRuleSource {
  /** An IPv4 network inside the range of the VPC, in CIDR notation. */
  readonly cidr?: string;
  /** A Subnet of the VPC. */
  readonly subnetRef?: LocalReference;
}

/**
 * The destination of the translated traffic. Required with types `DNAT` and `FloatingIP`, not allowed with
 * type `SNAT`. Exactly one field must be set.
 */
export interface NatRuleTarget {
  /** A Port of the VPC. */
  readonly portRef?: LocalReference;
  /** An IPv4 address inside the range of the VPC. Allowed only with type `DNAT`. */
  readonly address?: string;
}

/** The observed state of the NatRule. */
export interface NatRuleStatus {
  /** The latest `metadata.generation` that this status describes. */
  readonly observedGeneration?: number;
  /** Standard conditions of the object. `Ready` summarizes the other conditions. */
  readonly conditions?: readonly Condition[];
  /** The external IPv4 address in effect, or kept for the rule until it can take effect again. */
  readonly externalIP?: string;
  /** The internal IPv4 address or network in effect. */
  readonly internalIP?: string;
}
