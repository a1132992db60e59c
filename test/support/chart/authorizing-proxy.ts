/** A proxy between an operator and an API server. It rejects the requests that RBAC would reject, and records all requests. */
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
  /** The text of a kubeconfig for the proxy. */
  readonly kubeconfig: string;
  /** All requested accesses, as `verb group/resource`. */
  readonly requests: ReadonlySet<string>;
  /** The rejected accesses. */
  readonly rejected: readonly Access[];
  close(): Promise<void>;
}

/**
 * Starts a proxy on loopback. It allows the accesses of `grants`, discovery, and reviews of the user's own permissions.
 * @param failsFirst selects accesses whose first request gets the answer to a JSON patch whose test failed
 */
export async function startAuthorizingProxy(
  server: RunningServer,
  grants: readonly Grant[],
  failsFirst: (access: Access) => boolean = () => false,
): Promise<AuthorizingProxy> {
  const agent = new Agent({ ca: server.caCert, keepAlive: true });
  const requests = new Set<string>();
  const rejected: Access[] = [];
  const listener = createServer((incoming, outgoing) => {
    const access = accessOf(incoming.method ?? 'GET', incoming.url ?? '/');
    if (access?.resource === 'selfsubjectaccessreviews') {
      void review(incoming, outgoing, grants).catch(() => outgoing.destroy());
      return;
    }
    if (access !== undefined) {
      const isFirst = !requests.has(describeAccess(access));
      requests.add(describeAccess(access));
      if (!isAllowed(grants, access)) {
        rejected.push(access);
        reject(outgoing, 403, 'Forbidden', `the chart's rules do not allow: ${describeAccess(access)}`);
        return;
      }
      if (isFirst && failsFirst(access)) {
        reject(outgoing, 422, 'Invalid', 'the server rejected our request due to an error in our request');
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
    requests,
    rejected,
    close: async () => {
      listener.closeAllConnections();
      await once(listener.close(), 'close');
      agent.destroy();
    },
  };
}

function reject(outgoing: ServerResponse, code: number, reason: string, message: string): void {
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
