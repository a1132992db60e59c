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
import { accepted, apiError, parse } from './answer.ts';
import { ApiError, ConnectionError } from './errors.ts';
import { HttpClient, type HttpClientOptions, type HttpRequest } from './http.ts';
import { LineSplitter } from './lines.ts';
import { Outage } from './outage.ts';
import { resourcePath, withQuery } from './paths.ts';
import { mayRepeat, repeatOf, type Repeat } from './repeat.ts';

/** Settings of {@link RestClient}; the defaults suit an operator. */
export interface RestClientOptions extends HttpClientOptions {
  /** Deadline of a call with its retries when the call names none. */
  readonly timeoutMs?: number;
  /** Most tries of one call. */
  readonly maxAttempts?: number;
  readonly backoff?: Backoff;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Told of every answer or failure: `code` is the HTTP status, or a ConnectionError's code. */
  readonly onRequest?: (method: string, code: string, ms: number) => void;
}

/** The part of an OpenAPI v3 document with schemas, by names of the server's choice. */
export interface OpenAPIDocument {
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly repeat: Repeat;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** {@link KubeClient} over HTTP. */
export class RestClient implements KubeClient {
  readonly #http: HttpClient;
  readonly #outage: Outage;
  readonly #timeoutMs: number;
  readonly #maxAttempts: number;
  readonly #backoff: Backoff;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onRequest: ((method: string, code: string, ms: number) => void) | undefined;

  constructor(source: ConnectionSource, options: RestClientOptions = {}) {
    this.#http = new HttpClient(source, options);
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#maxAttempts = options.maxAttempts ?? 5;
    this.#backoff = options.backoff ?? { baseMs: 100, maxMs: 5_000 };
    this.#clock = options.clock ?? realClock;
    this.#outage = new Outage(this.#clock);
    this.#random = options.random ?? Math.random;
    this.#onRequest = options.onRequest;
  }

  get<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options?: RequestOptions): Promise<T> {
    return this.#call({ method: 'GET', path: resourcePath(type, ref), repeat: 'always' }, options);
  }

  async list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ListPage<T>> {
    const path = withQuery(resourcePath(type, { namespace: options.namespace }), {
      limit: options.limit,
      continue: options.continueToken,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      resourceVersion: options.resourceVersion,
    });
    const list: ListBody = await this.#call({ method: 'GET', path, repeat: 'always' }, options);
    const items = list.items ?? [];
    const apiVersion = apiVersionOf(type);
    // Items of a list of built-in kinds carry no kind of their own. They are nobody else's yet.
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
    return this.#call({ method: 'POST', path, body: object, repeat: 'unsent' }, options);
  }

  update<T extends KubeObject>(type: ResourceType, object: T, options?: PatchOptions): Promise<T> {
    const path = resourcePath(type, object.metadata, options?.subresource);
    return this.#call({ method: 'PUT', path, body: object, repeat: 'unsent' }, options);
  }

  patchMerge<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<T> {
    return this.#call(
      {
        method: 'PATCH',
        path: resourcePath(type, ref, options?.subresource),
        body: patch,
        contentType: 'application/merge-patch+json',
        repeat: repeatOf(options),
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
        method: 'PATCH',
        path: resourcePath(type, ref, options?.subresource),
        body: patch,
        contentType: 'application/json-patch+json',
        repeat: repeatOf(options),
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
    // With a UID a repeated delete cannot hit a namesake.
    const repeat = uid === undefined ? 'unsent' : 'always';
    await this.#call({ method: 'DELETE', path: resourcePath(type, ref), body, repeat }, options);
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
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
    });
    const lines = new LineSplitter((line) => handler(parse(line) as WatchEvent<T>));
    const request = { method: 'GET', path, timeoutMs: options.idleTimeoutMs, ...signalOf(options) };
    const follow = async (): Promise<void> => {
      const failure = await this.#http.stream(request, (text) => lines.push(text), options.onOpen);
      if (failure !== undefined) throw apiError(failure);
    };
    await this.#outage.heed(follow());
  }

  async serves(type: ResourceType, options?: RequestOptions): Promise<boolean> {
    const path = type.group === '' ? `/api/${type.version}` : `/apis/${apiVersionOf(type)}`;
    try {
      const list: { resources?: readonly { name: string; kind: string }[] } = await this.#call(
        { method: 'GET', path, repeat: 'always' },
        options,
      );
      return (list.resources ?? []).some(({ name, kind }) => name === type.plural && kind === type.kind);
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return false;
      throw error;
    }
  }

  /** The schemas of a type's group and version as OpenAPI v3, which every user may read. ApiError 404: there are none. */
  openAPI(type: ResourceType, options?: RequestOptions): Promise<OpenAPIDocument> {
    const path = `/openapi/v3/apis/${apiVersionOf(type)}`;
    return this.#call({ method: 'GET', path, repeat: 'always' }, options);
  }

  /** The server's version, such as `v1.33.2`. */
  async version(options?: RequestOptions): Promise<string> {
    const { gitVersion } = await this.#call<{ readonly gitVersion: string }>(
      { method: 'GET', path: '/version', repeat: 'always' },
      options,
    );
    return gitVersion;
  }

  close(): void {
    this.#http.close();
  }

  /** Sends, and sends again what may be repeated, until an answer, the last try or the deadline. */
  async #call<R>(call: Call, options: RequestOptions = {}): Promise<R> {
    const deadline = this.#clock.now() + (options.timeoutMs ?? this.#timeoutMs);
    const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
    const contentType = call.contentType === undefined ? {} : { contentType: call.contentType };
    for (let attempt = 1; ; attempt++) {
      const started = this.#clock.now();
      try {
        const timeoutMs = Math.max(1, deadline - started);
        const { method, path } = call;
        const request = { method, path, timeoutMs, ...body, ...contentType, ...signalOf(options) };
        return parse(await this.#outage.heed(this.#once(request))) as R;
      } catch (error) {
        const wait = this.#waitBeforeRepeat(error, call.repeat, attempt);
        if (wait === undefined || this.#clock.now() + wait >= deadline) throw error;
        await sleep(this.#clock, wait, options.signal);
        if (options.signal?.aborted === true) throw error;
      }
    }
  }

  async #once(request: HttpRequest): Promise<string> {
    if (this.#onRequest === undefined) return accepted(await this.#http.request(request));
    const started = this.#clock.now();
    let code = 'unknown';
    try {
      const response = await this.#http.request(request);
      code = String(response.status);
      return accepted(response);
    } catch (error) {
      if (error instanceof ConnectionError) code = error.code;
      throw error;
    } finally {
      this.#onRequest(request.method, code, this.#clock.now() - started);
    }
  }

  /** Milliseconds to wait before trying again, or undefined when `error` is to be thrown. */
  #waitBeforeRepeat(error: unknown, repeat: Repeat, attempt: number): number | undefined {
    if (attempt >= this.#maxAttempts || !mayRepeat(error, repeat)) return undefined;
    const asked = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    return Math.max(asked, backoffDelay(this.#backoff, attempt, this.#random));
  }
}

interface ListBody {
  readonly items?: readonly { readonly kind?: string }[] | null;
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
}

const signalOf = ({ signal }: { readonly signal?: AbortSignal }): { signal?: AbortSignal } =>
  signal === undefined ? {} : { signal };
