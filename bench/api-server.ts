import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '../src/reconcile/client/connection.ts';
import { fromKubeconfig } from '../src/reconcile/index.ts';
import { realAssets, startReal } from '../packages/dev-apiserver/test/support/real.ts';
import { Child } from './child.ts';
import type { EmbeddedState } from './embedded-server.ts';
import { BareClient } from './http.ts';

/** An API server that runs in a separate process. */
export interface BenchServer {
  readonly connection: Connection;
  readonly kubeconfig: string;
  /** The number of requests so far that change objects of the project's API group, from all clients. */
  writes(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts an API server. Its files are in `dir`. */
export function startServer(kind: 'embedded' | 'real', dir: string): Promise<BenchServer> {
  return kind === 'embedded' ? startEmbedded(dir) : startRealServer();
}

async function startEmbedded(dir: string): Promise<BenchServer> {
  const child = new Child<object, EmbeddedState>('embedded-server.ts');
  const { kubeconfig: text } = await child.ask({});
  const kubeconfig = join(dir, 'kubeconfig');
  writeFileSync(kubeconfig, text, { mode: 0o600 });
  return {
    connection: await (await fromKubeconfig(kubeconfig))(),
    kubeconfig,
    writes: async () => (await child.ask({})).writes,
    stop: () => child.stop(),
  };
}

async function startRealServer(): Promise<BenchServer> {
  const assets = realAssets();
  if (assets === undefined)
    throw new Error('--api real needs KUBEBUILDER_ASSETS: set it to a folder with kube-apiserver and etcd');
  const real = await startReal(assets);
  const { url, caCert, token, kubeconfigPath } = real;
  const connection: Connection = {
    server: url,
    tls: { ca: caCert },
    headers: { Authorization: `Bearer ${token}` },
  };
  const client = new BareClient(connection);
  return {
    connection,
    kubeconfig: kubeconfigPath,
    writes: async () => countMetrics(await client.send('GET', '/metrics')),
    stop: () => {
      client.close();
      return real.stop();
    },
  };
}

/** Counts writes to the project's API group in the metrics of a kube-apiserver. */
export function countMetrics(text: string): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const [, labels = '', value] = /^apiserver_request_total\{(.*)\} (\S+)$/.exec(line) ?? [];
    const label = (name: string): string => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    const isCountedGroup = label('group') === 'network.plasmavmc.io';
    if (isCountedGroup && /^(POST|PUT|PATCH|APPLY|DELETE|DELETECOLLECTION)$/.test(label('verb')))
      sum += Number(value);
  }
  return sum;
}
