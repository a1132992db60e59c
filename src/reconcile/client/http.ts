/**
 * HTTP/1.1 over keep-alive sockets, with deadlines, nothing more: as near to a bare loop over node:https as a
 * client can be, because the API server is what limits the operator.
 */
import type http from 'node:http';
import https from 'node:https';
import process from 'node:process';
import type { Connection, ConnectionSource } from './connection.ts';
import { ConnectionError } from './errors.ts';

/** A request's parts. `path` begins with '/'. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** A whole answer. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** Settings of an {@link HttpClient}. */
export interface HttpClientOptions {
  /** Sockets for requests other than streams; more requests wait for one. */
  readonly maxSockets?: number;
  /** What comes before a '/' in it is also the field manager in managedFields. */
  readonly userAgent?: string;
}

/** Credentials are asked for again after this long, and after a 401. */
const connectionLifeMs = 60_000;
/** Free sockets are let go before the API server does it (after 90 s), or a request might meet a closing one. */
const freeSocketMs = 60_000;

/** A connection made ready for use. */
interface Channel {
  readonly connection: Connection;
  readonly request: typeof https.request;
  readonly target: https.RequestOptions;
  readonly basePath: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly agent: http.Agent;
  /** Streams have sockets of their own: they would use up those of `agent`. */
  readonly streams: http.Agent;
}

/** Sends requests; knows nothing of Kubernetes but that it speaks JSON. */
export class HttpClient {
  readonly #source: ConnectionSource;
  readonly #options: HttpClientOptions;
  #channel: Channel | undefined;
  #freshUntil = 0;
  #refreshing: Promise<Channel> | undefined;

  constructor(source: ConnectionSource, options: HttpClientOptions = {}) {
    this.#source = source;
    this.#options = options;
  }

  /** Resolves with whatever answer comes whole within the deadline; rejects with ConnectionError. */
  async request(request: HttpRequest): Promise<HttpResponse> {
    const channel = this.#current() ?? (await this.#refresh());
    return new Promise((resolve, reject) => {
      this.#exchange(channel, channel.agent, request, reject, (response, exchange) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          exchange.finish();
          // Decoded as a whole: a character may be spread over two chunks.
          const body = (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString('utf8') ?? '';
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      });
    });
  }

  /**
   * Opens a stream. `timeoutMs` is for the answer's head; from then on for every silence. Resolves with the answer
   * when its status is not 200, or with undefined when the stream ended in an orderly way. `onOpen` is told of a
   * 200; `onText` gets pieces of whole characters; what it throws ends the stream and rejects.
   */
  async stream(
    request: HttpRequest,
    onText: (text: string) => void,
    onOpen?: () => void,
  ): Promise<HttpResponse | undefined> {
    const channel = this.#current() ?? (await this.#refresh());
    return new Promise((resolve, reject) => {
      this.#exchange(channel, channel.streams, request, reject, (response, exchange) => {
        const isStream = response.statusCode === 200;
        if (isStream) onOpen?.();
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          exchange.alive();
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

  /** Lets idle sockets go, and ends what is under way. */
  close(): void {
    this.#channel?.agent.destroy();
    this.#channel?.streams.destroy();
    this.#channel = undefined;
    this.#freshUntil = 0;
  }

  #exchange(
    channel: Channel,
    agent: http.Agent,
    { method, path, body, contentType = 'application/json', timeoutMs, signal }: HttpRequest,
    reject: (error: unknown) => void,
    onResponse: (response: http.IncomingMessage, exchange: Exchange) => void,
  ): void {
    if (signal?.aborted === true) {
      reject(aborted(false));
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
    sending.on('error', (error) => exchange.fail(broken(error)));
    sending.on('response', (response) => {
      if (response.statusCode === 401) this.#freshUntil = 0;
      response.on('error', (error) => exchange.fail(broken(error)));
      onResponse(response, exchange);
    });
    sending.end(body);
  }

  #current(): Channel | undefined {
    return performance.now() < this.#freshUntil ? this.#channel : undefined;
  }

  /** One refresh at a time. Credentials that cannot be read at the moment leave the old ones in use. */
  #refresh(): Promise<Channel> {
    this.#refreshing ??= this.#source()
      .catch((cause: unknown) => {
        if (this.#channel !== undefined) return this.#channel.connection;
        throw new ConnectionError('NO_CREDENTIALS', 'cannot read how to reach the API server', {
          sent: false,
          cause,
        });
      })
      .then((connection) => {
        this.#channel = openChannel(connection, this.#channel, this.#options);
        this.#freshUntil = performance.now() + connectionLifeMs;
        return this.#channel;
      })
      .finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }
}

/** One request under way: its deadline and its caller's signal. Whatever ends it first ends it once. */
class Exchange {
  readonly #sending: http.ClientRequest;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  readonly #reject: (error: unknown) => void;
  readonly #onAbort = (): void => this.fail(aborted(true));
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
        new ConnectionError('TIMEOUT', `no answer within ${Math.round(timeoutMs)} ms`, { sent: true }),
      );
    }, timeoutMs);
  }

  /** Puts the deadline off: something was heard. */
  alive(): void {
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
 * Sockets are kept unless the server or the TLS settings are other ones now. (An import of node:http, unlike a look, costs
 * 30 ms at the start of the process: for its WebSocket it loads all of undici.)
 */
function openChannel(connection: Connection, old: Channel | undefined, options: HttpClientOptions): Channel {
  const { server, tls } = connection;
  const headers = {
    Accept: 'application/json',
    'User-Agent': options.userAgent ?? 'overlay-network',
    ...connection.headers,
  };
  if (old?.connection.server === server && JSON.stringify(old.connection.tls) === JSON.stringify(tls)) {
    return { ...old, connection, headers };
  }
  const url = new URL(server);
  const { request, Agent } = url.protocol === 'https:' ? https : process.getBuiltinModule('node:http');
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const agentOptions = { keepAlive: true, keepAliveMsecs: 15_000, timeout: freeSocketMs };
  return {
    connection,
    request,
    target: { hostname: url.hostname.replace(/^\[|\]$/g, ''), port, ...tls },
    basePath: url.pathname.replace(/\/$/, ''),
    headers,
    agent: new Agent({ ...agentOptions, maxSockets: options.maxSockets ?? 32 }),
    streams: new Agent(agentOptions),
  };
}

const aborted = (sent: boolean): ConnectionError =>
  new ConnectionError('ABORTED', 'the request was given up by its caller', { sent });

/** Errors of connecting; after any other the request may have been carried out. */
const unsentCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

function broken(error: NodeJS.ErrnoException): ConnectionError {
  const code = error.code ?? 'ECONNRESET';
  const sent = !unsentCodes.has(code);
  return new ConnectionError(code, `no answer from the API server: ${error.message}`, { sent, cause: error });
}
