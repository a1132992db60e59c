/** Stands between an operator and an API server, refuses what RBAC would, and records everything that was asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'yaml';
import type { RunningServer } from '../../../packages/dev-apiserver/test/support/running-server.ts';
import { accessOf, describeAccess, isAllowed, type Access, type Grant } from './rules.ts';

export interface AuthorizingProxy {
  /** A kubeconfig that leads to it, as text. */
  readonly kubeconfig: string;
  /** Everything that was asked, as `verb group/resource`. */
  readonly asked: ReadonlySet<string>;
  /** What was refused. */
  readonly refused: readonly Access[];
  close(): Promise<void>;
}

/**
 * Starts one on loopback, with the rights of `grants` and those that every user has: discovery, and asking for its own.
 * The first request of each access that `isDoubted` is answered as a status whose test failed.
 */
export async function startAuthorizingProxy(
  server: RunningServer,
  grants: readonly Grant[],
  isDoubted: (access: Access) => boolean = () => false,
): Promise<AuthorizingProxy> {
  const agent = new Agent({ ca: server.caCert, keepAlive: true });
  const asked = new Set<string>();
  const refused: Access[] = [];
  const listener = createServer((incoming, outgoing) => {
    const access = accessOf(incoming.method ?? 'GET', incoming.url ?? '/');
    if (access?.resource === 'selfsubjectaccessreviews') {
      void review(incoming, outgoing, grants).catch(() => outgoing.destroy());
      return;
    }
    if (access !== undefined) {
      const isFirst = !asked.has(describeAccess(access));
      asked.add(describeAccess(access));
      if (!isAllowed(grants, access)) {
        refused.push(access);
        refuse(outgoing, 403, 'Forbidden', `the chart's rules do not allow: ${describeAccess(access)}`);
        return;
      }
      if (isFirst && isDoubted(access)) {
        refuse(outgoing, 422, 'Invalid', 'the server rejected our request due to an error in our request');
        return;
      }
    }
    void forward(incoming, outgoing, server.url, agent).catch(() => outgoing.destroy());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  return {
    kubeconfig: stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'proxy', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
      ],
      users: [{ name: 'operator', user: { token: server.token } }],
      contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'operator' } }],
      'current-context': 'proxy',
    }),
    asked,
    refused,
    close: async () => {
      listener.closeAllConnections();
      await once(listener.close(), 'close');
      agent.destroy();
    },
  };
}

function refuse(outgoing: ServerResponse, code: number, reason: string, message: string): void {
  const status = { apiVersion: 'v1', kind: 'Status', status: 'Failure', reason, message, code };
  outgoing.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(status));
}

/** Answers a SelfSubjectAccessReview. */
async function review(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  grants: readonly Grant[],
): Promise<void> {
  const object = (await json(incoming)) as {
    spec: { resourceAttributes: Access & { readonly subresource?: string } };
  };
  const { resource, subresource, ...access } = object.spec.resourceAttributes;
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  const status = { allowed: isAllowed(grants, { ...access, resource: whole }) };
  outgoing.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ ...object, status }));
}

async function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: string,
  agent: Agent,
): Promise<void> {
  const { method, url = '/', headers } = incoming;
  const upstream = request(new URL(url, target), {
    method,
    headers: { ...headers, host: new URL(target).host },
    agent,
  });
  outgoing.on('close', () => upstream.destroy());
  const answered = once(upstream, 'response') as Promise<[IncomingMessage]>;
  await Promise.all([
    pipeline(incoming, upstream),
    answered.then(async ([response]) => {
      outgoing.writeHead(response.statusCode ?? 0, response.headers);
      outgoing.flushHeaders();
      await pipeline(response, outgoing);
    }),
  ]);
}
