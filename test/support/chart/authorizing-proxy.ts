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

/** What happens at the first request of each access. */
interface FirstRequests {
  /** Whether the proxy answers 422, as to a JSON patch whose test failed. */
  readonly failsFirst?: (access: Access) => boolean;
  /** Called before the proxy forwards the request. */
  readonly beforeFirst?: (access: Access) => Promise<void>;
}

/**
 * Starts a proxy on loopback. It allows the accesses of `grants`, discovery, and reviews of the user's own permissions. It
 * answers all reviews itself.
 */
export async function startAuthorizingProxy(
  server: RunningServer,
  grants: readonly Grant[],
  { failsFirst = () => false, beforeFirst = () => Promise.resolve() }: FirstRequests = {},
): Promise<AuthorizingProxy> {
  const agent = new Agent({ ca: server.caCert, keepAlive: true });
  const requests = new Set<string>();
  const rejected: Access[] = [];
  const listener = createServer((incoming, outgoing) => {
    const access = accessOf(incoming.method ?? 'GET', incoming.url ?? '/');
    if (access?.resource === 'selfsubjectaccessreviews') {
      void review(incoming, outgoing, (spec) => ownAccess(spec, grants)).catch(() => outgoing.destroy());
      return;
    }
    let preparation = Promise.resolve();
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
      if (isFirst) preparation = beforeFirst(access);
    }
    const answer = access?.verb === 'create' ? reviews(server.token)[access.resource] : undefined;
    if (answer !== undefined) {
      void review(incoming, outgoing, answer).catch(() => outgoing.destroy());
      return;
    }
    void preparation
      .then(() => forward(incoming, outgoing, server.url, agent))
      .catch(() => outgoing.destroy());
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

interface ReviewSpec {
  readonly token?: string;
  readonly user?: string;
  readonly resourceAttributes?: Access & { readonly subresource?: string };
}

/** The status of a SelfSubjectAccessReview. */
function ownAccess({ resourceAttributes }: ReviewSpec, grants: readonly Grant[]): object {
  if (resourceAttributes === undefined) return { allowed: false };
  const { resource, subresource, ...access } = resourceAttributes;
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  return { allowed: isAllowed(grants, { ...access, resource: whole }) };
}

/** The reviews of other users, which the real API server of the tests does not serve. Only the administrator is known. */
const reviews = (known: string): Readonly<Record<string, (spec: ReviewSpec) => object>> => ({
  tokenreviews: ({ token }) =>
    token === known ? { authenticated: true, user: { username: 'admin' } } : { user: {} },
  subjectaccessreviews: ({ user }) => ({ allowed: user === 'admin' }),
});

/** Answers a review with the status for its spec. */
async function review(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  statusOf: (spec: ReviewSpec) => object,
): Promise<void> {
  const object = (await json(incoming)) as { readonly spec: ReviewSpec };
  const answer = { ...object, status: statusOf(object.spec) };
  outgoing.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
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
