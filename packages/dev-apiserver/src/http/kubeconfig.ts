/** What a kubeconfig says of one server. */
export interface KubeconfigOptions {
  readonly server: string;
  /** PEM. */
  readonly caCert: string;
  readonly token: string;
}

/** A kubeconfig (kubectl's `config view` format) with one cluster, user and context, as YAML that is also JSON. */
export function kubeconfig({ server, caCert, token }: KubeconfigOptions): string {
  const name = 'overlay-network-dev';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name, cluster: { server, 'certificate-authority-data': Buffer.from(caCert).toString('base64') } },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
