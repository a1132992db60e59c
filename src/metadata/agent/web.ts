import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Server as SocketServer, Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { refusal, type MetadataAnswer, type MetadataRequest } from '../index.ts';
import { PAUSE_MS, RateLimiter, type RateLimit } from './rate-limiter.ts';

/** Answers a request over a connection from `address`. Never rejects. */
export type Responder = (address: string, request: MetadataRequest) => Promise<MetadataAnswer>;

/** Maximum number of concurrent connections in a network. */
const MAX_CONNECTIONS_PER_NETWORK = 512;

/** Maximum number of concurrent connections of a machine, so that one machine cannot use all connections. */
const MAX_CONNECTIONS_PER_MACHINE = 32;

/** The web server of one network. */
export interface Web {
  /** Waits until the requests in progress are answered, for at most `graceMs`. */
  drain(graceMs: number): Promise<void>;
  /** Closes the socket and all connections. */
  close(): Promise<void>;
}

interface WebOptions {
  readonly respond: Responder;
  /** The limit of each machine. */
  readonly rateLimit: RateLimit;
  /** Called when a machine exceeds the limit, and for each refused connection or request until it does not. */
  readonly onRefused?: (address: string) => void;
  /** The milliseconds of a monotonic clock; default: performance.now(). */
  readonly now?: () => number;
}

/**
 * Serves HTTP on a listening socket. `close` also closes the socket.
 *
 * A machine that exceeds the rate limit gets one answer with the status 429, and its connections are reset until the
 * pause ends. So a flood costs the process little more than the connections.
 */
export async function serveWeb(
  socket: SocketServer,
  { respond, rateLimit, onRefused, now }: WebOptions,
): Promise<Web> {
  const refused = new WeakSet<Socket>();
  const limiter = new RateLimiter(rateLimit, now);
  const pending = new Set<Promise<void>>();
  let draining = false;
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 2_000,
    },
    (request, response) => {
      const address = request.socket.remoteAddress ?? '';
      // A client can send further requests before it reads the answer to the request that exceeded the limit.
      if (refused.has(request.socket)) return;
      if (!limiter.take(address)) {
        refused.add(request.socket);
        onRefused?.(address);
        refuse(response);
        return;
      }
      const work = handle(request, response, respond, draining);
      pending.add(work);
      void work.finally(() => pending.delete(work));
    },
  );
  server.maxConnections = MAX_CONNECTIONS_PER_NETWORK;
  server.on('connection', (connection: Socket) => {
    const address = connection.remoteAddress ?? '';
    if (!limiter.isPaused(address)) return;
    onRefused?.(address);
    connection.resetAndDestroy();
  });
  limitPerAddress(server, MAX_CONNECTIONS_PER_MACHINE);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    drain: async (graceMs) => {
      draining = true;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)));
      await Promise.race([Promise.all(pending), late]);
      clearTimeout(timer);
      server.closeIdleConnections();
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  respond: Responder,
  isLast: boolean,
): Promise<void> {
  // The service ignores the body of a request.
  request.resume();
  const { method = '', url: path = '', headers, socket } = request;
  const {
    status,
    headers: fields,
    body,
  } = await respond(socket.remoteAddress ?? '', { method, path, headers });
  response.writeHead(status, isLast ? { ...fields, connection: 'close' } : fields);
  response.end(method === 'HEAD' ? undefined : body);
  // A closed connection of the client is not an error.
  await finished(response).catch(() => undefined);
}

const tooMany = refusal(429, 'This machine sends too many requests. Wait a second, and send fewer requests.');

/** Answers with 429, and closes the connection. */
function refuse(response: ServerResponse): void {
  response.writeHead(tooMany.status, {
    ...tooMany.headers,
    'retry-after': String(PAUSE_MS / 1000),
    connection: 'close',
  });
  response.end(tooMany.body);
}

/** Closes the connections of an address that exceed `max`. */
function limitPerAddress(server: Server, max: number): void {
  const counts = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (counts.get(address) ?? 0) + 1;
    counts.set(address, count);
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1;
      if (left > 0) counts.set(address, left);
      else counts.delete(address);
    });
    if (count > max) socket.destroy();
  });
}
