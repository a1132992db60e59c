import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromKubeconfig, RestClient } from '../reconcile/index.ts';
import type { Connection, KubeClient } from '../reconcile/index.ts';
import { ApiServer } from '../../packages/dev-apiserver/src/index.ts';
import { removeAbandonedNamespaces } from './lab/netns.ts';
import { installCrds } from './manifests.ts';
import { startOvnCentral } from './ovn/central.ts';
import type { OvnCentral } from './ovn/central.ts';
import { createWorkspace } from './workspace.ts';

export interface DevClusterOptions {
  /** Folder for all files: absent, empty, or left by a cluster that crashed. Default: a new temporary folder. */
  readonly dir?: string;
  /** Port of the API server on 127.0.0.1; default: any free port. */
  readonly port?: number;
  /** Keeps the folder (databases, logs) after `stop`. Default: false. */
  readonly keep?: boolean;
}

/**
 * A cluster for development and tests: an API server with the project's kinds in this process, and OVN's control plane
 * as child processes. The cluster listens on loopback and unix sockets only. It keeps no state after `stop`.
 */
export interface DevCluster {
  /** The private folder (mode 0700) with sockets, databases, logs and the kubeconfig. */
  readonly dir: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** The content of the kubeconfig in parts, for clients that read no kubeconfig. */
  readonly connection: Connection;
  /** A client of the API server with the administrator's rights. */
  readonly client: KubeClient;
  readonly ovn: OvnCentral;
  /**
   * Stops all processes and removes the folder. Idempotent. When this process exits without `stop`, the cluster is
   * stopped too, but nothing waits for its end.
   */
  stop(): Promise<void>;
}

/**
 * Starts a development cluster; resolves when the API server serves every kind and OVN answers. A start first removes
 * what crashed clusters left behind. A start that fails removes what it created.
 * @throws OvnMissingError when a program or schema of OVN is not installed
 * @throws WorkspaceError when the folder cannot be used
 */
export async function startDevCluster(options: DevClusterOptions = {}): Promise<DevCluster> {
  // Before the folders are removed: the processes of a crashed lab can only be found by their namespace.
  removeAbandonedNamespaces();
  const workspace = createWorkspace(options.dir === undefined ? {} : { dir: options.dir });
  const { dir } = workspace;
  const remove = (): void => {
    if (options.keep !== true) workspace.remove();
  };
  const cleanups: (() => Promise<void> | void)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopping ??= (async () => {
      for (const cleanup of cleanups.toReversed()) await cleanup();
    })());

  try {
    cleanups.push(remove);
    const ovn = await startOvnCentral(dir);
    cleanups.push(() => ovn.stop());
    // The exit hooks of the daemons were added before this one, so processes end before their folder is removed.
    process.once('exit', remove);
    cleanups.push(() => void process.off('exit', remove));

    const server = await ApiServer.start(options.port === undefined ? {} : { port: options.port });
    cleanups.push(() => server.stop());
    const kubeconfig = join(dir, 'kubeconfig');
    writeFileSync(kubeconfig, server.kubeconfig(), { mode: 0o600 });

    const connect = await fromKubeconfig(kubeconfig);
    const client = new RestClient(connect);
    cleanups.push(() => client.close());
    await installCrds(client);
    return { dir, kubeconfig, connection: await connect(), client, ovn, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
