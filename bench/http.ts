/** The bare loop's way to the API server: HTTP/1.1 over kept-alive TLS, and nothing that a request does not need. */
import { Agent, request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Connection } from '../src/reconcile/client/connection.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The server refused a request that the bench needs. */
export class RequestError extends Error {
  readonly code: number;

  constructor(method: string, path: string, code: number, body: string) {
    super(`${method} ${path}: the API server answered ${code}: ${body.slice(0, 500)}`);
    this.name = 'RequestError';
    this.code = code;
  }
}

/** Sends requests; as many at a time as they are asked for, on a connection each, kept for the next. */
export class BareClient {
  /** How many requests that change something were sent, so that they can be told from the operator's. */
  writes = 0;
  readonly #agent: Agent;
  readonly #defaults: RequestOptions;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ server, tls, headers }: Connection) {
    const { hostname, port } = new URL(server);
    this.#agent = new Agent({ keepAlive: true, ...tls });
    this.#defaults = { hostname, port, agent: this.#agent };
    this.#headers = headers;
  }

  /** One request; resolves with the body of a 2xx answer. @throws RequestError */
  async send(method: Method, path: string, body?: string, type = 'application/json'): Promise<string> {
    if (method !== 'GET') this.writes++;
    const response = await this.#open(method, path, body, type);
    const text = await read(response);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return text;
    throw new RequestError(method, path, status, text);
  }

  /**
   * Calls `onLine` with each line of a watch, and `onEnd` when the stream ends by itself. Resolves, once the server
   * has answered, with how to stop it.
   */
  async watch(path: string, onLine: (line: string) => void, onEnd: () => void): Promise<() => void> {
    const response = await this.#open('GET', path);
    if (response.statusCode !== 200)
      throw new RequestError('GET', path, response.statusCode ?? 0, await read(response));
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
    let stopped = false;
    response.on('error', () => undefined);
    response.on('close', () => {
      if (!stopped) onEnd();
    });
    return () => {
      stopped = true;
      response.destroy();
    };
  }

  close(): void {
    this.#agent.destroy();
  }

  #open(method: Method, path: string, body?: string, type?: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers =
        body === undefined
          ? this.#headers
          : { ...this.#headers, 'content-type': type, 'content-length': Buffer.byteLength(body) };
      const outgoing = request({ ...this.#defaults, method, path, headers } as RequestOptions, resolve);
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}

function read(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (text += chunk));
    response.on('end', () => resolve(text));
    response.on('error', reject);
  });
}
