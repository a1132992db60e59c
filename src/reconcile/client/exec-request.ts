import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';

/** The plug-in of a user in a kubeconfig, as far as this file changes it. */
interface Exec {
  apiVersion?: string;
  command?: string;
  env?: { readonly name: string; readonly value: string }[];
  readonly provideClusterInfo?: boolean;
}

/** The parts of the KubeConfig of @kubernetes/client-node that this file uses. */
interface KubeConfig {
  getCurrentUser(): { readonly name: string; exec?: unknown } | null;
  getCurrentCluster(): {
    readonly name: string;
    readonly server: string;
    readonly tlsServerName?: string;
    readonly skipTLSVerify: boolean;
    readonly caData?: string;
    readonly caFile?: string;
    readonly proxyUrl?: string;
  } | null;
}

/** The extension of a cluster that contains settings for plug-ins. */
const EXEC_EXTENSION = 'client.authentication.k8s.io/exec';

/**
 * Completes the settings of the current user's credential plug-in, which @kubernetes/client-node starts as they are. A
 * relative path with a folder is relative to the kubeconfig that contains the user, and the plug-in finds the request
 * in KUBERNETES_EXEC_INFO (client-go, tools/clientcmd and plugin/pkg/client/auth/exec).
 *
 * @param files the paths of the kubeconfigs in the order of their precedence
 */
export function completeExecPlugin(config: KubeConfig, files: readonly string[]): void {
  const user = config.getCurrentUser();
  const exec = user?.exec as Exec | undefined;
  if (user === null || exec?.command === undefined) return;
  const home = files.find((file) => entryOf(file, 'user', user.name) !== undefined);
  if (home !== undefined && exec.command.includes('/') && !isAbsolute(exec.command))
    exec.command = resolve(dirname(home), exec.command);
  const cluster = exec.provideClusterInfo === true ? { cluster: clusterInfo(config, files) } : {};
  const request = {
    apiVersion: exec.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...cluster },
  };
  exec.env = [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(request) }];
}

/** Returns the cluster as plug-ins expect it (client.authentication.k8s.io/v1, type Cluster). */
function clusterInfo(config: KubeConfig, files: readonly string[]): object {
  const cluster = config.getCurrentCluster();
  if (cluster === null) return {};
  const { server, tlsServerName, skipTLSVerify, caData, caFile, proxyUrl } = cluster;
  const ca = caData ?? (caFile === undefined ? undefined : readFileSync(caFile).toString('base64'));
  const extensions = files
    .map((file) => entryOf(file, 'cluster', cluster.name)?.['extensions'])
    .find((each) => Array.isArray(each)) as readonly { name?: string; extension?: unknown }[] | undefined;
  return {
    server,
    ...(tlsServerName !== undefined && { 'tls-server-name': tlsServerName }),
    ...(skipTLSVerify && { 'insecure-skip-tls-verify': true }),
    ...(ca !== undefined && { 'certificate-authority-data': ca }),
    ...(proxyUrl !== undefined && { 'proxy-url': proxyUrl }),
    config: extensions?.find(({ name }) => name === EXEC_EXTENSION)?.extension ?? null,
  };
}

/** Returns the user or cluster with this name in a kubeconfig that the library has already read. */
function entryOf(file: string, kind: 'user' | 'cluster', name: string): Record<string, unknown> | undefined {
  const document = parseYaml(readFileSync(file, 'utf8')) as Record<string, unknown> | null;
  const list = (document?.[`${kind}s`] ?? []) as readonly Record<string, unknown>[];
  return list.find((each) => each['name'] === name)?.[kind] as Record<string, unknown> | undefined;
}
