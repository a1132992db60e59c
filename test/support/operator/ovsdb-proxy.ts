/** A proxy between one operator and ovsdb-server. A gate decides about transactions. Parses the framing of RFC 7047 §4. */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { Framer } from '../../../src/ovn/ovsdb/framing.ts';
import type { Proxy } from './api-proxy.ts';
import type { Gate } from './gate.ts';

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: readonly unknown[];
}

/** Starts a proxy on the unix socket `path`. */
export async function startOvsdbProxy(path: string, server: string, gate: Gate): Promise<Proxy> {
  const clients = new Set<Socket>();
  const upstreams = new Set<Socket>();
  const listener = createServer((client) => {
    const upstream = connect(server.replace(/^unix:/, ''));
    clients.add(client);
    upstreams.add(upstream);
    client.on('close', () => clients.delete(client));
    upstream.on('close', () => upstreams.delete(upstream));
    relay(client, upstream, gate);
  });
  listener.listen(path);
  await once(listener, 'listening');
  const isolate = (): void => {
    listener.close();
    for (const client of clients) client.destroy();
  };
  return {
    address: `unix:${path}`,
    isolate,
    close: async () => {
      isolate();
      await gate.settled();
      for (const upstream of upstreams) upstream.destroy();
      rmSync(path, { force: true });
    },
  };
}

function relay(client: Socket, upstream: Socket, gate: Gate): void {
  const waiting = new Map<unknown, { readonly isLost: boolean; readonly answered: () => void }>();
  const fromClient = new Framer();
  const fromServer = new Framer();
  const end = (): void => {
    client.destroy();
    if (waiting.size === 0) upstream.destroy();
  };
  client.on('data', (chunk: Buffer) => {
    for (const message of fromClient.push(chunk)) {
      const { id, method, params = [] } = JSON.parse(message.toString()) as Message;
      if (method === 'transact') {
        const decision = gate.decide(labelOf(params));
        if (decision === 'never-sent') {
          end();
          return;
        }
        const { promise, resolve } = Promise.withResolvers<undefined>();
        gate.sent(promise);
        waiting.set(id, { isLost: decision === 'reply-lost', answered: () => resolve(undefined) });
      } else if (gate.ended) {
        end();
        return;
      }
      upstream.write(message);
    }
  });
  upstream.on('data', (chunk: Buffer) => {
    for (const message of fromServer.push(chunk)) {
      const { id, method } = JSON.parse(message.toString()) as Message;
      const transaction = method === undefined ? waiting.get(id) : undefined;
      // The update of a transaction arrives before its reply, so the update is lost too.
      const hidden = gate.ended || [...waiting.values()].some(({ isLost }) => isLost);
      if (transaction !== undefined) {
        waiting.delete(id);
        transaction.answered();
      }
      if (!hidden && !client.destroyed) client.write(message);
      if (transaction?.isLost === true || (client.destroyed && waiting.size === 0)) end();
    }
  });
  client.on('close', () => {
    if (waiting.size === 0) upstream.destroy();
  });
  upstream.on('close', () => {
    for (const { answered } of waiting.values()) answered();
    client.destroy();
  });
  client.on('error', end);
  upstream.on('error', end);
}

/** A label such as `transact insert Logical_Switch ×2, mutate Logical_Router`, without the fence and guards. */
function labelOf([, ...operations]: readonly unknown[]): string {
  const counts = new Map<string, number>();
  for (const { op, table } of operations as readonly { op: string; table: string }[]) {
    if (op !== 'wait') counts.set(`${op} ${table}`, (counts.get(`${op} ${table}`) ?? 0) + 1);
  }
  return `transact ${[...counts].map(([what, count]) => (count === 1 ? what : `${what} ×${count}`)).join(', ')}`;
}
