import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { coreResources } from './builtin/core.ts';
import { eventResources } from './builtin/events.ts';
import { CustomResources } from './crd/custom-resources.ts';
import { ApiError } from './model/errors.ts';
import { injectFault } from './http/faults.ts';
import type { FaultInjector } from './http/faults.ts';
import { GarbageCollector } from './controllers/garbage-collector.ts';
import { readBody, sendError, sendRouted } from './http/messages.ts';
import { kubeconfig } from './http/kubeconfig.ts';
import { NamespaceController } from './controllers/namespaces.ts';
import { resourceKey } from './storage/resource.ts';
import { isPublic, route } from './http/router.ts';
import type { Routed } from './http/router.ts';
import { ServerState } from './storage/state.ts';
import type { Clock } from './storage/state.ts';
import { createServerIdentity } from './http/tls.ts';
import type { ServerIdentity } from './http/tls.ts';
import { Watch } from './verbs/watch.ts';

/** Options of `ApiServer.start`. */
export interface ApiServerOptions {
  /** The TCP port. 0, the default, selects a free port. */
  readonly port?: number;
  /** The address to listen on. Only loopback is possible, because this server is for development. */
  readonly host?: '127.0.0.1' | 'localhost';
  /** The bearer token that is allowed every action. The default is a random token. */
  readonly token?: string;
  /**
   * The number of changes of each resource that the server keeps for watches and continued lists. The server
   * trims the history when it holds twice as many. The default is 10,000.
   */
  readonly historyLimit?: number;
  readonly clock?: Clock;
}

/**
 * A Kubernetes API server for development and tests. It runs in this process, without etcd or other programs.
 * Its state is in memory and is lost when the process ends. It listens on loopback only. It has its own
 * certificate authority for TLS, and one bearer token.
 *
 * Guarantees: the server answers a request as a real server does, including reasons and messages, or rejects
 * the request. The conformance suite runs against both servers. Each request is one transaction.
 */
export class ApiServer {
  readonly token: string;
  readonly #state: ServerState;
  readonly #identity: ServerIdentity;
  readonly #expectedAuthorization: Buffer;
  readonly #host: string;
  readonly #watches = new Map<Watch, string>();
  #server: Server;
  #port = 0;
  #fault: FaultInjector | undefined;

