/** A minimal client of the API server for the benchmark: HTTP/1.1 over TLS connections that are kept alive. */
import { Agent, request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Connection } from '../src/reconcile/client/connection.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The API server rejected a request of the benchmark. */
export class RequestError extends Error {
  readonly code: number;

  constructor(method: string, path: string, code: number, body: string) {
    super(`${method} ${path}: the API server answered ${code}: ${body.slice(0, 500)}`);
    this.name = 'RequestError';
    this.code = code;
  }
}

/** Sends requests. Each concurrent request uses a connection of its own, and idle connections are used again. */
export class BareClient {
  /** The number of write requests of this client, to subtract them from the writes that the API server counts. */
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

  /**
   * Sends one request; resolves with the body of the response.
   * @throws RequestError when the status code is not 2xx
   */
  async send(method: Method, path: string, body?: string, type = 'application/json'): Promise<string> {
    if (method !== 'GET') this.writes++;
    const response = await this.#open(method, path, body, type);
    const text = await read(response);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return text;
    throw new RequestError(method, path, status, text);
  }

  /**
   * Watches a path: calls `onLine` with each line, and `onEnd` when the server ends the stream. Resolves with a function
   * that stops the watch, when the server has answered.
   * @throws RequestError when the status code is not 200
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
