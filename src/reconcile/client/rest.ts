import { type Backoff, type Clock, type Random, backoffDelay, realClock, sleep } from '../../base/index.ts';
import { apiVersionOf, type KubeObject, type ObjectRef, type ResourceType } from '../types.ts';
import type {
  DeleteOptions,
  JsonPatchOperation,
  KubeClient,
  ListOptions,
  ListPage,
  NewObject,
  PatchOptions,
  RequestOptions,
  WatchEvent,
  WatchOptions,
} from './client.ts';
import type { ConnectionSource } from './connection.ts';
import { apiErrorOf, bodyOf, parseJson } from './response.ts';
import { ApiError, ConnectionError } from './errors.ts';
import { FairGate } from './fair-gate.ts';
import { DEFAULT_MAX_SOCKETS, HttpClient, type HttpClientOptions, type HttpRequest } from './http.ts';
import { LineSplitter } from './lines.ts';
import { OutageTracker } from './outage.ts';
import { resourcePath, withQuery } from './paths.ts';
import { mayRetry, retryPolicyOf, type RetryPolicy } from './retry.ts';

/** Settings of {@link RestClient}. The defaults are suitable for an operator. */
export interface RestClientOptions extends HttpClientOptions {
  /** The default deadline of a call, including retries. */
  readonly timeoutMs?: number;
  /** The maximum number of attempts of a call. */
  readonly maxAttempts?: number;
  readonly backoff?: Backoff;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Called after every attempt. `code` is the HTTP status or the code of the ConnectionError. */
  readonly onRequest?: (method: string, code: string, ms: number) => void;
}

/**
 * The largest share of the requests in progress that belong to one namespace. A real API server gets no more writes
 * done with more than 16 requests at once; it only answers each of them later.
 */
const MAX_NAMESPACE_SHARE = 0.5;

/** The schemas of an OpenAPI v3 document, by name. The server chooses the names. */
export interface OpenApiDocument {
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

interface Call {
  /** The namespace of the object; an empty text for a cluster-scoped object or a list of all namespaces. */
  readonly namespace: string;
  readonly method: string;
  readonly path: string;
  readonly retry: RetryPolicy;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** A {@link KubeClient} that sends HTTP requests to an API server. */
export class RestClient implements KubeClient {
  readonly #http: HttpClient;
  readonly #outage: OutageTracker;
  readonly #gate: FairGate;
  readonly #timeoutMs: number;
  readonly #maxAttempts: number;
  readonly #backoff: Backoff;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onRequest: ((method: string, code: string, ms: number) => void) | undefined;

  constructor(source: ConnectionSource, options: RestClientOptions = {}) {
    this.#http = new HttpClient(source, options);
    const sockets = options.maxSockets ?? DEFAULT_MAX_SOCKETS;
    this.#gate = new FairGate(sockets, Math.ceil(sockets * MAX_NAMESPACE_SHARE));
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#maxAttempts = options.maxAttempts ?? 5;
    this.#backoff = options.backoff ?? { baseMs: 100, maxMs: 5_000 };
    this.#clock = options.clock ?? realClock;
    this.#outage = new OutageTracker(this.#clock);
    this.#random = options.random ?? Math.random;
    this.#onRequest = options.onRequest;
  }

  get<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options?: RequestOptions): Promise<T> {
    const { namespace = '' } = ref;
    return this.#call({ namespace, method: 'GET', path: resourcePath(type, ref), retry: 'always' }, options);
  }

  async list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ListPage<T>> {
    const path = withQuery(resourcePath(type, { namespace: options.namespace }), {
      limit: options.limit,
      continue: options.continueToken,
      fieldSelector: options.fieldSelector,
      resourceVersion: options.resourceVersion,
    });
    const list: ListBody = await this.#call({ namespace: '', method: 'GET', path, retry: 'always' }, options);
    const items = list.items ?? [];
    const apiVersion = apiVersionOf(type);
    // The items of a list of built-in kinds have no kind. The items are not shared yet, so the code may
    // change them.
    for (const item of items)
      if (item.kind === undefined) Object.assign(item, { apiVersion, kind: type.kind });
    return {
      items: items as readonly T[],
      resourceVersion: list.metadata.resourceVersion ?? '',
      continueToken: list.metadata.continue === '' ? undefined : list.metadata.continue,
    };
  }

  create<T extends KubeObject>(type: ResourceType, object: NewObject, options?: RequestOptions): Promise<T> {
    const path = resourcePath(type, { namespace: object.metadata.namespace });
    const { namespace = '' } = object.metadata;
    return this.#call({ namespace, method: 'POST', path, body: object, retry: 'ifUnsent' }, options);
  }

  update<T extends KubeObject>(type: ResourceType, object: T, options?: PatchOptions): Promise<T> {
    const path = resourcePath(type, object.metadata, options?.subresource);
    const { namespace = '' } = object.metadata;
    return this.#call({ namespace, method: 'PUT', path, body: object, retry: 'ifUnsent' }, options);
  }

  patchMerge<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<T> {
    return this.#call(
      {
        namespace: ref.namespace ?? '',
        method: 'PATCH',
        path: resourcePath(type, ref, options?.subresource),
        body: patch,
        contentType: 'application/merge-patch+json',
        retry: retryPolicyOf(options),
      },
      options,
    );
  }

