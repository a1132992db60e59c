import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** An HTTP proxy that supports CONNECT only. */
export class ConnectProxy {
  /** The targets of the tunnels, as `host:port`. */
  readonly tunnels: string[] = [];
  /** The values of Proxy-Authorization. */
  readonly authorizations: (string | undefined)[] = [];
  /** The status line of the next answers; undefined: the proxy connects. */
  refusal: string | undefined;
  readonly #server = http.createServer();
  readonly #sockets = new Set<net.Socket>();

  static async start(): Promise<ConnectProxy> {
    const proxy = new ConnectProxy();
    proxy.#server.on('connect', (request: http.IncomingMessage, client: net.Socket) => {
      proxy.#connect(request, client);
    });
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connect({ url = '', headers }: http.IncomingMessage, client: net.Socket): void {
    this.tunnels.push(url);
    this.authorizations.push(headers['proxy-authorization']);
    this.#sockets.add(client);
    client.on('error', () => undefined);
    if (this.refusal !== undefined) {
      client.end(`HTTP/1.1 ${this.refusal}\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${url}`);
    // The name `api.example` stands for a server that only the proxy can reach.
    const host = hostname === 'api.example' ? '127.0.0.1' : hostname;
    const server = net.connect({ host, port: Number(port) }, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(server).pipe(client);
    });
    this.#sockets.add(server);
    server.on('error', () => client.destroy());
  }
}
