import { organizationKey } from '../../api/index.ts';
import type { Tenant } from '../pools/usage.ts';
import type { Stores } from './env.ts';

/** Returns the tenant of a namespace, from the labels of the namespace. */
export function tenantOf(stores: Pick<Stores, 'Namespace'>, namespace = ''): Tenant {
  const labels = stores.Namespace.get(namespace)?.metadata.labels;
  return { namespace, organization: organizationKey(namespace, labels) };
}