  patchJson<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: readonly JsonPatchOperation[],
    options?: PatchOptions,
  ): Promise<T> {
    return this.#call(
      {
        namespace: ref.namespace ?? '',
        method: 'PATCH',
        path: resourcePath(type, ref, options?.subresource),
        body: patch,
        contentType: 'application/json-patch+json',
        retry: retryPolicyOf(options),
      },
      options,
    );
  }

  async delete(type: ResourceType, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    const { uid, resourceVersion, propagation } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid, resourceVersion },
      propagationPolicy: propagation,
    };
    // With the UID as a precondition, a retry cannot delete a new object with the same name.
    const retry = uid === undefined ? 'ifUnsent' : 'always';
    const { namespace = '' } = ref;
    await this.#call({ namespace, method: 'DELETE', path: resourcePath(type, ref), body, retry }, options);
  }

  async watch<T extends KubeObject>(
    type: ResourceType,
    options: WatchOptions,
    handler: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    const path = withQuery(resourcePath(type, { namespace: options.namespace }), {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds,
    });
    const lines = new LineSplitter((line) => handler(parseJson(line) as WatchEvent<T>));
    const request = { method: 'GET', path, timeoutMs: options.idleTimeoutMs, ...signalOf(options) };
    const stream = async (): Promise<void> => {
      const failure = await this.#http.stream(request, (text) => lines.push(text), options.onOpen);
      if (failure !== undefined) throw apiErrorOf(failure);
    };
    await this.#outage.track(stream());
  }

  async serves(type: ResourceType, options?: RequestOptions): Promise<boolean> {
    const path = type.group === '' ? `/api/${type.version}` : `/apis/${apiVersionOf(type)}`;
    try {
      const list: { resources?: readonly { name: string; kind: string }[] } = await this.#call(
        { namespace: '', method: 'GET', path, retry: 'always' },
        options,
      );
      return (list.resources ?? []).some(({ name, kind }) => name === type.plural && kind === type.kind);
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return false;
      throw error;
    }
  }

  /**
   * Reads the OpenAPI v3 schemas of the group and version of `type`. Every user has this permission.
   *
   * @throws ApiError 404 when the server has no schemas for the group and version
   */
  openApi(type: ResourceType, options?: RequestOptions): Promise<OpenApiDocument> {
    const path = `/openapi/v3/apis/${apiVersionOf(type)}`;
    return this.#call({ namespace: '', method: 'GET', path, retry: 'always' }, options);
  }

  /** Reads the version of the server, for example `v1.33.2`. */
  async version(options?: RequestOptions): Promise<string> {
    const { gitVersion } = await this.#call<{ readonly gitVersion: string }>(
      { namespace: '', method: 'GET', path: '/version', retry: 'always' },
      options,
    );
    return gitVersion;
  }

  close(): void {
    this.#http.close();
  }

  /**
   * Sends a request and retries it according to its policy, up to the maximum number of attempts or the
   * deadline.
   */
  async #call<R>(call: Call, options: RequestOptions = {}): Promise<R> {
    const deadline = this.#clock.now() + (options.timeoutMs ?? this.#timeoutMs);
    const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
    const contentType = call.contentType === undefined ? {} : { contentType: call.contentType };
    for (let attempt = 1; ; attempt++) {
      try {
        const leftMs = (): number => Math.max(1, deadline - this.#clock.now());
        const { method, path } = call;
        const { hasOwnConnection = false } = options;
        const request = { method, path, ...body, ...contentType, hasOwnConnection, ...signalOf(options) };
        const send = (): Promise<string> =>
          this.#outage.track(this.#send({ ...request, timeoutMs: leftMs() }));
        const wait = { timeoutMs: leftMs(), ...signalOf(options) };
        return parseJson(await this.#gate.run(call.namespace, send, wait)) as R;
      } catch (error) {
        const delay = this.#retryDelay(error, call.retry, attempt);
        if (delay === undefined || this.#clock.now() + delay >= deadline) throw error;
        await sleep(this.#clock, delay, options.signal);
        if (options.signal?.aborted === true) throw error;
      }
    }
  }

  async #send(request: HttpRequest): Promise<string> {
    if (this.#onRequest === undefined) return bodyOf(await this.#http.request(request));
    const started = this.#clock.now();
    let code = 'unknown';
    try {
      const response = await this.#http.request(request);
      code = String(response.status);
      return bodyOf(response);
    } catch (error) {
      if (error instanceof ConnectionError) code = error.code;
      throw error;
    } finally {
      this.#onRequest(request.method, code, this.#clock.now() - started);
    }
  }

  /** @returns the delay before the next attempt in ms; undefined when the client must not retry */
  #retryDelay(error: unknown, policy: RetryPolicy, attempt: number): number | undefined {
    if (attempt >= this.#maxAttempts || !mayRetry(error, policy)) return undefined;
    const minDelay = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    return Math.max(minDelay, backoffDelay(this.#backoff, attempt, this.#random));
  }
}

interface ListBody {
  readonly items?: readonly { readonly kind?: string }[] | null;
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
}

const signalOf = ({ signal }: { readonly signal?: AbortSignal }): { signal?: AbortSignal } =>
  signal === undefined ? {} : { signal };
