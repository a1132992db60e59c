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
  /** Folder for everything; absent, empty, or left by one that crashed. Default: a new one for temporary files. */
  readonly dir?: string;
  /** Port of the API server on 127.0.0.1; default: any that is free. */
  readonly port?: number;
  /** Leaves the folder (databases, logs) when stopped. Default: false. */
  readonly keep?: boolean;
}

/**
 * A cluster for development and tests: an API server in this process, with the project's kinds, and OVN's control
 * plane beside it. Loopback and unix sockets only; all state is gone when it stops.
 */
export interface DevCluster {
  /** The private folder (mode 0700) with sockets, databases, logs and the kubeconfig. */
  readonly dir: string;
  /** Path of a kubeconfig for its administrator. */
  readonly kubeconfig: string;
  /** The same in parts, for clients that need no kubeconfig. */
  readonly connection: Connection;
  /** A client of the API server, as its administrator. */
  readonly client: KubeClient;
  readonly ovn: OvnCentral;
  /** Ends all of it and removes the folder; may be called again. Happens at exit too, but then without waiting. */
  stop(): Promise<void>;
}

/**
 * Starts a development cluster; resolves when its kinds are served and OVN answers. When a start fails, nothing is
 * left of it. What earlier processes left behind when they crashed is cleaned up first.
 * @throws OvnMissingError, WorkspaceError
 */
export async function startDevCluster(options: DevClusterOptions = {}): Promise<DevCluster> {
  // Before the folders: a lab that crashed has processes that are known by their namespace alone.
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
    // After the daemons' own hooks, which were added when they started: processes first, then their folder.
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
