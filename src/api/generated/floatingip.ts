// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../../base/index.ts';
import type { API_VERSION, Condition, LocalReference } from './common.ts';

/**
 * FloatingIP reserves an external IPv4 address for a project until the project deletes the object. NatRules
 * refer to the FloatingIP to use the address.
 */
export interface FloatingIP {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'FloatingIP';
  readonly metadata: ObjectMeta;
  readonly spec: FloatingIPSpec;
  readonly status?: FloatingIPStatus;
}

/** The desired state of the FloatingIP. */
export interface FloatingIPSpec {
  /** The ExternalNetwork that the address belongs to. Immutable. */
  readonly externalNetworkRef: LocalReference;
  /**
   * The requested IPv4 address. Unset: the operator allocates a free address of the ExternalNetwork.
   * `status.address` shows the allocated address. Immutable.
   */
  readonly address?: string;
}

/** The observed state of the FloatingIP. */
export interface FloatingIPStatus {
  /** The latest `metadata.generation` that this status describes. */
  readonly observedGeneration?: number;
  /** Standard conditions of the object. `Ready` summarizes the other conditions. */
  readonly conditions?: readonly Condition[];
  /** The reserved IPv4 address. Unset: no address is reserved. */
  readonly address?: string;
  /**
   * Names of the oldest 64 NatRules in effect that use the FloatingIP. Deletion of the FloatingIP waits
   * until no NatRule refers to it.
   */
  readonly usedBy?: readonly string[];
}