  private constructor(options: ApiServerOptions) {
    this.#host = options.host ?? '127.0.0.1';
    this.token = options.token ?? randomBytes(16).toString('hex');
    this.#expectedAuthorization = Buffer.from(`Bearer ${this.token}`);
    const clock = options.clock ?? { now: () => new Date() };
    this.#identity = createServerIdentity(['127.0.0.1', 'localhost'], new Date());
    this.#state = new ServerState(clock, options.historyLimit ?? 10_000);
    for (const resource of [...coreResources(this.#state), ...eventResources(this.#state)]) {
      this.#state.serve(resourceKey(resource), [resource]);
    }
    new CustomResources(this.#state);
    new GarbageCollector(this.#state);
    const namespaces = this.#state.anyVersion('namespaces');
    if (namespaces !== undefined) new NamespaceController(this.#state, namespaces).createInitial();
    this.#state.onRetired((key) => {
      for (const [watch, watched] of this.#watches) if (watched === key) watch.end();
    });
    this.#server = this.#createServer();
  }

  /**
   * Starts a server. The server accepts requests when the promise resolves.
   *
   * @throws Error of the operating system when the port is in use
   */
  static async start(options: ApiServerOptions = {}): Promise<ApiServer> {
    const server = new ApiServer(options);
    await server.#listen(options.port ?? 0);
    return server;
  }

  /** `https://127.0.0.1:PORT`. */
  get url(): string {
    return `https://${this.#host}:${this.#port}`;
  }

  /** The certificate of the certificate authority in PEM, for clients to verify the server. */
  get caCert(): string {
    return this.#identity.caCert;
  }

  /** Returns a kubeconfig for this server, with its token. */
  kubeconfig(): string {
    return kubeconfig({ server: this.url, caCert: this.caCert, token: this.token });
  }

  /** Closes every watch and connection and stops the server. The state is lost. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server.listening) return;
    for (const watch of [...this.#watches.keys()]) watch.end();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    // The server sends the responses that are ready before it closes the remaining connections.
    setImmediate(() => server.closeAllConnections());
    await closed;
  }

  /** Simulates an outage: closes all connections and rejects new ones. The state stays for `resume`. */
  async pause(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Ends the outage of `pause`. The server listens on the same port and has the same objects. */
  async resume(): Promise<void> {
    this.#server = this.#createServer();
    await this.#listen(this.#port);
  }

  /**
   * Drops the history of every resource, as a compaction of etcd does. The server answers watches of older
   * resource versions with 410.
   */
  compact(): void {
    for (const collection of this.#state.collections().values()) collection.compact();
  }

  /**
   * Ends every open watch: like a timeout (`end`), with a 410 event (`expire`), or by closing the connection
   * (`cut`).
   */
  disconnectWatches(how: 'end' | 'expire' | 'cut'): void {
    for (const watch of [...this.#watches.keys()]) {
      if (how === 'end') watch.end();
      else if (how === 'expire') watch.expire();
      else watch.cut();
    }
  }

  /** Sends a bookmark on every watch that accepts bookmarks. */
  sendBookmarks(): void {
    for (const watch of this.#watches.keys()) watch.sendBookmark();
  }

  /** The number of open watches. */
  get openWatches(): number {
    return this.#watches.size;
  }

  /** The resourceVersion of the last write. */
  get resourceVersion(): string {
    return String(this.#state.revisions.current);
  }

  /** Installs a function that selects a fault for each request. Undefined removes it. */
  injectFaults(injector: FaultInjector | undefined): void {
    this.#fault = injector;
  }

  #createServer(): Server {
    const { cert, key } = this.#identity;
    const server = createServer(
      { cert, key, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] },
      (request, response) => {
        void this.#serve(request, response);
      },
    );
    // Clients reuse connections. If the server closed an idle connection first, the next request on it could
    // fail.
    server.keepAliveTimeout = 0;
    server.requestTimeout = 0;
    return server;
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, this.#host, () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const [path = '/', query = ''] = (request.url ?? '/').split(/\?(.*)/s);
      const subject = { method: request.method ?? 'GET', path, query: new URLSearchParams(query) };
      const fault = this.#fault?.(subject);
      if (await injectFault(fault, response)) return;
      this.#authenticate(request, path);
      const body = await readBody(request);
      const routed = route(this.#state, {
        ...subject,
        contentType: request.headers['content-type'],
        accept: request.headers.accept,
        userAgent: request.headers['user-agent'] ?? '',
        address: `${this.#host}:${this.#port}`,
        isToken: (token) => token === this.token,
        body,
      });
      if (fault?.kind === 'lost-reply') response.destroy();
      else if (routed.kind === 'watch') this.#watch(routed, response);
      else sendRouted(request, response, routed);
    } catch (error) {
      sendError(request, response, error);
    }
  }

  #watch({ target, selection, options }: Extract<Routed, { kind: 'watch' }>, response: ServerResponse): void {
    const { clock } = this.#state;
    const watch: Watch = new Watch(response, target.resource, selection, options, clock, () => {
      this.#watches.delete(watch);
    });
    this.#watches.set(watch, resourceKey(target.resource));
    watch.start();
  }

  #authenticate(request: IncomingMessage, path: string): void {
    const { authorization } = request.headers;
    if (authorization === undefined && isPublic(path)) return;
    const given = Buffer.from(authorization ?? '');
    const expected = this.#expectedAuthorization;
    if (given.length === expected.length && timingSafeEqual(given, expected)) return;
    throw new ApiError(401, 'Unauthorized', 'Unauthorized');
  }
}
