import {
  ApiError,
  ConnectionError,
  isNotFound,
  leaseType,
  type KubeClient,
  type Lease,
  type ObjectRef,
} from '../reconcile/index.ts';

/** How long the last read of the Lease may take, in ms. */
const READ_TIMEOUT_MS = 10_000;

/**
 * Returns the error for a Lease that this process did not acquire in time. Reads the Lease, so that the error states
 * the present cause.
 *
 * @param failure the message of the last failed attempt, if there is one
 */
export async function leaseRefusal(
  client: Pick<KubeClient, 'get'>,
  lease: ObjectRef & { readonly namespace: string },
  failure: string | undefined,
): Promise<Error> {
  const name = `${lease.namespace}/${lease.name}`;
  try {
    const { spec } = await client.get<Lease>(leaseType, lease, { timeoutMs: READ_TIMEOUT_MS });
    const holder = spec?.holderIdentity ?? '';
    if (holder !== '')
      return new Error(
        `An operator still runs: ${holder} holds the Lease. Remove the operator first, because it adds the finalizers again`,
      );
    return new Error(
      `Cannot acquire the Lease ${name}: ${failure ?? 'the time was too short'}. Grant this user the verbs get, create and ` +
        'update on Leases, or wait longer with --wait',
    );
  } catch (error) {
    return refusalOf(error, name, failure);
  }
}

function refusalOf(error: unknown, lease: string, failure: string | undefined): Error {
  const because = { cause: error };
  if (error instanceof ConnectionError)
    return new Error(
      `Cannot reach the API server: ${error.message}. Check the kubeconfig and the connection, and run the command again`,
      because,
    );
  if (isNotFound(error))
    return new Error(
      `Cannot create the Lease ${lease}: ${failure ?? 'the namespace does not exist'}. Set --leader-election-namespace to ` +
        'the namespace of the operator',
      because,
    );
  if (error instanceof ApiError && error.code === 403)
    return new Error(
      `Cannot acquire the Lease ${lease}: ${error.message}. Grant this user the verbs get, create and update on Leases`,
      because,
    );
  const message = error instanceof Error ? error.message : String(error);
  return new Error(
    `Cannot acquire the Lease ${lease}: ${message}. Correct the cause, and run the command again`,
    because,
  );
}
