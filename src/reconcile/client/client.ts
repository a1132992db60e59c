import type { KubeObject, ObjectRef, ResourceType } from '../types.ts';
import type { KubeStatus } from './errors.ts';

/** The options of all requests. */
export interface RequestOptions {
  /** An abort rejects the request with a ConnectionError of code 'ABORTED'. */
  readonly signal?: AbortSignal;
  /** The deadline of the call, including retries, in ms; the client has a default. */
  readonly timeoutMs?: number;
  /** Opens a connection for this request only. The default is to use a connection of an earlier request. */
  readonly hasOwnConnection?: boolean;
}

export interface ListOptions extends RequestOptions {
  /** The namespace to list; the default is all namespaces. */
  readonly namespace?: string;
  readonly fieldSelector?: string;
  /** The maximum number of objects in a page. */
  readonly limit?: number;
  /** The token of the previous page. */
  readonly continueToken?: string;
  /** The default is a consistent read. '0' reads from the cache of the server, which can be stale. */
  readonly resourceVersion?: string;
}

/** A page of a list. All pages of a list show the same state, that of `resourceVersion`. */
export interface ListPage<T extends KubeObject> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Undefined for the last page. */
  readonly continueToken: string | undefined;
}

export interface WatchOptions {
  readonly resourceVersion: string;
  readonly namespace?: string;
  /** The server ends the watch after this time, in seconds. */
  readonly timeoutSeconds: number;
  /** The client closes a watch without data after this time, in ms. */
  readonly idleTimeoutMs: number;
  /** Called when the server accepts the watch. The first event can arrive much later. */
  readonly onOpen?: () => void;
  readonly signal?: AbortSignal;
}

/** An event of a watch. The object of a bookmark contains only a resourceVersion. */
export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: KubeStatus };

/** An operation of a JSON patch (RFC 6902). */
export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

export interface PatchOptions extends RequestOptions {
  readonly subresource?: 'status';
  /** Declares that the patch is idempotent, so the client can retry it after a lost response. */
  readonly idempotent?: boolean;
}

export interface DeleteOptions extends RequestOptions {
  /** A precondition: the object must have this UID. */
  readonly uid?: string;
  /** A precondition: the object must have this resourceVersion. */
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

/**
 * The part of the Kubernetes API that the runtime uses.
 *
 * The client retries idempotent requests a few times with jitter, within the deadline. The client retries a
 * create, an update, or a patch that is not declared idempotent only when the request cannot have taken
 * effect.
 *
 * @throws ApiError when the server rejects the request or fails
 * @throws ConnectionError when the client receives no response
 */
export interface KubeClient {
  /** Reads one object; a consistent read. */
  get<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options?: RequestOptions): Promise<T>;
  /** Reads one page of a list; a consistent read unless `resourceVersion` is given. */
  list<T extends KubeObject>(type: ResourceType, options?: ListOptions): Promise<ListPage<T>>;
  /**
   * Creates an object. `object` needs metadata.name or metadata.generateName; an object of a namespaced kind
   * also needs metadata.namespace.
   */
  create<T extends KubeObject>(type: ResourceType, object: NewObject, options?: RequestOptions): Promise<T>;
  /** Replaces an object. If `object` has a metadata.resourceVersion, that is a precondition. */
  update<T extends KubeObject>(type: ResourceType, object: T, options?: PatchOptions): Promise<T>;
  /**
   * Applies a JSON merge patch (RFC 7386). The server ignores metadata.uid in a patch of the status
   * subresource; see StatusWriter.
   */
  patchMerge<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<T>;
  /**
   * Applies a JSON patch (RFC 6902).
   *
   * @throws ApiError 422 when a `test` operation fails
   */
  patchJson<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: readonly JsonPatchOperation[],
    options?: PatchOptions,
  ): Promise<T>;
  /**
   * Deletes an object. The object continues to exist until its finalizers are removed.
   *
   * @throws ApiError 404 when the object does not exist; see isNotFound
   */
  delete(type: ResourceType, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /**
   * Watches a resource and calls `handler` for each event, in order. The handler also receives ERROR events.
   * Resolves when the server ends the stream regularly.
   *
   * @throws ApiError, for example 410 when the client must list again
   * @throws ConnectionError TIMEOUT after the idle time-out, ABORTED, or an error of the socket
   */
  watch<T extends KubeObject>(
    type: ResourceType,
    options: WatchOptions,
    handler: (event: WatchEvent<T>) => void,
  ): Promise<void>;
  /** Whether the discovery API of the server lists this kind in this version. */
  serves(type: ResourceType, options?: RequestOptions): Promise<boolean>;
  /** Closes the connections of the client. */
  close(): void;
}

/** An object to create; the server sets its UID. */
export interface NewObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name?: string;
    readonly generateName?: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}
