/** An API server that a test has started. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

export interface RunningServer {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** The certificate to trust, in PEM. */
  readonly caCert: string;
  /** The bearer token of an administrator. */
  readonly token: string;
  readonly kubeconfigPath: string;
  stop(): Promise<void>;
  /** Simulates an outage: closes all connections and rejects new ones. */
  pause?(): Promise<void>;
  /** Ends the outage of `pause`. The address and the objects stay the same. */
  resume?(): Promise<void>;
  /** Drops the history, so that older resource versions are expired. */
  compact?(): Promise<void>;
}

/** Writes a kubeconfig for the server into the folder and returns its path. */
export async function writeKubeconfig(
  folder: string,
  { url, caCert, token }: Pick<RunningServer, 'url' | 'caCert' | 'token'>,
): Promise<string> {
  const path = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        cluster: { server: url, 'certificate-authority-data': Buffer.from(caCert).toString('base64') },
      },
    ],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin', namespace: 'default' } }],
    'current-context': 'test',
  };
  await writeFile(path, stringify(config), { mode: 0o600 });
  return path;
}
