/**
 * A TCP proxy on loopback that can reset all connections, refuse new connections, or stall (accept
 * connections and drop all data).
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class Proxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #mode: 'forward' | 'stall' | 'refuse' = 'forward';
  /** The number of accepted connections. */
  connections = 0;

  private constructor(port: number) {
    this.#server = createServer((inner) => {
      this.connections++;
      if (this.#mode === 'refuse') {
        inner.resetAndDestroy();
        return;
      }
      const outer = connect(port, '127.0.0.1');
      const pair = [inner, outer] as const;
      this.#pairs.add(pair);
      for (const [from, to] of [pair, [outer, inner] as const]) {
        from.on('data', (data: Buffer) => {
          if (this.#mode !== 'stall') to.write(data);
        });
        from.on('error', () => undefined);
        from.on('close', () => {
          to.destroy();
          this.#pairs.delete(pair);
        });
      }
    });
  }

  /** Starts a proxy for the server at `url`. */
  static async of(url: string): Promise<Proxy> {
    const proxy = new Proxy(Number(new URL(url).port));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resets all connections. The mode for new connections stays. */
  cut(): void {
    for (const [inner, outer] of this.#pairs) {
      inner.resetAndDestroy();
      outer.destroy();
    }
  }

  /** Resets all connections and refuses new connections. */
  refuse(): void {
    this.#mode = 'refuse';
    this.cut();
  }

  /** Keeps the connections open, but drops their data. */
  stall(): void {
    this.#mode = 'stall';
  }

  /** Forwards data again. Connections that lost data while the proxy stalled remain broken. */
  resume(): void {
    this.#mode = 'forward';
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }
}
