/**
 * The API server and the credentials of a kubeconfig. @kubernetes/client-node supports every form of a
 * kubeconfig (auth providers, several files, impersonation), but loading it takes half a
 * second and 85 MB. Only this file imports it, and only when a kubeconfig needs it.
 */
import type { KubeConfig } from '@kubernetes/client-node';
import type { RequestOptions } from 'node:https';
import type { Connection, ConnectionSource } from './connection.ts';
import { defaultKubeconfigs, expectDefaultCredentials } from './default-kubeconfig.ts';
import { ExecPlugin, type ExecConfig } from './exec-plugin.ts';
import { completeExecPlugin } from './exec-request.ts';
import { plainSource, processEnvironment } from './plain-kubeconfig.ts';
import { checkProxy, proxyFromEnvironment } from './proxy.ts';

/**
 * Returns a connection source for the kubeconfig at `path`. Without `path`, uses the order of kubectl:
 * $KUBECONFIG, ~/.kube/config, the service account of the pod. Every call of the source reads the credentials
 * again, so the client uses rotated tokens and certificates.
 *
 * @throws Error when the kubeconfig cannot be read or has no current cluster
 */
export async function fromKubeconfig(
  path?: string,
  environment = processEnvironment,
): Promise<ConnectionSource> {
  const source = plainSource(path, environment) ?? (await clientNodeSource(path, environment));
  return async (signal) => {
    const connection = await source(signal);
    const proxy = connection.proxy ?? proxyFromEnvironment(connection.server, environment.env);
    return proxy === undefined ? connection : { ...connection, proxy: checkProxy(proxy) };
  };
}

/** Like {@link fromKubeconfig}, but always with @kubernetes/client-node, and without a proxy of the environment. */
export async function clientNodeSource(
  path?: string,
  environment = processEnvironment,
): Promise<ConnectionSource> {
  if (path === undefined) expectDefaultCredentials(environment);
  const config = await load(path);
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new Error(
      `there is no current cluster in ${path ?? 'the default kubeconfig'}; set current-context`,
    );
  const { server, proxyUrl, skipTLSVerify } = cluster;
  if (server.startsWith('http:') && !skipTLSVerify)
    throw new Error(
      `the server ${server} in ${path ?? 'the default kubeconfig'} is not encrypted; use https://, or set insecure-skip-tls-verify`,
    );
  if (proxyUrl !== undefined) checkProxy(proxyUrl);
  completeExecPlugin(config, path === undefined ? defaultKubeconfigs(environment.env) : [path]);
  const plugin = takePlugin(config);
  return async (signal) => {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const connection = withPlugin(connectionOf(server, options), await plugin?.credentials(signal));
    return { ...connection, ...(proxyUrl !== undefined && { proxy: proxyUrl }) };
  };
}

/** Removes the credential plugin of the current user, so that the library does not run the plugin. */
function takePlugin(config: KubeConfig): ExecPlugin | undefined {
  const user = config.getCurrentUser();
  const exec = user?.exec as ExecConfig | undefined;
  if (user === null || exec === undefined) return undefined;
  Object.assign(user, { exec: undefined });
  return new ExecPlugin(exec);
}

function withPlugin(
  connection: Connection,
  status: Awaited<ReturnType<ExecPlugin['credentials']>> | undefined,
): Connection {
  const { token, clientCertificateData: cert, clientKeyData: key } = status ?? {};
  return {
    ...connection,
    headers: { ...connection.headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
    tls: { ...connection.tls, ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) },
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
