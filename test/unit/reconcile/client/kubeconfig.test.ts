import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { fromKubeconfig, namespaceType, RestClient } from '../../../../src/reconcile/index.ts';
import { eventually } from '../../../support/eventually.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A killed process exists until its parent has read its exit status.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

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

  /** Writes a credential plugin, a shell script. */
  async function plugin(script: string): Promise<object> {
    const path = join(folder, 'plugin');
    await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: path, args: ['an argument'] } };
  }

  const answer = (status: string): string =>
    `printf '{"kind":"ExecCredential","status":${status}}'; echo run >> "$0.runs"`;

  it('returns the credentials of a plugin, and runs the plugin again when they expire', async () => {
    const kept = `{"token":"'"$1"'","expirationTimestamp":"2999-01-01T00:00:00Z"}`;
    const connection = await connect(await plugin(answer(kept)));
    expect(connection.headers).toEqual({ Authorization: 'Bearer an argument' });
    const source = await fromKubeconfig(join(folder, 'config'));
    await source();
    await source();
    expect(await readFile(join(folder, 'plugin.runs'), 'utf8')).toBe('run\nrun\n');
    await plugin(answer('{"token":"old","expirationTimestamp":"2001-01-01T00:00:00Z"}'));
    const expired = await fromKubeconfig(join(folder, 'config'));
    await expired();
    await expired();
    expect(await readFile(join(folder, 'plugin.runs'), 'utf8')).toBe('run\nrun\nrun\nrun\n');
  });

  it('returns the client certificate of a plugin', async () => {
    const { tls } = await connect(
      await plugin(answer('{"clientCertificateData":"cert","clientKeyData":"key"}')),
    );
    expect(tls).toMatchObject({ cert: 'cert', key: 'key' });
  });

  it('reports a plugin that fails, without its output', async () => {
    await expect(connect(await plugin('echo no access >&2; exit 3'))).rejects.toThrow('failed: no access');
    const error: unknown = await connect(await plugin('echo hush')).catch((thrown: unknown) => thrown);
    expect(inspect(error)).toContain('did not print an ExecCredential');
    expect(inspect(error)).not.toContain('hush');
    await expect(connect({ exec: { command: join(folder, 'absent') } })).rejects.toThrow('ENOENT');
  });

  it('kills a plugin that does not answer, and its children, when the client is closed', async () => {
    await expect(connect(await plugin('exit 3'))).rejects.toThrow();
    await plugin('sleep 1000 & echo $! > "$0.child"; echo $$ > "$0.pid"; wait');
    const client = new RestClient(await fromKubeconfig(join(folder, 'config')));
    const request = client.get(namespaceType, { name: 'default' }, { timeoutMs: 60_000 });
    const pids = await eventually(async () =>
      Promise.all(
        ['child', 'pid'].map(async (name) => {
          const pid = Number(await readFile(join(folder, `plugin.${name}`), 'utf8'));
          if (pid === 0) throw new Error('the plugin has not started yet');
          return pid;
        }),
      ),
    );
    client.close();
    await expect(request).rejects.toMatchObject({ name: 'ConnectionError' });
    await eventually(() => pids.every((pid) => !isRunning(pid)));
  });

  it('rejects a request at its deadline, and after an abort, while a plugin does not answer', async () => {
    await expect(connect(await plugin('exit 3'))).rejects.toThrow();
    await plugin('sleep 1000');
    const client = new RestClient(await fromKubeconfig(join(folder, 'config')));
    const get = (options: object): Promise<unknown> =>
      client.get(namespaceType, { name: 'default' }, options);
    await expect(get({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'NO_CREDENTIALS' });
    const abort = new AbortController();
    const request = get({ signal: abort.signal });
    abort.abort();
    await expect(request).rejects.toMatchObject({ code: 'ABORTED' });
    client.close();
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

  it('says where it searched if there is no kubeconfig', async () => {
    const environment = (env: Record<string, string>) => ({ env, serviceAccount: join(folder, 'account') });
    await expect(fromKubeconfig(undefined, environment({ HOME: folder }))).rejects.toThrow(
      `no kubeconfig found: KUBECONFIG is not set; ${folder}/.kube/config does not exist; there is no service account ` +
        `of a pod in ${folder}/account. Set the option --kubeconfig or the variable KUBECONFIG`,
    );
    await expect(fromKubeconfig(undefined, environment({}))).rejects.toThrow('HOME is not set');
    const missing = join(folder, 'missing');
    await expect(fromKubeconfig(undefined, environment({ KUBECONFIG: missing }))).rejects.toThrow(
      `no kubeconfig found: KUBECONFIG is ${missing}, and no such file exists`,
    );
  });

  it('rejects a server without TLS at once, because every request would fail', async () => {
    await expect(connect({ token: 't' }, { server: 'http://127.0.0.1:8080' })).rejects.toThrow(
      /^the server http:\/\/127\.0\.0\.1:8080 in .* is not encrypted; use https:\/\//,
    );
  });

  describe('with a credential plug-in', () => {
    const plugin = `#!/bin/sh
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' \\
  "$(printf %s "$KUBERNETES_EXEC_INFO" | base64 -w0)"
`;
    const info = ({ headers }: { readonly headers: Readonly<Record<string, string>> }): unknown =>
      JSON.parse(Buffer.from(headers['Authorization']?.replace('Bearer ', '') ?? '', 'base64').toString());
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './bin/plugin',
      interactiveMode: 'Never',
    };
    beforeEach(async () => {
      await mkdir(join(folder, 'bin'));
      await writeFile(join(folder, 'bin', 'plugin'), plugin, { mode: 0o755 });
    });

    it('runs a command relative to the kubeconfig, with KUBERNETES_EXEC_INFO', async () => {
      expect(info(await connect({ exec }))).toEqual({
        apiVersion: exec.apiVersion,
        kind: 'ExecCredential',
        spec: { interactive: false },
      });
    });

    it('tells the plug-in the cluster if the plug-in asks for it', async () => {
      const extension = { name: 'client.authentication.k8s.io/exec', extension: { audience: 'a' } };
      const cluster = {
        'certificate-authority-data': base64('a CA'),
        'tls-server-name': 'kubernetes',
        extensions: [extension],
      };
      const connection = await connect({ exec: { ...exec, provideClusterInfo: true } }, cluster);
      expect(info(connection)).toMatchObject({
        spec: {
          cluster: {
            server: 'https://127.0.0.1:6443/prefix',
            'certificate-authority-data': base64('a CA'),
            'tls-server-name': 'kubernetes',
            config: { audience: 'a' },
          },
        },
      });
    });
  });
});
