import { ApplyError } from '../errors.ts';
import { homeKey } from '../model/marks.ts';

/** The value of `Home.adopt` for rows whose cluster is not recorded. */
export const UNRECORDED = 'unrecorded';

/** The rows with the mark of this cluster, compared with the objects in the API server. */
export interface RowClaims {
  readonly rows: number;
  /** The rows whose owner is an object in the API server, by UID. */
  readonly withObject: number;
}

/**
 * The Kubernetes cluster that the operator serves. The operator records its UID next to the epoch, so that an operator
 * of another cluster with the same `clusterName` does not take the rows over.
 */
export interface Home {
  /** The UID of the namespace `kube-system`, which identifies the cluster. */
  readonly uid: string;
  /** The UID of the cluster whose rows the administrator gives to this cluster, or {@link UNRECORDED}. */
  readonly adopt: string | undefined;
  /** The largest share (0 to 1) of rows without an object in rows that this cluster takes over unrecorded. */
  readonly maxOrphanShare: number;
  /** Compares the present rows with the objects. O(rows). */
  readonly claims: () => RowClaims;
}

/**
 * Checks whether the operator of `home` may write rows with the mark `cluster`. The rows belong to the recorded
 * cluster. Without a record, they belong to `home` only if objects there own them: a UID exists in one cluster only.
 *
 * @param recorded the UID in the database; undefined when the database has no record
 * @throws ApplyError OTHER_CLUSTER when it may not; the message says what to do
 */
export function checkHome(cluster: string, recorded: string | undefined, home: Home): void {
  if (recorded === home.uid || home.adopt === (recorded ?? UNRECORDED)) return;
  if (recorded !== undefined)
    throw new ApplyError('OTHER_CLUSTER', recordedElsewhere(cluster, recorded, home));
  const { rows, withObject } = home.claims();
  const hasProof = withObject > 0 && rows - withObject <= rows * home.maxOrphanShare;
  if (rows === 0 || hasProof) return;
  throw new ApplyError('OTHER_CLUSTER', unproven(cluster, home, { rows, withObject }));
}

const recordedElsewhere = (cluster: string, recorded: string, { uid }: Home): string =>
  `the rows with clusterName "${cluster}" in this Northbound database belong to the Kubernetes cluster ${recorded}, ` +
  `and this operator serves the cluster ${uid} (the UID of the namespace kube-system). If both clusters exist, give ` +
  `this cluster another clusterName. If this cluster replaces the other one, stop the other operator and set ` +
  `adopt: ${recorded}`;

const unproven = (cluster: string, { uid }: Home, { rows, withObject }: RowClaims): string =>
  `this Northbound database has ${rows} rows with clusterName "${cluster}" and does not record their Kubernetes ` +
  `cluster, and only ${withObject} of them belong to objects of this cluster (${uid}). If another cluster uses this ` +
  `database, give this cluster another clusterName. If the rows are from this cluster or from a cluster that it ` +
  `replaces, set adopt: ${UNRECORDED} until the operator leads`;

/** Returns the entry in `NB_Global.external_ids` that records the cluster. */
export function recordOf(cluster: string, home: Home): readonly [string, string] {
  return [homeKey(cluster), home.uid];
}
