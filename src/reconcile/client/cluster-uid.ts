import type { KubeClient, RequestOptions } from './client.ts';
import type { ResourceType } from '../types.ts';

/** The namespace whose UID identifies a Kubernetes cluster. Nobody can delete it, and a backup of etcd contains it. */
export const IDENTITY_NAMESPACE = 'kube-system';

export const namespaceType: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};

/**
 * Reads the UID that identifies the Kubernetes cluster of the API server.
 *
 * @throws ApiError 403 when the user may not get the namespace `kube-system`
 * @throws ConnectionError when the API server does not answer
 */
export async function readClusterUid(
  client: Pick<KubeClient, 'get'>,
  options?: RequestOptions,
): Promise<string> {
  const { metadata } = await client.get(namespaceType, { name: IDENTITY_NAMESPACE }, options);
  return metadata.uid;
}
