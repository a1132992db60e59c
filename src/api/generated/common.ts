// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.

/** The apiVersion of every kind. */
export const API_VERSION = 'network.plasmavmc.io/v1alpha1';

/** Names another object, in the same namespace unless the kind is cluster-scoped. */
export interface LocalReference {
  readonly name: string;
}

/** One aspect of the state of the object. */
export interface Condition {
  /** Type of the condition in CamelCase. */
  readonly type: string;
  /** Whether the condition holds. */
  readonly status: 'True' | 'False' | 'Unknown';
  /** The `metadata.generation` that the condition was set for. */
  readonly observedGeneration?: number;
  /** When `status` last changed. */
  readonly lastTransitionTime: string;
  /** Why the condition has this status, in one CamelCase word for programs. */
  readonly reason: string;
  /** Why the condition has this status, for people. Begins with the error code where there is one. */
  readonly message: string;
}

/** A range of addresses; the range includes both ends. */
export interface RangeSpec {
  /** First address of the range. */
  readonly start: string;
  /** Last address of the range (the same as `start` for one address). */
  readonly end: string;
}

/** Destination ports, with TCP, UDP and SCTP. Unset: all. */
export interface PortRange {
  /** First port. */
  readonly min: number;
  /** Last port. Unset: only `min`. */
  readonly max?: number;
}

/** Kind of message, with ICMP and ICMPv6. Unset: all. */
export interface ICMPMessage {
  /** ICMP type. */
  readonly type: number;
  /** ICMP code. Unset: all of the type. */
  readonly code?: number;
}

/** Selects objects by their labels (metav1.LabelSelector). */
export interface LabelSelector {
  /** Labels that a Port must have, all of them. */
  readonly matchLabels?: Readonly<Record<string, string>>;
  /** Conditions that the labels of a Port must meet, all of them. */
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}

/** One condition. */
export interface LabelSelectorRequirement {
  /** Key of the label. */
  readonly key: string;
  /** How the label is compared with `values`. */
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /** The values that it is compared with. */
  readonly values?: readonly string[];
}
