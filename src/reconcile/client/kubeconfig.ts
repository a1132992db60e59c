/**
 * Where the cluster is and who we are. @kubernetes/client-node knows every form of a kubeconfig (exec plug-ins,
 * providers, several files, impersonation). The only file that imports its values: they cost half a second and 85 MB,
 * so they are loaded when a kubeconfig needs them.
 */
import type { KubeConfig } from '@kubernetes/client-node';
import type { RequestOptions } from 'node:https';
import type { Connection, ConnectionSource } from './connection.ts';
import { plainSource } from './plain-kubeconfig.ts';

/**
 * A source of connections from `path`, or as kubectl finds it: $KUBECONFIG, ~/.kube/config, the service account
 * of the pod. Throws when there is no usable cluster in it. Credentials are read anew at each call of the
 * source, so rotated tokens and certificates are picked up.
 */
export async function fromKubeconfig(path?: string): Promise<ConnectionSource> {
  return plainSource(path) ?? (await anySource(path));
}

/** The same for every form that there is. */
export async function anySource(path?: string): Promise<ConnectionSource> {
  const config = await load(path);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`no current cluster in ${path ?? 'the default kubeconfig'}`);
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
    // The first line alone, and no cause: behind it a YAML parser shows lines of the file, tokens and all.
    const [reason = ''] = (error as Error).message.split('\n');
    const which = path ?? 'the default kubeconfig';
    throw new Error(`cannot read ${which}: ${reason}; mend it, and see that kubectl works with it`);
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
