import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** Answers with JSON. */
export const json = (response: ServerResponse, code: number, body: unknown, headers = {}): void => {
  response.writeHead(code, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};

/** An API server that does what a test tells it to, in this process. */
export class ScriptedApi {
  /** Method and path of each request so far. */
  readonly seen: string[] = [];
  readonly sockets = new Set<Socket>();
  readonly server: Server;
  #handlers: Handler[] = [];

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
        const handler = this.#handlers.length > 1 ? this.#handlers.shift() : this.#handlers[0];
        handler?.(request, response, Buffer.concat(chunks).toString());
      });
    });
    this.server.on('connection', (socket) => this.sockets.add(socket));
  }

  static async start(): Promise<ScriptedApi> {
    const api = new ScriptedApi();
    api.server.listen(0, '127.0.0.1');
    await once(api.server, 'listening');
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What is done with the requests to come, one after the other; the last with all others. */
  answer(...handlers: Handler[]): void {
    this.#handlers = handlers;
  }

  /** Breaks every connection, and takes no more; may be called again. */
  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }
}
