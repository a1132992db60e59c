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

/** The settings on which the permissions of the operator depend. */
export interface PermissionSettings {
  readonly leaseNamespace: string | undefined;
  readonly reviewsTokens: boolean;
}

/**
 * Returns all permissions of the operator with these settings.
 *
 * @param settings.leaseNamespace undefined without leader election
 * @param settings.reviewsTokens whether the operator lets the API server decide who may read the metrics
 */
export function neededPermissions({ leaseNamespace, reviewsTokens }: PermissionSettings): Permission[] {
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
  const reviews = reviewsTokens
    ? [
        { group: 'authentication.k8s.io', resource: 'tokenreviews', verb: 'create' },
        { group: 'authorization.k8s.io', resource: 'subjectaccessreviews', verb: 'create' },
      ]
    : [];
  return [...own, ...namespaces, identity, ...events, ...leases, ...reviews];
}

/** Formats a permission as for `kubectl auth can-i`: `patch ports.network.plasmavmc.io/status`. */
export function describePermission({ group, resource, subresource, verb, namespace }: Permission): string {
  const what = `${resource}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
  return `${verb} ${what}${namespace === undefined ? '' : ` in ${namespace}`}`;
}
