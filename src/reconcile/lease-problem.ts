import type { KubeClient, RequestOptions } from './client/client.ts';
import { namespaceType } from './client/cluster-uid.ts';
import { ApiError } from './client/errors.ts';

/**
 * Returns why a candidate cannot use the lease, for users. The API server answers 404 or 403 if the namespace of the
 * lease does not exist, so the function looks for the namespace.
 */
export async function leaseProblem(
  client: Pick<KubeClient, 'list'>,
  namespace: string,
  error: unknown,
  options: RequestOptions,
): Promise<string> {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 403)) return message;
  const selection = { ...options, fieldSelector: `metadata.name=${namespace}`, limit: 1 };
  const found = await client.list(namespaceType, selection).catch(() => undefined);
  return found?.items.length === 0
    ? `the namespace ${namespace} of the Lease does not exist: create the namespace, or correct the setting leaderElection.namespace`
    : message;
}
