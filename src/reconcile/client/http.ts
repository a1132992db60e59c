/**
 * A minimal HTTP/1.1 client with keep-alive sockets and deadlines. The client adds little to node:https, so
 * that the API server limits the throughput of the operator and not the client.
 */
import type http from 'node:http';
import https from 'node:https';
import process from 'node:process';
import type { Connection, ConnectionSource } from './connection.ts';
import { Credentials } from './credentials.ts';
import { abortedError, ConnectionError } from './errors.ts';
import { tunnelAgent } from './tunnel.ts';

/** A request. `path` begins with '/'. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Opens a connection for this request only. */
  readonly hasOwnConnection?: boolean;
}

/** A complete response. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** Settings of an {@link HttpClient}. */
export interface HttpClientOptions {
  /**
   * The maximum number of sockets for requests; streams use other sockets. Further requests wait for a
   * socket.
   */
  readonly maxSockets?: number;
  /** The API server also uses the part before '/' as the field manager in managedFields. */
  readonly userAgent?: string;
}

/** The default of {@link HttpClientOptions.maxSockets}. */
export const DEFAULT_MAX_SOCKETS = 32;

/**
 * The client closes idle sockets after this time. The API server closes idle sockets after 90 s; a request on
 * a socket that the server is closing would fail.
 */
const IDLE_SOCKET_TIMEOUT_MS = 60_000;

/** A connection with its agents and request options. */
interface Channel {
  readonly connection: Connection;
  readonly request: typeof https.request;
  readonly target: https.RequestOptions;
  readonly basePath: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly newAgent: (options: https.AgentOptions) => http.Agent;
  readonly agent: http.Agent;
  /** The agent for streams. Streams would otherwise occupy the sockets of `agent`. */
  readonly streamAgent: http.Agent;
}

/** Sends HTTP requests. The class does not depend on Kubernetes, except for the content type JSON. */
export class HttpClient {
  readonly #credentials: Credentials;
  readonly #options: HttpClientOptions;
  #channel: Channel | undefined;

  constructor(source: ConnectionSource, options: HttpClientOptions = {}) {
    this.#credentials = new Credentials(source);
    this.#options = options;
  }

  /**
   * Sends a request and resolves with the response, whatever its status.
   *
   * @throws ConnectionError when no complete response arrives before the deadline
   */
  async request(request: HttpRequest): Promise<HttpResponse> {
    const started = performance.now();
    const channel = await this.#open(request);
    const timeoutMs = Math.max(1, request.timeoutMs - (performance.now() - started));
    return new Promise((resolve, reject) => {
      const agent =
        request.hasOwnConnection === true ? channel.newAgent({ keepAlive: false }) : channel.agent;
      this.#exchange(channel, agent, { ...request, timeoutMs }, reject, (response, exchange) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          exchange.finish();
          // Two chunks can share a UTF-8 character, so the code decodes all chunks together.
          const body = (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString('utf8') ?? '';
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      });
    });
  }

  /**
   * Opens a stream. `timeoutMs` limits the time until the response headers and then the time between two
   * chunks. The client calls `onOpen` after a status 200, and `onText` for each chunk of complete characters.
   *
   * @returns the response when its status is not 200; undefined when the server ended the stream regularly
   * @throws ConnectionError when the stream breaks or times out
   * @throws the error of `onText`, after closing the stream
   */
  async stream(
    request: HttpRequest,
    onText: (text: string) => void,
    onOpen?: () => void,
  ): Promise<HttpResponse | undefined> {
    const channel = await this.#open(request);
    return new Promise((resolve, reject) => {
      this.#exchange(channel, channel.streamAgent, request, reject, (response, exchange) => {
        const isStream = response.statusCode === 200;
        if (isStream) onOpen?.();
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          exchange.extendDeadline();
          if (!isStream) {
            body += text;
            return;
          }
          try {
            onText(text);
          } catch (error) {
            exchange.fail(error);
          }
        });
        response.on('end', () => {
          exchange.finish();
          const { statusCode: status = 0, headers } = response;
          resolve(isStream ? undefined : { status, headers, body });
        });
      });
    });
  }

  /** Closes all sockets, also those of requests in progress. */
  close(): void {
    this.#channel?.agent.destroy();
    this.#channel?.streamAgent.destroy();
    this.#channel = undefined;
    this.#credentials.close();
  }

  #exchange(
    channel: Channel,
    agent: http.Agent,
    { method, path, body, contentType = 'application/json', timeoutMs, signal }: HttpRequest,
    reject: (error: unknown) => void,
    onResponse: (response: http.IncomingMessage, exchange: Exchange) => void,
  ): void {
    if (signal?.aborted === true) {
      reject(abortedError(false));
      return;
    }
    const content =
      body === undefined ? {} : { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) };
    const sending = channel.request({
      ...channel.target,
      agent,
      method,
      path: channel.basePath + path,
      headers: { ...channel.headers, ...content },
    });
    const exchange = new Exchange(sending, timeoutMs, signal, reject);
    sending.on('error', (error) => exchange.fail(toConnectionError(error)));
    sending.on('response', (response) => {
      if (response.statusCode === 401) this.#credentials.reject();
      response.on('error', (error) => exchange.fail(toConnectionError(error)));
      onResponse(response, exchange);
    });
    sending.end(body);
  }

  /** Opens a channel with the current credentials. */
  async #open(request: HttpRequest): Promise<Channel> {
    const connection = this.#credentials.fresh ?? (await this.#credentials.get(request));
    if (this.#channel?.connection !== connection)
      this.#channel = openChannel(connection, this.#channel, this.#options);
    return this.#channel;
  }
}

