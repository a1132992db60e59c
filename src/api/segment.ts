/** A VLAN, or the untagged frames, of a physical network. Objects with different names can name the same segment. */
export interface Segment {
  readonly physicalNetwork: string;
  /** Undefined: untagged frames. */
  readonly vlanID: number | undefined;
}

/** Returns the key of a segment. Two keys are equal exactly when the segments are equal. */
export const segmentKey = ({ physicalNetwork, vlanID }: Segment): string =>
  `segment/${physicalNetwork}/${vlanID ?? 'untagged'}`;

/** Returns the name of a segment in a message for administrators: `VLAN 77 of "physnet1"`. */
export const segmentText = ({ physicalNetwork, vlanID }: Segment): string =>
  vlanID === undefined
    ? `the untagged frames of "${physicalNetwork}"`
    : `VLAN ${vlanID} of "${physicalNetwork}"`;
