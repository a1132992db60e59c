/** A minimal HTTPS client of the Kubernetes API. */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { ApiObject } from './api-object.ts';
import { WatchStream } from './watch-stream.ts';

export interface ApiResponse {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** The parsed body. An empty object when the body is not JSON. */
  readonly body: ApiObject;
  /** The body as text. */
  readonly text: string;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The content types of patches. */
const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

export class ApiClient {
  readonly #agent: Agent;
  readonly #url: string;
  readonly #token: string;

  constructor({ url, caCert, token }: { url: string; caCert: string; token: string }) {
    this.#url = url;
    this.#token = token;
    this.#agent = new Agent({ ca: caCert, keepAlive: true });
  }

  get = (path: string, options?: RequestOptions): Promise<ApiResponse> => this.request('GET', path, options);
  create = (path: string, body: unknown, options?: RequestOptions): Promise<ApiResponse> =>
    this.request('POST', path, { ...options, body });
  replace = (path: string, body: unknown, options?: RequestOptions): Promise<ApiResponse> =>
    this.request('PUT', path, { ...options, body });
  delete = (path: string, options?: RequestOptions): Promise<ApiResponse> =>
    this.request('DELETE', path, options);

  /** Sends a patch of the given type. The body of `apply` is JSON, which is also YAML. */
  patch(
    path: string,
    type: keyof typeof patchTypes,
    body: unknown,
    options?: RequestOptions,
  ): Promise<ApiResponse> {
    const headers = { 'content-type': patchTypes[type], ...options?.headers };
    return this.request('PATCH', path, { ...options, body, headers });
  }

  /** Sends a server-side apply. */
  apply(
    path: string,
    manager: string,
    body: unknown,
    query: RequestOptions['query'] = {},
  ): Promise<ApiResponse> {
    return this.patch(path, 'apply', body, { query: { fieldManager: manager, ...query } });
  }

  /**
   * Sends a request. Repeats the request after 429 with Retry-After, which a real server returns while the
   * cache of a new kind is not ready.
   */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<ApiResponse> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.#send(method, path, options);
      const body = await text(response);
      const retryAfter = Number(response.headers['retry-after']);
      if (response.statusCode === 429 && retryAfter > 0 && attempt < 10) {
        await new Promise((resolve) => setTimeout(resolve, retryAfter * 250));
        continue;
      }
      const isJson = (response.headers['content-type'] ?? '').includes('json');
      const parsed = (isJson ? JSON.parse(body) : {}) as ApiObject;
      return { status: response.statusCode ?? 0, headers: response.headers, body: parsed, text: body };
    }
  }

  /**
   * Opens a watch. The caller must stop it.
   *
   * @throws Error with the Status as its cause when the server rejects the watch, for example with 410
   */
  async watch(path: string, query: RequestOptions['query'] = {}): Promise<WatchStream> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.#send('GET', path, { query: { watch: true, ...query } });
      if (response.statusCode === 200) return new WatchStream(response);
      const body = await text(response);
      if (response.statusCode !== 429 || attempt === 10) {
        throw new Error(`watch refused: ${response.statusCode}`, { cause: JSON.parse(body) });
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, options: RequestOptions): Promise<IncomingMessage> {
    const url = new URL(path, this.#url);
    for (const [name, value] of Object.entries(options.query ?? {}))
      url.searchParams.set(name, String(value));
    const payload = options.body === undefined ? undefined : serialise(options.body);
    return new Promise((resolve, reject) => {
      const outgoing = request(url, {
        method,
        agent: this.#agent,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${this.#token}`,
          ...(payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
          ...options.headers,
        },
      });
      outgoing.on('response', resolve);
      outgoing.on('error', reject);
      outgoing.end(payload);
    });
  }
}

const serialise = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
