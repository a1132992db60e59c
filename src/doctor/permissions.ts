import { resources } from '../api/index.ts';
import { operatorRules } from '../controllers/index.ts';
import { IDENTITY_NAMESPACE } from '../reconcile/index.ts';

/** A permission that the operator needs from the API server. */
export interface Permission {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  /** Limits the permission to this namespace. */
  readonly namespace?: string;
  /** Limits the permission to the object with this name. */
  readonly name?: string;
}

/**
 * Returns all permissions of the operator. The permissions for the Lease need `leaseNamespace`: undefined without
 * leader election.
 */
export function neededPermissions(leaseNamespace: string | undefined): Permission[] {
  const { group } = resources.VPC;
  const own = operatorRules().flatMap(({ resources: paths, verbs }) =>
    paths.flatMap((path) => {
      const [resource = '', subresource] = path.split('/');
      return verbs.map((verb) => ({ group, resource, ...(subresource && { subresource }), verb }));
    }),
  );
  const namespaces = ['list', 'watch'].map((verb) => ({ group: '', resource: 'namespaces', verb }));
  const identity = { group: '', resource: 'namespaces', verb: 'get', name: IDENTITY_NAMESPACE };
  const events = ['create', 'patch'].map((verb) => ({ group: 'events.k8s.io', resource: 'events', verb }));
  const lease = { group: 'coordination.k8s.io', resource: 'leases' };
  const leases =
    leaseNamespace === undefined
      ? []
      : [
          { ...lease, verb: 'create', namespace: leaseNamespace },
          ...['get', 'update'].map((verb) => ({
            ...lease,
            verb,
            namespace: leaseNamespace,
            name: 'overlay-network',
          })),
        ];
  return [...own, ...namespaces, identity, ...events, ...leases];
}

/** Formats a permission as for `kubectl auth can-i`: `patch ports.network.plasmavmc.io/status`. */
export function describePermission({ group, resource, subresource, verb, namespace }: Permission): string {
  const what = `${resource}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
  return `${verb} ${what}${namespace === undefined ? '' : ` in ${namespace}`}`;
}
