/** A proxy between one operator and the API server. A gate decides about writes. The operator connects by plain HTTP. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { once } from 'node:events';
import type { RunningServer } from '../../../packages/dev-apiserver/test/support/running-server.ts';
import type { Gate } from './gate.ts';

export interface Proxy {
  /** The address for the operator. */
  readonly address: string;
  /** Closes every connection and refuses new connections. The server still executes requests that it has received. */
  isolate(): void;
  /** Isolates the operator; resolves when no request is open. */
  close(): Promise<void>;
}

/** The message of a refused write. */
export const REFUSAL = 'ValidatingAdmissionPolicy "no-touch" denied request: no changes in May';

/** Starts a proxy on loopback. */
export async function startApiProxy(server: RunningServer, gate: Gate): Promise<Proxy> {
  const agent = new Agent({ ca: server.caCert, keepAlive: true });
  const sockets = new Set<Socket>();
  const listener = createServer((incoming, outgoing) => {
    void forward(incoming, outgoing, server.url, agent, gate).catch(() => outgoing.destroy());
  });
  listener.keepAliveTimeout = 0;
  listener.requestTimeout = 0;
  listener.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const isolate = (): void => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    isolate,
    close: async () => {
      isolate();
      await gate.settled();
      agent.destroy();
    },
  };
}

async function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: string,
  agent: Agent,
  gate: Gate,
): Promise<void> {
  const { method = 'GET', url = '/', headers } = incoming;
  // Events do not count as writes: they are sent in the background at any time, and nothing depends on them.
  const isWrite = method !== 'GET' && method !== 'HEAD' && !url.startsWith('/apis/events.k8s.io/');
  const body = isWrite ? await buffer(incoming) : Buffer.alloc(0);
  const decision = isWrite ? gate.decide(labelOf(method, url)) : gate.ended ? 'never-sent' : 'pass';
  if (decision === 'never-sent') {
    outgoing.destroy();
    return;
  }
  if (isWrite) await gate.holds(labelOf(method, url));
  if (isWrite && gate.refuses(labelOf(method, url))) {
    const refusal = { kind: 'Status', status: 'Failure', reason: 'Invalid', code: 422, message: REFUSAL };
    outgoing.writeHead(422, { 'content-type': 'application/json' }).end(JSON.stringify(refusal));
    return;
  }
  const upstream = request(new URL(url, target), {
    method,
    headers: { ...headers, host: new URL(target).host },
    agent,
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    upstream.once('response', resolve);
    upstream.once('error', reject);
  });
  if (isWrite) upstream.end(body);
  else incoming.pipe(upstream);
  if (isWrite) {
    const whole = answered.then(async (response) => ({ response, content: await buffer(response) }));
    gate.sent(whole.catch(() => undefined));
    const { response, content } = await whole;
    if (decision === 'reply-lost') outgoing.destroy();
    else outgoing.writeHead(response.statusCode ?? 0, response.headers).end(content);
    return;
  }
  outgoing.on('close', () => upstream.destroy());
  const response = await answered;
  response.on('error', () => outgoing.destroy());
  response.on('aborted', () => outgoing.destroy());
  outgoing.writeHead(response.statusCode ?? 0, response.headers);
  outgoing.flushHeaders();
  response.pipe(outgoing);
}

/** `PATCH default/ports/web/status`. */
function labelOf(method: string, url: string): string {
  const path = url.split('?')[0] ?? '';
  return `${method} ${path.replace(/^\/apis?\/(?:[^/]+\/)?v\w+\//, '').replace(/^namespaces\/([^/]+)\//, '$1/')}`;
}
