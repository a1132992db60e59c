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

  readonly #stalled = new Set<readonly [Socket, Socket]>();

  private constructor(dial: () => Socket) {
    this.#server = createServer((inner) => {
      this.connections++;
      if (this.#mode === 'refuse') {
        inner.resetAndDestroy();
        return;
      }
      const outer = dial();
      const pair = [inner, outer] as const;
      this.#pairs.add(pair);
      for (const [from, to] of [pair, [outer, inner] as const]) {
        from.on('data', (data: Buffer) => {
          if (this.#mode !== 'stall' && !this.#stalled.has(pair)) to.write(data);
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
    return Proxy.#start(() => connect(Number(new URL(url).port), '127.0.0.1'));
  }

  /** Starts a proxy for the server on the unix socket `path`. */
  static async ofSocket(path: string): Promise<Proxy> {
    return Proxy.#start(() => connect(path));
  }

  static async #start(dial: () => Socket): Promise<Proxy> {
    const proxy = new Proxy(dial);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
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

  /** Drops the data of the present connections, and forwards the data of new connections. */
  stallPresent(): void {
    for (const pair of this.#pairs) this.#stalled.add(pair);
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
