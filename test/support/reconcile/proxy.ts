/** A TCP proxy on loopback that can break every connection, refuse new ones, or go dark: accept, and say nothing. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class Proxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #mode: 'through' | 'dark' | 'refusing' = 'through';
  /** Connections that were ever made. */
  connections = 0;

  private constructor(port: number) {
    this.#server = createServer((inner) => {
      this.connections++;
      if (this.#mode === 'refusing') {
        inner.resetAndDestroy();
        return;
      }
      const outer = connect(port, '127.0.0.1');
      const pair = [inner, outer] as const;
      this.#pairs.add(pair);
      for (const [from, to] of [pair, [outer, inner] as const]) {
        from.on('data', (data: Buffer) => {
          if (this.#mode !== 'dark') to.write(data);
        });
        from.on('error', () => undefined);
        from.on('close', () => {
          to.destroy();
          this.#pairs.delete(pair);
        });
      }
    });
  }

  /** A proxy of the server at `url`. */
  static async of(url: string): Promise<Proxy> {
    const proxy = new Proxy(Number(new URL(url).port));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Breaks every connection; new ones are let through, unless told otherwise. */
  cut(): void {
    for (const [inner, outer] of this.#pairs) {
      inner.resetAndDestroy();
      outer.destroy();
    }
  }

  /** Breaks every connection and refuses new ones. */
  refuse(): void {
    this.#mode = 'refusing';
    this.cut();
  }

  /** Connections stay, and nothing passes. */
  goDark(): void {
    this.#mode = 'dark';
  }

  /** New connections work; those of the dark time stay as they are, out of step. */
  goOn(): void {
    this.#mode = 'through';
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }
}
