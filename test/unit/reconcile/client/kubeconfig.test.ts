import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { fromKubeconfig } from '../../../../src/reconcile/index.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('fromKubeconfig', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'overlay-kubeconfig-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function connect(user: object, cluster: object = {}) {
    const config = {
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443/prefix', ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    await writeFile(join(folder, 'config'), JSON.stringify(config));
    return (await fromKubeconfig(join(folder, 'config')))();
  }

  it('returns the server, the CA and the token', async () => {
    const connection = await connect({ token: 'secret' }, { 'certificate-authority-data': base64('a CA') });
    expect(connection).toMatchObject({
      server: 'https://127.0.0.1:6443/prefix',
      headers: { Authorization: 'Bearer secret' },
    });
    expect(String(connection.tls.ca)).toBe('a CA');
    expect(connection.tls).not.toHaveProperty('cert');
  });

  it('reads the client certificate from files at each call of the source', async () => {
    await writeFile(join(folder, 'tls.crt'), 'old');
    await writeFile(join(folder, 'tls.key'), 'key');
    await connect({ 'client-certificate': 'tls.crt', 'client-key': 'tls.key' });
    const source = await fromKubeconfig(join(folder, 'config'));
    expect(String((await source()).tls.cert)).toBe('old');
    await writeFile(join(folder, 'tls.crt'), 'new');
    const { tls, headers } = await source();
    expect([tls.cert, tls.key].map((pem) => (pem as Buffer).toString())).toEqual(['new', 'key']);
    expect(headers).toEqual({});
  });

  it('returns the credentials of basic authentication and the TLS options', async () => {
    const connection = await connect(
      { username: 'u', password: 'p' },
      { 'insecure-skip-tls-verify': true, 'tls-server-name': 'kubernetes' },
    );
    expect(connection.headers).toEqual({ Authorization: `Basic ${base64('u:p')}` });
    expect(connection.tls).toEqual({ rejectUnauthorized: false, servername: 'kubernetes' });
  });

  it('rejects a kubeconfig without a cluster, and a missing file', async () => {
    await writeFile(join(folder, 'empty'), '{"clusters":[],"users":[],"contexts":[]}');
    await expect(fromKubeconfig(join(folder, 'empty'))).rejects.toThrow('no current cluster in');
    await expect(fromKubeconfig(join(folder, 'none'))).rejects.toThrow('ENOENT');
  });

  it('does not include content of a malformed file in the error', async () => {
    const path = join(folder, 'malformed');
    await writeFile(path, 'users:\n- name: u\n  user:\n    token: "hush\n\tfoo: bar\n');
    const error = await fromKubeconfig(path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: expect.stringContaining(`cannot read ${path}: `) });
    expect(inspect(error, { depth: 9 }).replace(/\n +at .*/g, '')).not.toContain('hush');
  });
});
