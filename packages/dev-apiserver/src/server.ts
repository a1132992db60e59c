import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { coreResources } from './builtin/core.ts';
import { eventResources } from './builtin/events.ts';
import { CustomResources } from './crd/custom-resources.ts';
import { ApiError } from './model/errors.ts';
import { suffer } from './http/faults.ts';
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

/** How to start a server. */
export interface ApiServerOptions {
  /** 0, the default: any free port. */
  readonly port?: number;
  /** Loopback, and nothing else: this server is for development. */
  readonly host?: '127.0.0.1' | 'localhost';
  /** The bearer token that may do everything; the default is made up. */
  readonly token?: string;
  /** How many changes of each resource are kept for watches that start in the past (at most twice as many are). */
  readonly historyLimit?: number;
  readonly clock?: Clock;
}

/**
 * A Kubernetes API server for development and tests, in this process: no etcd, no other programs; its state is in memory
 * and goes with it. It listens on loopback only, with TLS of a certificate authority of its own, and knows one bearer token.
 *
 * Guarantees: what it does, it does as the real server does, down to reasons and messages, or it refuses; the conformance
 * suite runs against both. Objects are consistent between requests: each one is a transaction.
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
   * Starts a server; it takes requests when the promise resolves.
   * @throws Error of the system when the port is taken
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

  /** The certificate that clients check the server against, in PEM. */
  get caCert(): string {
    return this.#identity.caCert;
  }

  /** A kubeconfig for this server, with its token. */
  kubeconfig(): string {
    return kubeconfig({ server: this.url, caCert: this.caCert, token: this.token });
  }

  /** Ends every watch and connection. The state is gone with the object. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server.listening) return;
    for (const watch of [...this.#watches.keys()]) watch.end();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    // What is answered now gets its turn; what is left after it is cut.
    setImmediate(() => server.closeAllConnections());
    await closed;
  }

  /** Goes away as in an outage: connections are cut, new ones refused. The state stays for `resume`. */
  async pause(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Comes back after `pause`, on the same port and with the same objects. */
  async resume(): Promise<void> {
    this.#server = this.#createServer();
    await this.#listen(this.#port);
  }

  /** Forgets the history of every resource, as etcd's compaction does: watches from before now are answered 410. */
  compact(): void {
    for (const collection of this.#state.collections().values()) collection.compact();
  }

  /** Ends every open watch: in order, as at a time-out ('end'), with a 410 event ('expire'), or by cutting its connection ('cut'). */
  disconnectWatches(how: 'end' | 'expire' | 'cut'): void {
    for (const watch of [...this.#watches.keys()]) {
      if (how === 'end') watch.end();
      else if (how === 'expire') watch.expire();
      else watch.cut();
    }
  }

  /** Sends a bookmark on every watch that takes them, now. */
  sendBookmarks(): void {
    for (const watch of this.#watches.keys()) watch.sendBookmark();
  }

  /** How many watches are open. */
  get openWatches(): number {
    return this.#watches.size;
  }

  /** The resourceVersion of the last write. */
  get resourceVersion(): string {
    return String(this.#state.revisions.current);
  }

  /** Decides a fault for each request from now on; undefined ends that. */
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
    // Clients keep connections between requests; a server that closes them first costs them a failed request now and then.
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
      if (await suffer(fault, response)) return;
      this.#authenticate(request, path);
      const body = await readBody(request);
      const routed = route(this.#state, {
        ...subject,
        contentType: request.headers['content-type'],
        accept: request.headers.accept,
        userAgent: request.headers['user-agent'] ?? '',
        address: `${this.#host}:${this.#port}`,
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
