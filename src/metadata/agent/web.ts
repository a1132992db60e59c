import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Server as SocketServer, Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import type { MetadataAnswer, MetadataRequest } from '../index.ts';

/** Answers a request that came over a connection from `address`. Never rejects. */
export type Responder = (address: string, request: MetadataRequest) => Promise<MetadataAnswer>;

/** Connections at a time: of a network, and of one machine in it, so that one does not take them all. */
const MOST_CONNECTIONS = { network: 512, machine: 32 } as const;

/** The web server of one network. */
export interface Web {
  /** Lets requests under way have their answers, for at most `graceMs`. */
  drain(graceMs: number): Promise<void>;
  /** Closes the socket and all connections. */
  close(): Promise<void>;
}

/** Serves HTTP on a listening socket, which is closed with it. */
export async function serveWeb(socket: SocketServer, respond: Responder): Promise<Web> {
  const busy = new Set<Promise<void>>();
  let draining = false;
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 2_000,
    },
    (request, response) => {
      const work = handle(request, response, respond, draining);
      busy.add(work);
      void work.finally(() => busy.delete(work));
    },
  );
  server.maxConnections = MOST_CONNECTIONS.network;
  limitEach(server, MOST_CONNECTIONS.machine);
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
      await Promise.race([Promise.all(busy), late]);
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
  // No request has a body that matters.
  request.resume();
  const { method = '', url: path = '', headers, socket } = request;
  const {
    status,
    headers: fields,
    body,
  } = await respond(socket.remoteAddress ?? '', { method, path, headers });
  response.writeHead(status, isLast ? { ...fields, connection: 'close' } : fields);
  response.end(method === 'HEAD' ? undefined : body);
  // Who has gone in the meantime is no error.
  await finished(response).catch(() => undefined);
}

function limitEach(server: Server, most: number): void {
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
    if (count > most) socket.destroy();
  });
}
