/** An object whose rows these are. The UID is its identity; kind, namespace and name are for people and wake-ups. */
export interface Owner {
  readonly kind: string;
  /** Empty for a cluster-scoped kind. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** All keys that the operator may write in `external_ids` begin with this; other keys are never touched. */
export const MARK_PREFIX = 'overlay-network/';
/** Whose cluster: several may share one Northbound database. */
export const CLUSTER_MARK = 'overlay-network/cluster';
/** `Kind/namespace/name`, for people reading `ovn-nbctl`, and to wake the owner on drift. */
export const OWNER_MARK = 'overlay-network/owner';
/** The owner's `metadata.uid`. */
export const UID_MARK = 'overlay-network/uid';

/** The key in `NB_Global.external_ids` that holds the writing epoch of a cluster's operator. */
export function epochKey(cluster: string): string {
  return `${MARK_PREFIX}epoch/${cluster}`;
}

/** `Kind/namespace/name`; Kubernetes allows no slash in any of the three, so it parses back. */
export function ownerText(owner: Owner): string {
  return `${owner.kind}/${owner.namespace}/${owner.name}`;
}

/** The marks that every row of this owner carries in `external_ids`. */
export function marksOf(cluster: string, owner: Owner): ReadonlyMap<string, string> {
  return new Map([
    [CLUSTER_MARK, cluster],
    [OWNER_MARK, ownerText(owner)],
    [UID_MARK, owner.uid],
  ]);
}

/** What a row's `external_ids` say about whose it is. */
export type Claim =
  /** No mark at all: another CMS's row, or one of ours stripped by hand. */
  | { readonly kind: 'none' }
  /** Another cluster's operator wrote it. */
  | { readonly kind: 'other-cluster'; readonly cluster: string }
  /** This cluster's, and whose. */
  | { readonly kind: 'owner'; readonly owner: Owner }
  /** This cluster's mark, but the others are missing or unreadable. */
  | { readonly kind: 'damaged' };

/** Reads the marks back. Never throws: whatever stands there, one of the four claims describes it. */
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
