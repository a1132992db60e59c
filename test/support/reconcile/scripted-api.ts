import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** Sends a JSON response. */
export const json = (response: ServerResponse, code: number, body: unknown, headers = {}): void => {
  response.writeHead(code, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};

/** An HTTP server in this process that responds with the handlers of a test. */
export class ScriptedApi {
  /** The method and path of each received request. */
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

  /** Sets the handlers of the next requests, in order. The last handler also handles all later requests. */
  answer(...handlers: Handler[]): void {
    this.#handlers = handlers;
  }

  /** Closes all connections and stops the server. Repeated calls are allowed. */
  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }
}
