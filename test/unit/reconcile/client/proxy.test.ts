import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RestClient, fromKubeconfig } from '../../../../src/reconcile/index.ts';
import { proxyFromEnvironment } from '../../../../src/reconcile/client/proxy.ts';
import { makeAuthority, makeCertificate } from '../../../support/ovsdb/certificates.ts';
import { ConnectProxy } from '../../../support/reconcile/connect-proxy.ts';
import { widgetType } from '../../../support/reconcile/widget.ts';

const ref = { namespace: 'default', name: 'a' };

describe('a client behind a proxy', () => {
  let folder: string;
  let api: https.Server;
  let proxy: ConnectProxy;
  let client: RestClient;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'overlay-proxy-'));
    await makeAuthority(folder, 'ca');
    await makeCertificate(folder, 'ca', 'api', 'DNS:api.example,IP:127.0.0.1');
    const pem = (name: string) => readFileSync(join(folder, name));
    api = https.createServer({ key: pem('api.key'), cert: pem('api.crt') }, (request, response) => {
      if (request.url?.includes('watch=true') === true)
        response.end(`${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'a' } } })}\n`);
      else response.end(JSON.stringify({ metadata: { name: 'a' } }));
    });
    api.listen(0, '127.0.0.1');
    await once(api, 'listening');
  });
  beforeEach(async () => {
    proxy = await ConnectProxy.start();
  });
  afterEach(async () => {
    client.close();
    await proxy.stop();
  });
  afterAll(async () => {
    api.closeAllConnections();
    api.close();
    await rm(folder, { recursive: true, force: true });
  });

  const port = () => (api.address() as AddressInfo).port;
  async function connect(host: string, cluster: object, env: Record<string, string> = {}): Promise<void> {
    const path = join(folder, 'config');
    const named = { server: `https://${host}:${port()}`, 'certificate-authority': 'ca.crt', ...cluster };
    await writeFile(
      path,
      JSON.stringify({
        clusters: [{ name: 'c', cluster: named }],
        users: [{ name: 'u', user: { token: 't' } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
    const source = await fromKubeconfig(path, { env, serviceAccount: '/none' });
    client = new RestClient(source, { backoff: { baseMs: 1, maxMs: 5 } });
  }
  async function watch(): Promise<string[]> {
    const names: string[] = [];
    await client.watch(
      widgetType,
      { resourceVersion: '1', timeoutSeconds: 60, idleTimeoutMs: 10_000 },
      ({ object }) => names.push((object as { metadata: { name: string } }).metadata.name),
    );
    return names;
  }

  it('sends requests and watches through proxy-url, and verifies the API server', async () => {
    await connect('api.example', { 'proxy-url': proxy.url });
    expect(await client.get(widgetType, ref)).toMatchObject({ metadata: { name: 'a' } });
    expect(await watch()).toEqual(['a']);
    await client.get(widgetType, ref, { hasOwnConnection: true });
    expect(proxy.tunnels).toEqual(Array.from({ length: 3 }, () => `api.example:${port()}`));
  });

  it('reuses its tunnel for further requests', async () => {
    await connect('api.example', { 'proxy-url': proxy.url });
    for (let time = 0; time < 4; time++) await client.get(widgetType, ref);
    expect(proxy.tunnels).toHaveLength(1);
  });

  it('uses HTTPS_PROXY and NO_PROXY, and the credentials in the URL of the proxy', async () => {
    const withUser = proxy.url.replace('//', '//user:s%20cret@');
    await connect('api.example', {}, { HTTPS_PROXY: withUser, NO_PROXY: 'example.org' });
    await client.get(widgetType, ref);
    expect(await watch()).toEqual(['a']);
    expect(proxy.tunnels).toHaveLength(2);
    const credentials = Buffer.from('user:s cret').toString('base64');
    expect(proxy.authorizations[0]).toBe(`Basic ${credentials}`);
  });

  it('connects directly to a server in NO_PROXY, and to the own machine', async () => {
    await connect('127.0.0.1', {}, { HTTPS_PROXY: proxy.url });
    await client.get(widgetType, ref);
    await connect('127.0.0.1', {}, { HTTPS_PROXY: 'http://192.0.2.1:1', NO_PROXY: '127.0.0.0/8' });
    await client.get(widgetType, ref);
    expect(proxy.tunnels).toEqual([]);
  });

  it('uses proxy-url for every server, whatever NO_PROXY says', async () => {
    await connect('127.0.0.1', { 'proxy-url': proxy.url }, { NO_PROXY: '*' });
    await client.get(widgetType, ref);
    expect(proxy.tunnels).toEqual([`127.0.0.1:${port()}`]);
  });

  it('reports the answer of a proxy that refuses, without the password', async () => {
    proxy.refusal = '407 Proxy Authentication Required';
    await connect('api.example', { 'proxy-url': proxy.url.replace('//', '//user:hush@') });
    const error = await client.get(widgetType, ref, { timeoutMs: 500 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'EPROXY', sent: false });
    expect((error as Error).message).toContain(
      `the proxy ${proxy.url} does not connect to api.example:${port()}: 407 Proxy Authentication Required`,
    );
    expect((error as Error).message).not.toContain('hush');
  });

  it('is refused a proxy without CONNECT', async () => {
    await expect(connect('api.example', { 'proxy-url': 'socks5://127.0.0.1:1080' })).rejects.toThrow(
      /^the proxy "socks5:\/\/127\.0\.0\.1:1080" is not supported; use a proxy with CONNECT/,
    );
    client = new RestClient(() => Promise.reject(new Error('unused')));
  });
});

describe('proxyFromEnvironment', () => {
  const proxy = 'http://proxy:3128';
  it.each<[string, Record<string, string>, string | undefined]>([
    ['https://api.example:6443', { HTTPS_PROXY: proxy }, proxy],
    ['https://api.example:6443', { https_proxy: proxy }, proxy],
    ['https://api.example:6443', { HTTPS_PROXY: '' }, undefined],
    ['https://api.example:6443', { HTTP_PROXY: proxy }, undefined],
    ['http://api.example', { HTTP_PROXY: proxy }, proxy],
    ['https://localhost:6443', { HTTPS_PROXY: proxy }, undefined],
    ['https://127.0.0.1:6443', { HTTPS_PROXY: proxy }, undefined],
    ['https://[::1]:6443', { HTTPS_PROXY: proxy }, undefined],
  ])('of %s with %j is %j', (server, env, expected) => {
    expect(proxyFromEnvironment(server, env)).toBe(expected);
  });

  it.each<[string, string, boolean]>([
    ['api.example', '*', true],
    ['api.example', 'api.example', true],
    ['API.example', 'api.EXAMPLE', true],
    ['api.example', 'example', true],
    ['api.example', '.example', true],
    ['example', '.example', false],
    ['myexample', 'example', false],
    ['api.example', 'other, api.example', true],
    ['api.example', 'api.example:6443', true],
    ['api.example', 'api.example:443', false],
    ['10.1.2.3', '10.1.0.0/16', true],
    ['10.2.2.3', '10.1.0.0/16', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '2.3', false],
    ['[fd00::7]', 'fd00::/8', true],
    ['[fd00::7]', 'fd00::7', true],
    ['[fd00::7]', '[fd00::7]:6443', true],
    ['[fd00::7]', '10.0.0.0/8', false],
    ['api.example', '', false],
    ['api.example', ',,', false],
  ])('of the server %s with NO_PROXY=%s: direct is %j', (host, NO_PROXY, isDirect) => {
    const env = { HTTPS_PROXY: proxy, NO_PROXY };
    expect(proxyFromEnvironment(`https://${host}:6443`, env) === undefined).toBe(isDirect);
  });
});
