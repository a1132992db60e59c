import { resources } from '../api/index.ts';

/** One thing that the operator asks of the API server. */
export interface Permission {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  /** Only in this namespace. */
  readonly namespace?: string;
  /** Only the object of this name. */
  readonly name?: string;
}

/** Kinds that are held by a finalizer while they are in use. */
const held = ['externalnetworks', 'floatingips', 'securitygroups', 'subnets', 'vpcs'];
/** Kinds of which the operator makes and removes objects: those that every VPC comes with. */
const made = ['securitygroups', 'subnets'];

/** All that the operator needs; the Lease only where leaders are elected. */
export function neededPermissions(leaseNamespace: string | undefined): Permission[] {
  const own = Object.values(resources).flatMap(({ group, plural }) => [
    ...['get', 'list', 'watch'].map((verb) => ({ group, resource: plural, verb })),
    { group, resource: plural, subresource: 'status', verb: 'patch' },
    ...(held.includes(plural) ? [{ group, resource: plural, verb: 'patch' }] : []),
    ...(made.includes(plural) ? ['create', 'delete'].map((verb) => ({ group, resource: plural, verb })) : []),
  ]);
  const namespaces = ['list', 'watch'].map((verb) => ({ group: '', resource: 'namespaces', verb }));
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
  return [...own, ...namespaces, ...events, ...leases];
}

/** `patch ports.network.plasmavmc.io/status`, as `kubectl auth can-i` takes it. */
export function describePermission({ group, resource, subresource, verb, namespace }: Permission): string {
  const what = `${resource}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
  return `${verb} ${what}${namespace === undefined ? '' : ` in ${namespace}`}`;
}
