/**
 * The API server and the credentials of a kubeconfig. @kubernetes/client-node supports every form of a
 * kubeconfig (exec plug-ins, auth providers, several files, impersonation), but loading it takes half a
 * second and 85 MB. Only this file imports it, and only when a kubeconfig needs it.
 */
import type { KubeConfig } from '@kubernetes/client-node';
import type { RequestOptions } from 'node:https';
import type { Connection, ConnectionSource } from './connection.ts';
import { plainSource } from './plain-kubeconfig.ts';

/**
 * Returns a connection source for the kubeconfig at `path`. Without `path`, uses the order of kubectl:
 * $KUBECONFIG, ~/.kube/config, the service account of the pod. Every call of the source reads the credentials
 * again, so the client uses rotated tokens and certificates.
 *
 * @throws Error when the kubeconfig cannot be read or has no current cluster
 */
export async function fromKubeconfig(path?: string): Promise<ConnectionSource> {
  return plainSource(path) ?? (await clientNodeSource(path));
}

/** Like {@link fromKubeconfig}, but always with @kubernetes/client-node. */
export async function clientNodeSource(path?: string): Promise<ConnectionSource> {
  const config = await load(path);
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new Error(
      `there is no current cluster in ${path ?? 'the default kubeconfig'}; set current-context`,
    );
  return async () => {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    return connectionOf(cluster.server, options);
  };
}

async function load(path: string | undefined): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
  } catch (error) {
    // Only the first line of the message, and no cause: the YAML parser appends lines of the file, with
    // tokens.
    const [reason = ''] = (error as Error).message.split('\n');
    const source = path ?? 'the default kubeconfig';
    throw new Error(`cannot read ${source}: ${reason}; fix the file and check it with kubectl`);
  }
  return config;
}

function connectionOf(server: string, options: RequestOptions): Connection {
  const { ca, cert, key, servername, rejectUnauthorized, auth } = options;
  const headers = { ...(options.headers as Record<string, string> | undefined) };
  if (typeof auth === 'string') headers['Authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`;
  return {
    server,
    headers,
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    },
  };
}