/** One request in progress, with its deadline and the signal of its caller. The first result is final. */
class Exchange {
  readonly #sending: http.ClientRequest;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  readonly #reject: (error: unknown) => void;
  readonly #onAbort = (): void => this.fail(abortedError(true));
  #isFinished = false;

  constructor(
    sending: http.ClientRequest,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    reject: (error: unknown) => void,
  ) {
    this.#sending = sending;
    this.#signal = signal;
    this.#reject = reject;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#timer = setTimeout(() => {
      this.fail(
        new ConnectionError('TIMEOUT', `the API server did not answer within ${Math.round(timeoutMs)} ms`, {
          sent: true,
        }),
      );
    }, timeoutMs);
  }

  /** Restarts the time-out after data arrived. */
  extendDeadline(): void {
    if (!this.#isFinished) this.#timer.refresh();
  }

  finish(): void {
    this.#isFinished = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  fail(error: unknown): void {
    if (this.#isFinished) return;
    this.finish();
    this.#reject(error);
    this.#sending.destroy();
  }
}

/**
 * Opens a channel. Keeps the sockets of the old channel when the server and the TLS settings are unchanged.
 *
 * `process.getBuiltinModule` replaces a static import of node:http, which loads all of undici for its
 * WebSocket and takes 30 ms at process start.
 */
function openChannel(connection: Connection, old: Channel | undefined, options: HttpClientOptions): Channel {
  const { server, tls, proxy } = connection;
  const headers = {
    Accept: 'application/json',
    'User-Agent': options.userAgent ?? 'overlay-network',
    ...connection.headers,
  };
  if (old !== undefined && isSameServer(old.connection, connection)) return { ...old, connection, headers };
  const url = new URL(server);
  const isTls = url.protocol === 'https:';
  const { request, Agent } = isTls ? https : process.getBuiltinModule('node:http');
  const newAgent = (settings: https.AgentOptions): http.Agent =>
    proxy === undefined ? new Agent(settings) : tunnelAgent(proxy, isTls, settings);
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const agentOptions = { keepAlive: true, keepAliveMsecs: 15_000, timeout: IDLE_SOCKET_TIMEOUT_MS };
  return {
    connection,
    request,
    target: { hostname: url.hostname.replace(/^\[|\]$/g, ''), port, ...tls },
    basePath: url.pathname.replace(/\/$/, ''),
    headers,
    newAgent,
    agent: newAgent({ ...agentOptions, maxSockets: options.maxSockets ?? DEFAULT_MAX_SOCKETS }),
    streamAgent: newAgent(agentOptions),
  };
}

/** Whether the sockets of one connection can be used for the other one. */
const isSameServer = (a: Connection, b: Connection): boolean =>
  JSON.stringify([a.server, a.proxy, a.tls]) === JSON.stringify([b.server, b.proxy, b.tls]);

/** Errors during connection. After any other error the server may have executed the request. */
const unsentCodes = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPROXY',
]);

function toConnectionError(error: NodeJS.ErrnoException): ConnectionError {
  const code = error.code ?? 'ECONNRESET';
  const sent = !unsentCodes.has(code);
  const message = `the connection to the API server failed: ${error.message}`;
  return new ConnectionError(code, message, { sent, cause: error });
}
