/**
 * The words that everything in this folder shares: what an object is, how a kind is declared, and what a
 * reconciler gets and gives. Nothing here knows a particular kind.
 */
import type { Logger } from '../base/index.ts';

/** The part of Kubernetes ObjectMeta that the runtime and its users read. `managedFields` is dropped on arrival. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/**
 * Any Kubernetes object as it came from the API server. Objects are shared between the store and every reader:
 * nobody may change one.
 */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** Where a kind lives in the API: `group` is '' for the core group, `plural` is the resource's name in paths. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** An object's address: `namespace` is absent for cluster-scoped kinds. */
export interface ObjectRef {
  readonly namespace?: string;
  readonly name: string;
}

/**
 * That objects of a kind name objects of another (or of the same) kind. It gives the store an index of the
 * reference's name, and the wake-ups: when the object behind a key appears, disappears or changes its `facts`,
 * those that name it are enqueued. A key that names nothing yet is as good as any: it wakes when it appears.
 */
export interface Reference<T extends KubeObject> {
  /** The referenced kind's name, e.g. 'Subnet'. */
  readonly to: string;
  /** Keys ('namespace/name' or 'name') of what `object` refers to now; pure, cheap, no duplicates needed. */
  readonly keys: (object: T) => readonly string[];
  /**
   * Set when the referenced object cares who refers to it (it counts them, or is held by them): it is enqueued
   * when a referrer comes, goes or points elsewhere. With `afterMs` a burst of such changes is one wake-up, at
   * most that much later; an object that is being deleted is always woken at once.
   */
  readonly wakesTarget?: boolean | { readonly afterMs: number };
}

/** A kind as the runtime needs to know it. */
export interface Kind<T extends KubeObject> {
  readonly type: ResourceType;
  /** Index name → values of an object in that index. Pure. */
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>;
  /**
   * Further keys by which references may name an object, several objects the same one: 'whichever VPC this
   * namespace has'. They must not look like the key of another object.
   */
  readonly aliases?: (object: T) => readonly string[];
  /** Reference name (also the index's name) → what it refers to. */
  readonly references?: Readonly<Record<string, Reference<T>>>;
  /**
   * What others that refer to an object of this kind depend on; compared deeply, so a change of anything else
   * (a counter in status) wakes nobody. The default is generation, labels and being deleted.
   */
  readonly facts?: (object: T) => unknown;
  /** Limits what is listed and watched. */
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Which work goes first: a person's edit, then repairs and retries and wake-ups, then what a (re)list brought. */
export type Priority = 'edit' | 'repair' | 'resync';

/**
 * What a reconcile came to. `done`: nothing is left to do. `wait`: something is, and an event will wake the key
 * (a reference that appears, OVN that comes back). `requeue`: look again after `afterMs`.
 */
export type Result =
  | { readonly kind: 'done' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'requeue'; readonly afterMs: number };

/** What a reconciler is told beside the key. */
export interface ReconcileContext<T extends KubeObject> {
  readonly priority: Priority;
  /** How many times in a row this key has failed before; 0 at the first try. */
  readonly attempt: number;
  /**
   * Objects that had this key and are gone (deleted, or replaced by one of the same name and another UID) since
   * the last reconcile of the key that did not throw, oldest first, each as last seen. What was made for them
   * must go, by UID. What vanished while the process was not running is not in here: that is a sweep's work.
   */
  readonly gone: readonly T[];
  /** Aborted when the grace time of a stop is over. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * Makes the world say what one object says. Calls for one key never overlap; calls for different keys do.
 * `object` is the newest known state, undefined when there is none of that key. A throw is logged and retried
 * with backoff; a {@link TerminalError} is logged and not retried until something changes.
 */
export interface Reconciler<T extends KubeObject> {
  reconcile(key: string, object: T | undefined, context: ReconcileContext<T>): Promise<Result>;
}

/** 'namespace/name', or 'name' for a cluster-scoped object: the key of an object in stores and queues. */
export function keyOf(object: { readonly metadata: ObjectRef }): string {
  return refKey(object.metadata);
}

/** The key of what a reference names. */
export function refKey(ref: ObjectRef): string {
  return ref.namespace === undefined || ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;
}

/** `group/version`, or `version` for the core group: an object's apiVersion. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}
