import { parse } from 'yaml';
import type { Connection } from '../reconcile/index.ts';

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
  readonly users: readonly {
    readonly user: {
      readonly token?: string;
      readonly 'client-certificate-data'?: string;
      readonly 'client-key-data'?: string;
    };
  }[];
}

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString();

/**
 * The connection in a kubeconfig that the development API server wrote: one cluster, one user, everything inline.
 * (Kubeconfigs of any form are read by src/reconcile's fromKubeconfig, at the price of loading a large library.)
 */
export function connectionOf(kubeconfig: string): Connection {
  const { clusters, users } = parse(kubeconfig) as Kubeconfig;
  const cluster = clusters[0]?.cluster;
  const user = users[0]?.user;
  if (cluster === undefined || user === undefined)
    throw new Error('the kubeconfig has no cluster or no user');
  const { token, 'client-certificate-data': cert, 'client-key-data': key } = user;
  return {
    server: cluster.server,
    tls: {
      ca: decoded(cluster['certificate-authority-data']),
      ...(cert === undefined || key === undefined ? {} : { cert: decoded(cert), key: decoded(key) }),
    },
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
  };
}
