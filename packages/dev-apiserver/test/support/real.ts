/**
 * Starts a real kube-apiserver with etcd, from the folder in KUBEBUILDER_ASSETS (the convention of envtest).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from './client.ts';
import { writeKubeconfig, type RunningServer } from './running-server.ts';

/**
 * Returns the folder with `etcd` and `kube-apiserver`, or undefined when the variable is not set or the
 * folder is incomplete.
 */
export function realAssets(): string | undefined {
  const folder = process.env['KUBEBUILDER_ASSETS'];
  if (folder === undefined || folder === '') return undefined;
  return ['etcd', 'kube-apiserver'].every((program) => existsSync(join(folder, program)))
    ? folder
    : undefined;
}

/**
 * Starts both programs on free loopback ports with their files in a temporary folder, and waits until they
 * are ready.
 *
 * @throws Error with the output of the programs when they do not become ready
 */
export async function startReal(assets: string): Promise<RunningServer> {
  // The programs cannot report a port that they selected. The test selects free ports, but another program
  // may use them first.
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryStart(assets);
    } catch (error) {
      if (attempt === 3 || !/address already in use/.test(String(error))) throw error;
    }
  }
}

async function tryStart(assets: string): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), 'overlay-real-apiserver-'));
  const token = randomUUID();
  await writeFile(join(folder, 'tokens.csv'), `${token},admin,1,system:masters\n`, { mode: 0o600 });
  await mkdir(join(folder, 'certs'));
  const [etcdPort, securePort] = await freePorts();
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const etcd = new Program(join(assets, 'etcd'), [
    `--data-dir=${join(folder, 'etcd')}`,
    '--unsafe-no-fsync',
    '--listen-peer-urls=http://127.0.0.1:0',
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    '--log-level=error',
  ]);
  const startApi = (): Program =>
    new Program(join(assets, 'kube-apiserver'), [
      `--etcd-servers=${etcdUrl}`,
      `--cert-dir=${join(folder, 'certs')}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${securePort}`,
      `--token-auth-file=${join(folder, 'tokens.csv')}`,
    ]);
  let api = startApi();
  const url = `https://127.0.0.1:${securePort}`;
  const stop = async (): Promise<void> => {
    try {
      await api.stop();
      await etcd.stop();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  try {
    const certificate = join(folder, 'certs', 'apiserver.crt');
    const caCert = await ready(url, token, certificate, [etcd, api]);
    const kubeconfigPath = await writeKubeconfig(folder, { url, caCert, token });
    return {
      url,
      caCert,
      token,
      kubeconfigPath,
      stop,
      compact: () => compactEtcd(etcdUrl),
      pause: () => api.stop(),
      resume: async () => {
        api = startApi();
        await ready(url, token, certificate, [etcd, api]);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function ready(
  url: string,
  token: string,
  certificate: string,
  programs: readonly Program[],
): Promise<string> {
  for (const deadline = Date.now() + 60_000; ;) {
    const ended = programs.find((program) => program.ended);
    if (ended !== undefined || Date.now() > deadline) {
      throw new Error(
        `the real API server did not become ready:\n${programs.map((program) => program.output).join('\n')}`,
      );
    }
    if (existsSync(certificate)) {
      const caCert = await readFile(certificate, 'utf8');
      const client = new ApiClient({ url, token, caCert });
      try {
        const { status } = await client.get('/readyz');
        const namespaces = await client.get('/api/v1/namespaces/default');
        if (status === 200 && namespaces.status === 200) return caCert;
      } catch {
        // The server does not listen yet, or has written only a part of its certificate.
      } finally {
        client.close();
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Compacts etcd, so that reads and watches of older revisions fail. */
async function compactEtcd(etcdUrl: string): Promise<void> {
  const post = async (path: string, body: unknown): Promise<{ header?: { revision?: string } }> => {
    const response = await fetch(`${etcdUrl}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`etcd ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as { header?: { revision?: string } };
  };
  const { header } = await post('range', { key: Buffer.from('/').toString('base64') });
  await post('compaction', { revision: header?.revision, physical: true });
}

async function freePorts(): Promise<[number, number]> {
  const servers = await Promise.all(
    [0, 1].map(async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(async (server) => once(server.close(), 'close')));
  return ports as [number, number];
}

/** A child process. It keeps the last output for error messages. */
class Program {
  readonly #child: ChildProcess;
  #output = '';

  constructor(path: string, args: readonly string[]) {
    this.#child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-4000);
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
    this.#child.on('error', (error) => keep(Buffer.from(String(error))));
  }

  get ended(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get output(): string {
    return this.#output;
  }

  /** Stops the process with SIGTERM, and with SIGKILL after five seconds. */
  async stop(): Promise<void> {
    if (this.ended) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await exit;
    clearTimeout(timer);
  }
}
