/** The content of a kubeconfig for one server. */
export interface KubeconfigOptions {
  readonly server: string;
  /** The certificate of the certificate authority in PEM. */
  readonly caCert: string;
  readonly token: string;
}

/** Returns a kubeconfig with one cluster, user and context. The YAML is also valid JSON. */
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
