import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import process from 'node:process';
import type { HealthRegistry, MetricsRegistry } from '../reconcile/index.ts';
import type { MetricsAccess } from './metrics-access.ts';

// An import of node:http as an ES module takes 30 ms at the start: its WebSocket export loads all of undici.
const { createServer } = process.getBuiltinModule('node:http');

/** The sources of the endpoints for probes and for Prometheus. */
interface Served {
  readonly health: HealthRegistry;
  readonly ready: HealthRegistry;
  readonly metrics: MetricsRegistry;
  /** Who may read the metrics; undefined: every client that can connect. */
  readonly metricsAccess?: MetricsAccess;
}

/** The running HTTP server of the endpoints. */
export interface Endpoints {
  /** `host:port` of the listening socket. */
  readonly address: string;
  stop(): Promise<void>;
}

/**
 * Serves `/health` and `/ready` (200 or 503, with the checks in JSON) to every client, and `/metrics` (Prometheus text
 * format) to the clients that `metricsAccess` allows. The checks contain no names of objects.
 *
 * @param listenAddr `host:port` or `:port`
 * @throws the error of node:net when the address is not available
 */
export async function serveEndpoints(listenAddr: string, served: Served): Promise<Endpoints> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD')
      answer(response, 405, 'text/plain', 'Use GET or HEAD.\n');
    else if (path === '/health') report(response, served.health);
    else if (path === '/ready') report(response, served.ready);
    else if (path === '/metrics')
      metrics(request, response, served).catch((error: unknown) => response.destroy(error as Error));
    else answer(response, 404, 'text/plain', 'Not found. The endpoints are /health, /ready and /metrics.\n');
  });
  const colon = listenAddr.lastIndexOf(':');
  const host = listenAddr.slice(0, colon).replace(/^\[|\]$/g, '');
  await listen(server, Number(listenAddr.slice(colon + 1)), host);
  const bound = server.address();
  return {
    address: typeof bound === 'object' && bound !== null ? `${bound.address}:${bound.port}` : listenAddr,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const refusals = {
  401: 'Send the token of a ServiceAccount in the header `Authorization: Bearer TOKEN`.',
  403: 'This user lacks the permission `get` on the non-resource URL /metrics.',
  503: 'The API server did not confirm the token. Try again later.',
} as const;

async function metrics(
  request: IncomingMessage,
  response: ServerResponse,
  { metrics: registry, metricsAccess }: Served,
): Promise<void> {
  const status = (await metricsAccess?.(request.headers.authorization)) ?? 200;
  if (status === 401) response.setHeader('www-authenticate', 'Bearer');
  if (status === 200) answer(response, 200, 'text/plain; version=0.0.4', registry.text());
  else answer(response, status, 'text/plain', `${refusals[status]}\n`);
}

function report(response: ServerResponse, registry: HealthRegistry): void {
  const found = registry.report();
  answer(response, found.ok ? 200 : 503, 'application/json', `${JSON.stringify(found.checks)}\n`);
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
