import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Connection } from '../../../../src/reconcile/client/connection.ts';
import { clientNodeSource } from '../../../../src/reconcile/client/kubeconfig.ts';
import { plainSource } from '../../../../src/reconcile/client/plain-kubeconfig.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig with one context. */
const kubeconfig = (user: object, cluster: object = {}, context: object = {}): string =>
  JSON.stringify({
    clusters: [
      { name: 'other', cluster: { server: 'https://192.0.2.1' } },
      { name: 'c', cluster: { server: 'https://127.0.0.1:6443/prefix/', ...cluster } },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...context } }],
    'current-context': 'x',
  });

/** The connection with the certificates as text, so that two connections can be compared. */
const comparable = ({ server, headers, tls: { ca, cert, key, ...tls } }: Connection) => ({
  server,
  headers,
  tls,
  pems: [ca, cert, key].map((pem) => (pem as string | Buffer | undefined)?.toString()),
});

describe('plainSource', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'overlay-plain-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const file = (name = 'config'): string => join(folder, name);

  it.each([
    ['a token', { token: 'secret' }, { 'certificate-authority-data': base64('a CA') }],
    ['a CA in a file', { token: 'secret' }, { 'certificate-authority': 'pem' }],
    [
      'a certificate',
      { 'client-certificate-data': base64('c'), 'client-key-data': base64('k') },
      { 'tls-server-name': 'kubernetes' },
    ],
    ['a certificate in files', { 'client-certificate': 'pem', 'client-key': 'pem' }, {}],
    ['basic authentication', { username: 'u', password: 'p:q' }, { 'insecure-skip-tls-verify': true }],
    ['no credentials', {}, { 'insecure-skip-tls-verify': false }],
    [
      'fields that do not affect the connection',
      { token: 't' },
      { extensions: [{ name: 'e' }], 'disable-compression': true },
    ],
    ['empty fields', { token: 't', 'client-certificate': '' }, { 'certificate-authority-data': '' }],
  ])('returns the same connection as @kubernetes/client-node with %s', async (_name, user, cluster) => {
    await writeFile(file('pem'), 'from a file');
    await writeFile(file(), kubeconfig(user, cluster, { namespace: 'n' }));
    const reference = await (await clientNodeSource(file()))();
    const plain = await plainSource(file())?.();
    expect(plain && comparable(plain)).toEqual(comparable(reference));
  });

  it.each([
    ['an exec plug-in', { exec: { command: 'aws' } }, {}],
    ['an auth provider', { 'auth-provider': { name: 'oidc' } }, {}],
    ['impersonation', { token: 't', as: 'somebody' }, {}],
    ['a proxy', { token: 't' }, { 'proxy-url': 'socks5://127.0.0.1:1080' }],
    ['two authentication methods', { token: 't', username: 'u' }, {}],
    ['a server without TLS', {}, { server: 'http://127.0.0.1:8080' }],
    ['a value of the wrong type', { token: 5 }, {}],
  ])('returns undefined for a kubeconfig with %s', async (_name, user, cluster) => {
    await writeFile(file(), kubeconfig(user, cluster));
    expect(plainSource(file())).toBeUndefined();
  });

  it.each([
    ['a missing file', undefined],
    ['invalid YAML', ': ]'],
    ['another document', '[]'],
    ['an unknown context', kubeconfig({}).replace('"name":"x"', '"name":"y"')],
  ])('returns undefined for %s', async (_name, text) => {
    if (text !== undefined) await writeFile(file(), text);
    expect(plainSource(file())).toBeUndefined();
  });

  it('reads the token file at each call, and prefers it to the inline token', async () => {
    await writeFile(file(), kubeconfig({ token: 'old', tokenFile: 'token' }));
    await writeFile(file('token'), 'first\n');
    const source = plainSource(file());
    expect((await source?.())?.headers).toEqual({ Authorization: 'Bearer first' });
    await writeFile(file('token'), 'second');
    expect((await source?.())?.headers).toEqual({ Authorization: 'Bearer second' });
  });

  it('does not load @kubernetes/client-node, except for other forms of a kubeconfig', async () => {
    await writeFile(file('plain'), kubeconfig({ token: 't' }));
    await writeFile(file('other'), kubeconfig({ token: 't', as: 'somebody' }));
    const script = `
      import { registerHooks } from 'node:module';
      let loads = 0;
      registerHooks({
        resolve(name, context, next) {
          if (name === '@kubernetes/client-node') loads++;
          return next(name, context);
        },
      });
      const { fromKubeconfig } = await import(${JSON.stringify(join(import.meta.dirname, '../../../../src/reconcile/index.ts'))});
      const loaded = [];
      for (const path of process.argv.slice(1)) {
        await fromKubeconfig(path);
        loaded.push(loads);
      }
      console.log(loaded.join());`;
    const options = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script];
    const { stdout, stderr } = spawnSync(process.execPath, [...options, file('plain'), file('other')], {
      encoding: 'utf8',
    });
    expect({ stdout, stderr }).toEqual({ stdout: '0,1\n', stderr: '' });
  });

  describe('without a path', () => {
    const pod = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const environment = (env: Record<string, string>) => ({ env, serviceAccount: file() });
    const serverOf = async (env: Record<string, string>): Promise<string | undefined> =>
      (await plainSource(undefined, environment(env))?.())?.server;

    beforeEach(async () => {
      await mkdir(file());
      await writeFile(join(file(), 'token'), 'of the pod');
      await writeFile(join(file(), 'ca.crt'), 'CA of the pod');
    });

    it('uses KUBECONFIG, then the file in the home folder, then the service account of the pod', async () => {
      const named = file('named');
      const home = file('home');
      await mkdir(join(home, '.kube'), { recursive: true });
      await writeFile(join(home, '.kube', 'config'), kubeconfig({}, { server: 'https://home:1' }));
      await writeFile(named, kubeconfig({}, { server: 'https://named:1' }));
      expect(await serverOf({ ...pod, HOME: home, KUBECONFIG: named })).toBe('https://named:1');
      expect(await serverOf({ ...pod, HOME: home, KUBECONFIG: '' })).toBe('https://home:1');
      expect(await serverOf({ ...pod, HOME: folder })).toBe('https://[fd00::1]:443');
    });

    it('uses the token and the CA of the service account', async () => {
      const connection = await plainSource(undefined, environment(pod))?.();
      expect(connection?.headers).toEqual({ Authorization: 'Bearer of the pod' });
      expect(connection?.tls).toEqual({ ca: 'CA of the pod' });
    });

    it('returns undefined for several files, and outside a pod without a kubeconfig', async () => {
      const two = `${file('one')}:${file('two')}`;
      expect(await serverOf({ ...pod, KUBECONFIG: two })).toBeUndefined();
      expect(await serverOf({ HOME: folder })).toBeUndefined();
      await rm(join(file(), 'token'));
      expect(await serverOf(pod)).toBeUndefined();
    });
  });
});
