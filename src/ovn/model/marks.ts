/**
 * A Kubernetes object that owns rows. The UID is its identity. The operator uses kind, namespace and name in
 * messages and to enqueue the object.
 */
export interface Owner {
  readonly kind: string;
  /** Empty for a cluster-scoped object. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * The prefix of every key that the operator writes to `external_ids`. The operator never changes other keys.
 */
export const MARK_PREFIX = 'overlay-network/';
/** The key for the name of the Kubernetes cluster. Several clusters can share one Northbound database. */
export const CLUSTER_MARK = 'overlay-network/cluster';
/** The key for `Kind/namespace/name`: readable in `ovn-nbctl`, and used to enqueue the owner after drift. */
const OWNER_MARK = 'overlay-network/owner';
/** The key for the owner's `metadata.uid`. */
export const UID_MARK = 'overlay-network/uid';
/**
 * The key in the `external_ids` of a Port's logical switch port for the UID of the Subnet that the address is
 * from.
 */
export const SUBNET_MARK = 'overlay-network/subnet';

/**
 * Returns the key in `NB_Global.external_ids` that holds the epoch of the cluster's operator (see `Fence`).
 */
export function epochKey(cluster: string): string {
  return `${MARK_PREFIX}epoch/${cluster}`;
}

/**
 * Returns the key in `NB_Global.external_ids` that holds the UID of the Kubernetes cluster whose objects own the rows
 * with this mark (see `Home`).
 */
export function homeKey(cluster: string): string {
  return `${MARK_PREFIX}kubernetes/${cluster}`;
}

/**
 * Returns `Kind/namespace/name`. Kubernetes allows no slash in any of the three, so the text is unambiguous.
 */
export function ownerText(owner: Owner): string {
  return `${owner.kind}/${owner.namespace}/${owner.name}`;
}

/** Returns the marks that every row of this owner has in `external_ids`. */
export function marksOf(cluster: string, owner: Owner): ReadonlyMap<string, string> {
  return new Map([
    [CLUSTER_MARK, cluster],
    [OWNER_MARK, ownerText(owner)],
    [UID_MARK, owner.uid],
  ]);
}

/** Whether the applier adds the key to every row. */
export const isOwnMark = (key: string): boolean =>
  key === CLUSTER_MARK || key === OWNER_MARK || key === UID_MARK;

/** The owner of a row according to its `external_ids`. */
export type Claim =
  /** The row has no mark: it belongs to another CMS, or an administrator removed the marks. */
  | { readonly kind: 'none' }
  /** The operator of another cluster wrote the row. */
  | { readonly kind: 'other-cluster'; readonly cluster: string }
  /** An object of this cluster owns the row. */
  | { readonly kind: 'owner'; readonly owner: Owner }
  /** The row has the mark of this cluster, but the other marks are missing or invalid. */
  | { readonly kind: 'damaged' };

/** Reads the marks of a row. Never throws: one of the four claims describes any value of `external_ids`. */
export function claimOf(cluster: string, externalIds: unknown): Claim {
  if (!(externalIds instanceof Map)) return { kind: 'none' };
  const ids = externalIds as ReadonlyMap<unknown, unknown>;
  const marked = ids.get(CLUSTER_MARK);
  if (marked === undefined) return { kind: 'none' };
  if (marked !== cluster) return { kind: 'other-cluster', cluster: typeof marked === 'string' ? marked : '' };
  const owner = parseOwner(ids.get(OWNER_MARK), ids.get(UID_MARK));
  return owner === undefined ? { kind: 'damaged' } : { kind: 'owner', owner };
}

function parseOwner(text: unknown, uid: unknown): Owner | undefined {
  if (typeof text !== 'string' || typeof uid !== 'string' || uid === '') return undefined;
  const [kind, namespace, name, ...rest] = text.split('/');
  if (kind === undefined || namespace === undefined || name === undefined || rest.length > 0)
    return undefined;
  if (kind === '' || name === '') return undefined;
  return { kind, namespace, name, uid };
}
