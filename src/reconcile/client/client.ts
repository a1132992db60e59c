import type { KubeObject, ObjectRef, ResourceType } from '../types.ts';
import type { KubeStatus } from './errors.ts';

/** Common to all requests. */
export interface RequestOptions {
  /** Ends the request with a ConnectionError of code 'ABORTED'. */
  readonly signal?: AbortSignal;
  /** Deadline of the whole call with its retries, in ms; the client's default otherwise. */
  readonly timeoutMs?: number;
}

export interface ListOptions extends RequestOptions {
  /** Only this namespace; all of them otherwise. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects a page. */
  readonly limit?: number;
  /** From the page before. */
  readonly continueToken?: string;
  /** Unset is a consistent read; '0' is whatever the server has in its cache, which may be old. */
  readonly resourceVersion?: string;
}

/** A page of a list. All pages of one list are of one moment: `resourceVersion`. */
export interface ListPage<T extends KubeObject> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Set when there is more. */
  readonly continueToken: string | undefined;
}

export interface WatchOptions {
  readonly resourceVersion: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** After this long the server ends the watch in an orderly way, in seconds. */
  readonly timeoutSeconds: number;
  /** A stream that says nothing for this long is given up, in ms. */
  readonly idleTimeoutMs: number;
  /** Called when the server has accepted the watch, which may be long before the first event. */
  readonly onOpen?: () => void;
  readonly signal?: AbortSignal;
}

/** A line of a watch. A bookmark's object has nothing but a resourceVersion. */
export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: KubeStatus };

/** RFC 6902. */
export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

export interface PatchOptions extends RequestOptions {
  readonly subresource?: 'status';
  /** The outcome of sending it twice is that of sending it once: it may be repeated when its reply is lost. */
  readonly idempotent?: boolean;
}

export interface DeleteOptions extends RequestOptions {
  /** The object must still be this one. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

/**
 * The Kubernetes API as the runtime uses it.
 *
 * Errors: ApiError when the server refused, ConnectionError when there was no answer. Requests that may safely
 * be repeated are, a few times, with jitter, within the deadline; a create, an update or a patch that is not
 * declared idempotent is repeated only when it cannot have taken effect.
 */
export interface KubeClient {
  /** A consistent read of one object. */
  get<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options?: RequestOptions): Promise<T>;
  /** One page; a consistent read unless `resourceVersion` is given. */
  list<T extends KubeObject>(type: ResourceType, options?: ListOptions): Promise<ListPage<T>>;
  /** `object` needs metadata.name (or generateName), and metadata.namespace where the kind is namespaced. */
  create<T extends KubeObject>(type: ResourceType, object: NewObject, options?: RequestOptions): Promise<T>;
  /** Replaces the object; metadata.resourceVersion in it is a precondition. */
  update<T extends KubeObject>(type: ResourceType, object: T, options?: PatchOptions): Promise<T>;
  /** RFC 7386. Beware: on a status subresource the server ignores a metadata.uid in it (see StatusWriter). */
  patchMerge<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<T>;
  /** RFC 6902. A `test` that fails is an ApiError with code 422. */
  patchJson<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: readonly JsonPatchOperation[],
    options?: PatchOptions,
  ): Promise<T>;
  /** Asks for deletion; finalizers may keep the object a while. 404 is an error: see isNotFound. */
  delete(type: ResourceType, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /**
   * Calls `handler` with each event in order. Resolves when the server ended the stream in an orderly way;
   * rejects with ApiError (410: list anew), ConnectionError 'TIMEOUT' (silence), 'ABORTED', or what the socket
   * had. An ERROR event is handed to the handler, not thrown.
   */
  watch<T extends KubeObject>(
    type: ResourceType,
    options: WatchOptions,
    handler: (event: WatchEvent<T>) => void,
  ): Promise<void>;
  /** Whether the server serves this kind at this version (discovery). */
  serves(type: ResourceType, options?: RequestOptions): Promise<boolean>;
  /** Closes idle connections; requests under way end as they would. */
  close(): void;
}

/** What can be created: an object that has no UID yet. */
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
