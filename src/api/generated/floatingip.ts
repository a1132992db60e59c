// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../object.ts';
import type { API_VERSION, Condition, LocalReference } from './common.ts';

/**
 * FloatingIP is an external address that a project keeps until it deletes the object, whatever it is used
 * for: NatRules name it.
 */
export interface FloatingIP {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'FloatingIP';
  readonly metadata: ObjectMeta;
  readonly spec: FloatingIPSpec;
  readonly status?: FloatingIPStatus;
}

/** Which address is asked for. */
export interface FloatingIPSpec {
  /** The ExternalNetwork that the address is of. Immutable. */
  readonly externalNetworkRef: LocalReference;
  /** The address. Unset: a free one of the network, shown in `status.address`. Immutable. */
  readonly address?: string;
}

/** What the FloatingIP is. */
export interface FloatingIPStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** The address that the project has. */
  readonly address?: string;
  /** Names of the NatRules that refer to it, in effect or not; each keeps it from being deleted. */
  readonly usedBy?: readonly string[];
}
