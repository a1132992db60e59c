/**
 * The types that all files of this folder share: objects, the declaration of a kind, and the reconciler with
 * its arguments and result. No type here refers to a specific kind.
 */
import type { Logger, ObjectMeta, ResourceType } from '../base/index.ts';

export type { ResourceType } from '../base/index.ts';

/**
 * A Kubernetes object as received from the API server. The store and all its readers share the same instance,
 * so objects are immutable.
 */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** The namespace and name of an object. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectRef {
  readonly namespace?: string;
  readonly name: string;
}

/**
 * Declares that objects of a kind refer to objects of another (or the same) kind. The store gets an index
 * with the name of the reference. When a referenced object is created, is deleted or changes its `facts`, the
 * runtime enqueues the objects that refer to it. A key can refer to an object that does not exist yet: the
 * runtime enqueues the referrer when the object is created.
 */
export interface Reference<T extends KubeObject> {
  /** The name of the referenced kind, for example 'Subnet'. */
  readonly to: string;
  /**
   * The keys ('namespace/name' or 'name') or aliases of the objects that `object` refers to. The function
   * must be pure and cheap. Duplicates are allowed.
   */
  readonly keys: (object: T) => readonly string[];
  /**
   * Whether the referenced object depends on its referrers, for example counts them or is held by them. If
   * set, the runtime enqueues the referenced object when a referrer is created, is deleted or changes its
   * reference. `afterMs` combines a burst of changes into one reconcile after at most that time. The runtime
   * enqueues an object that is being deleted immediately.
   */
  readonly wakesTarget?: boolean | { readonly afterMs: number };
  /**
   * A change of a referenced object enqueues at most this number of referrers, the oldest ones. For objects that
   * compete for something that only the oldest of them gets: the others are not affected. Without a value, the
   * change enqueues every referrer.
   */
  readonly wakesOldest?: number;
  /**
   * The fields of the referenced kind's `facts` on which the referrer does not depend. A change of only these fields
   * enqueues no referrer.
   */
  readonly ignores?: readonly string[];
}

/** The declaration of a kind for the runtime. */
export interface Kind<T extends KubeObject> {
  readonly type: ResourceType;
  /** Index name → function that returns the index values of an object. The functions must be pure. */
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>;
  /**
   * Additional keys under which references can name an object. Several objects can share an alias, for
   * example "the VPC of this namespace". An alias must not be equal to the key of an object.
   */
  readonly aliases?: (object: T) => readonly string[];
  /**
   * Aliases that name only the oldest of the objects that share them, for example "the VPC that is in effect in this
   * namespace". A change of another object that has the alias enqueues no referrer.
   */
  readonly aliasesOfOldest?: (object: T) => readonly string[];
  /** Reference name, which is also the index name → reference. */
  readonly references?: Readonly<Record<string, Reference<T>>>;
  /**
   * The part of an object on which its referrers depend. The runtime compares the facts deeply and enqueues
   * the referrers only after a difference, so that a changed counter in the status enqueues no object. The
   * default is the generation, the labels and the deletion timestamp.
   */
  readonly facts?: (object: T) => unknown;
}

/**
 * The priority of a key in the work queue, highest first. `edit`: a user changed the object. `repair`: drift,
 * a retry or a change of a related object. `resync`: the initial list or a resync.
 */
export type Priority = 'edit' | 'repair' | 'resync';

/**
 * The result of a reconcile. `done`: the object is reconciled. `wait`: the object depends on a future event
 * that enqueues the key, for example the creation of a referenced object or the reconnection to OVN.
 */
export type Result = { readonly kind: 'done' } | { readonly kind: 'wait' };

/** The arguments of a reconciler in addition to the key and the object. */
export interface ReconcileContext<T extends KubeObject> {
  readonly priority: Priority;
  /** The number of consecutive failures of this key; 0 for the first attempt. */
  readonly attempt: number;
  /**
   * The objects with this key that were deleted, or replaced by an object with another UID, since the last
   * successful reconcile of the key. The oldest object is first; each object is in its last known state. The
   * reconciler must remove by UID everything that it created for these objects. Objects that were deleted
   * while the process was not running are not included; the sweep for orphans handles those objects.
   */
  readonly gone: readonly T[];
  /** Aborted when a stop exceeds its grace period. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * Moves the actual state towards the state that one object declares. Calls for the same key never overlap;
 * calls for different keys run concurrently. `object` is the newest known state, or undefined when no object
 * has the key. The runtime logs an error that the reconciler throws, and retries the key with backoff.
 */
export interface Reconciler<T extends KubeObject> {
  reconcile(key: string, object: T | undefined, context: ReconcileContext<T>): Promise<Result>;
}

/** The key of an object in stores and queues: 'namespace/name', or 'name' for a cluster-scoped object. */
export function keyOf(object: { readonly metadata: ObjectRef }): string {
  return refKey(object.metadata);
}

/** The key of the object that `ref` names. */
export function refKey(ref: ObjectRef): string {
  return ref.namespace === undefined || ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;
}

/** The apiVersion of an object: `group/version`, or `version` for the core group. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}
