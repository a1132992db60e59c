// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.

/** The apiVersion of every kind. */
export const API_VERSION = 'network.plasmavmc.io/v1alpha1';

/** Names another object, in the same namespace unless the kind is cluster-scoped. */
export interface LocalReference {
  readonly name: string;
}

/** One condition, which describes one aspect of the state of the object. */
export interface Condition {
  /** Type of the condition, in CamelCase. */
  readonly type: string;
  /** Whether the condition is true. */
  readonly status: 'True' | 'False' | 'Unknown';
  /** The `metadata.generation` that the condition describes. */
  readonly observedGeneration?: number;
  /** Time of the last change of `status`. */
  readonly lastTransitionTime: string;
  /** Reason for the status, as one CamelCase word for programs. */
  readonly reason: string;
  /**
   * Explanation of the status, for people. If the reason has an error code, the message begins with this
   * code.
   */
  readonly message: string;
}

/** A range of addresses; the range includes both ends. */
export interface RangeSpec {
  /** First address of the range. */
  readonly start: string;
  /** Last address of the range. For a range of one address, the same as `start`. */
  readonly end: string;
}

/** Destination ports. Allowed only with protocols `TCP`, `UDP` and `SCTP`. Unset: all ports. */
export interface PortRange {
  /** First port of the range. */
  readonly min: number;
  /** Last port of the range. Unset: the same as `min`. */
  readonly max?: number;
}

/** ICMP type and code. Allowed only with protocols `ICMP` and `ICMPv6`. Unset: all types. */
export interface ICMPMessage {
  /** ICMP type. */
  readonly type: number;
  /** ICMP code. Unset: all codes of the type. */
  readonly code?: number;
}

/** Selects objects by their labels (metav1.LabelSelector). */
export interface LabelSelector {
  /** Labels that a Port must have. A Port must have all of these labels. */
  readonly matchLabels?: Readonly<Record<string, string>>;
  /** Requirements for the labels of a Port. A Port must meet all of these requirements. */
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}

/** One requirement for a label. */
export interface LabelSelectorRequirement {
  /** Key of the label. */
  readonly key: string;
  /**
   * Comparison of the label with `values`. `In`: the value of the label is one of `values`. `NotIn`: the
   * value is not one of `values`, or the label does not exist. `Exists`: the label exists. `DoesNotExist`:
   * the label does not exist.
   */
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /**
   * Values to compare the label with. Required with `In` and `NotIn`, not allowed with `Exists` and
   * `DoesNotExist`.
   */
  readonly values?: readonly string[];
}
