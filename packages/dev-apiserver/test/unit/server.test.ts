import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'node:https';
import { parse } from 'yaml';
import { ApiServer } from '../../src/index.ts';
import { ApiClient } from '../support/client.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const map = (name: string, data: Record<string, string> = {}) => ({ metadata: { name }, data });

let server: ApiServer;
let client: ApiClient;
beforeEach(async () => {
  server = await ApiServer.start();
  client = new ApiClient(server);
});
afterEach(async () => {
  client.close();
  await server.stop();
});

describe('the embedded API server', () => {
  it('returns a kubeconfig with its address, authority and token', () => {
    expect(parse(server.kubeconfig())).toMatchObject({
      'current-context': 'overlay-network-dev',
      clusters: [
        {
          cluster: {
            server: server.url,
            'certificate-authority-data': Buffer.from(server.caCert).toString('base64'),
          },
        },
      ],
      users: [{ user: { token: server.token } }],
    });
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  });

  it('rejects requests without the token, except for health and version', async () => {
    const stranger = new ApiClient({ url: server.url, caCert: server.caCert, token: 'another' });
    expect((await stranger.get(maps)).status).toBe(401);
    const anonymous = (path: string): Promise<number> =>
      new Promise((resolve, reject) => {
        request(`${server.url}${path}`, { ca: server.caCert, agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
          .on('error', reject)
          .end();
      });
    expect(await anonymous('/readyz')).toBe(200);
    expect(await anonymous('/version')).toBe(200);
    expect(await anonymous('/version/')).toBe(200);
    expect(await anonymous('//version')).toBe(401);
    expect(await anonymous('/api/v1/namespaces')).toBe(401);
    stranger.close();
  });

  it('allows every action in an access review', async () => {
    const review = { spec: { resourceAttributes: { verb: 'create', resource: 'ports' } } };
    const { status, body } = await client.create(
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      review,
    );
    expect([status, body.status, body.spec]).toEqual([201, { allowed: true }, review.spec]);
  });

  it('knows its own token in a token review, and no other', async () => {
    const authenticated = async (token: string) =>
      (await client.create('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } })).body.status;
    expect(await authenticated(server.token)).toMatchObject({
      authenticated: true,
      user: { username: 'admin' },
    });
    expect(await authenticated('wrong')).not.toHaveProperty('authenticated');
    const review = { spec: { user: 'admin', nonResourceAttributes: { path: '/metrics', verb: 'get' } } };
    const access = await client.create('/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
    expect(access.body.status).toEqual({ allowed: true });
  });

  it('rejects a body that is too large and a path with an invalid escape', async () => {
    const large = await client.create(maps, map('large', { a: 'x'.repeat(3.5 * 1024 * 1024) }));
    expect([large.status, large.body.reason]).toEqual([413, 'RequestEntityTooLarge']);
    expect((await client.get(`${maps}/%zz`)).status).toBe(400);
  });

  it('limits the warnings about unknown fields to the size of a header, and stores the object', async () => {
    const odd = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`ü\u007f${i}`, 1]));
    const { status, headers } = await client.create(maps, { ...map('odd'), ...odd });
    expect(status).toBe(201);
    expect(String(headers['warning']).length).toBeLessThan(8192);
  });

  it('is empty after a restart', async () => {
    await client.create(maps, map('a'));
    const other = await ApiServer.start();
    const second = new ApiClient(other);
    expect((await second.get(`${maps}/a`)).status).toBe(404);
    second.close();
    await other.stop();
  });
});

describe('fault injection of the embedded API server', () => {
  it('simulates an outage, and continues on the same port with the same objects', async () => {
    await client.create(maps, map('a'));
    const { url } = server;
    await server.pause();
    await expect(client.get(maps)).rejects.toThrow(/ECONNREFUSED|socket hang up|ECONNRESET/);
    await server.resume();
    expect(server.url).toBe(url);
    expect((await client.get(`${maps}/a`)).status).toBe(200);
  });

  it('answers watches and pages from before a compaction with 410', async () => {
    await client.create(maps, map('a'));
    await client.create(maps, map('b'));
    const first = await client.get(maps, { query: { limit: 1 } });
    await client.create(maps, map('c'));
    server.compact();
    const watch = await client.watch(maps, { resourceVersion: first.body.metadata.resourceVersion });
    expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    const second = await client.get(maps, { query: { limit: 1, continue: first.body.metadata.continue! } });
    expect([second.status, second.body.reason]).toEqual([410, 'Expired']);
    const rest = await client.get(maps, { query: { continue: second.body.metadata.continue! } });
    expect(rest.body.items.map(({ metadata }) => metadata.name)).toEqual(['b', 'c']);
  });

  it('drops old history automatically', async () => {
    const forgetful = await ApiServer.start({ historyLimit: 2 });
    const other = new ApiClient(forgetful);
    const { resourceVersion } = (await other.get(maps)).body.metadata;
    for (const name of ['a', 'b', 'c', 'd', 'e']) await other.create(maps, map(name));
    const watch = await other.watch(maps, { resourceVersion });
    expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410 } });
    other.close();
    await forgetful.stop();
  });

  it.each(['end', 'cut'] as const)('disconnects watches with %s', async (how) => {
    const watch = await client.watch(maps);
    server.disconnectWatches(how);
    expect(await watch.next()).toBeUndefined();
    expect(watch.ended).toBe(true);
    expect(server.openWatches).toBe(0);
  });

  it('expires watches', async () => {
    const watch = await client.watch(maps);
    server.disconnectWatches('expire');
    expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410 } });
    expect(await watch.next()).toBeUndefined();
  });

  it('sends bookmarks to the watches that accept them', async () => {
    const taker = await client.watch(maps, { allowWatchBookmarks: true });
    const other = await client.watch(maps);
    await client.create('/api/v1/namespaces', { metadata: { name: 'elsewhere' } });
    server.sendBookmarks();
    expect(await taker.next()).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'ConfigMap', metadata: { resourceVersion: server.resourceVersion } },
    });
    await client.create(maps, map('a'));
    expect(await other.next()).toMatchObject({ type: 'ADDED' });
  });

  it('answers with a status without executing the request', async () => {
    server.injectFaults(({ method }) => (method === 'POST' ? { kind: 'status', code: 503 } : undefined));
    const refused = await client.create(maps, map('a'));
    expect([refused.status, refused.body.reason, refused.headers['retry-after']]).toEqual([
      503,
      'ServiceUnavailable',
      '1',
    ]);
    server.injectFaults(undefined);
    expect((await client.get(`${maps}/a`)).status).toBe(404);
  });

  it('closes the connection before or after the execution of a request', async () => {
    server.injectFaults(({ path }) => (path.endsWith('/before') ? { kind: 'cut' } : { kind: 'lost-reply' }));
    await expect(client.replace(`${maps}/before`, map('before'))).rejects.toThrow();
    await expect(client.create(maps, map('after'))).rejects.toThrow();
    server.injectFaults(undefined);
    const { items } = (await client.get(maps)).body;
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['after']);
  });

  it('delays an answer', async () => {
    const order: string[] = [];
    server.injectFaults(({ path }) => (path.endsWith('/slow') ? { kind: 'delay', ms: 50 } : undefined));
    await Promise.all([
      client.get(`${maps}/slow`).then(() => order.push('slow')),
      client.get(`${maps}/fast`).then(() => order.push('fast')),
    ]);
    expect(order).toEqual(['fast', 'slow']);
  });
});
