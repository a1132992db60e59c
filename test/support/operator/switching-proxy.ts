/** An address of an API server that can lead to another API server later, like a changed DNS name or load balancer. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'yaml';
import type { RunningServer } from '../../../packages/dev-apiserver/test/support/running-server.ts';

export class SwitchingProxy {
  readonly #listener = createServer();
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  /** The server of each open connection. */
  readonly #servers = new Map<Socket, RunningServer>();
  readonly #streams = new Set<() => void>();
  #server: RunningServer;

  private constructor(server: RunningServer) {
    this.#server = server;
    this.#listener.on('connection', (socket: Socket) => {
      this.#servers.set(socket, this.#server);
      socket.on('close', () => this.#servers.delete(socket));
    });
    this.#listener.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      this.#forward(incoming, outgoing).catch(() => outgoing.destroy());
    });
  }

  static async start(server: RunningServer): Promise<SwitchingProxy> {
    const proxy = new SwitchingProxy(server);
    proxy.#listener.listen(0, '127.0.0.1');
    await once(proxy.#listener, 'listening');
    return proxy;
  }

  /** Writes a kubeconfig with the address of the proxy. */
  async writeKubeconfig(path: string): Promise<string> {
    const { port } = this.#listener.address() as AddressInfo;
    const text = stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'proxy', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
      ],
      users: [{ name: 'admin', user: { token: 'replaced by the proxy' } }],
      contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'admin' } }],
      'current-context': 'proxy',
    });
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  /** Leads new connections to another server and ends the open watches. Other open connections stay. */
  switchTo(server: RunningServer): void {
    this.#server = server;
    for (const end of this.#streams) end();
  }

  async close(): Promise<void> {
    this.#listener.closeAllConnections();
    await once(this.#listener.close(), 'close');
    this.#agent.destroy();
  }

  async #forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method, url = '/', headers, socket } = incoming;
    const server = this.#servers.get(socket) ?? this.#server;
    const target = new URL(url, server.url);
    const upstream = request(target, {
      method,
      headers: { ...headers, host: target.host, authorization: `Bearer ${server.token}` },
      agent: this.#agent,
    });
    const end = (): void => void outgoing.destroy();
    if (target.searchParams.get('watch') === 'true') this.#streams.add(end);
    upstream.on('error', end);
    outgoing.on('close', () => {
      this.#streams.delete(end);
      upstream.destroy();
    });
    const answered = once(upstream, 'response') as Promise<[IncomingMessage]>;
    const forwarded = pipeline(incoming, upstream);
    // The operator ends a watch at any time. Then both promises reject, and the answer ends too.
    forwarded.catch(end);
    answered.catch(end);
    const [response] = await answered;
    outgoing.writeHead(response.statusCode ?? 0, response.headers);
    outgoing.flushHeaders();
    await Promise.all([forwarded, pipeline(response, outgoing)]);
  }
}
