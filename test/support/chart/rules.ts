/** Evaluates Kubernetes RBAC rules with apiGroups, resources, verbs and resourceNames. */
import type { Rendered } from './chart.ts';

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** The access that one request needs. `resource` includes the subresource: `ports/status`. */
export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** Rules that apply in one namespace, or in every namespace if `namespace` is undefined. */
export interface Grant {
  readonly namespace: string | undefined;
  readonly rules: readonly PolicyRule[];
}

/** The permissions that the bindings in `objects` grant to a service account. */
export function grantsTo(
  objects: readonly Rendered[],
  account: { readonly namespace: string; readonly name: string },
): Grant[] {
  return objects
    .filter(({ kind }) => kind === 'ClusterRoleBinding' || kind === 'RoleBinding')
    .filter(({ subjects }) =>
      (subjects as { kind: string; name: string; namespace: string }[]).some(
        ({ kind, name, namespace }) =>
          kind === 'ServiceAccount' && name === account.name && namespace === account.namespace,
      ),
    )
    .map(({ kind: binding, roleRef, metadata: { namespace } }) => {
      const { kind, name } = roleRef as { kind: string; name: string };
      const role = objects.find(
        (object) =>
          object.kind === kind &&
          object.metadata.name === name &&
          (kind === 'ClusterRole' || object.metadata.namespace === namespace),
      );
      if (role === undefined) throw new Error(`the ${kind} ${name} does not exist`);
      return {
        namespace: binding === 'RoleBinding' ? namespace : undefined,
        rules: role['rules'] as PolicyRule[],
      };
    });
}

/** Whether the grants allow the access. */
export function isAllowed(
  grants: readonly Grant[],
  { verb, group, resource, namespace, name }: Access,
): boolean {
  return grants.some(
    (grant) =>
      (grant.namespace === undefined || grant.namespace === namespace) &&
      grant.rules.some(
        ({ apiGroups, resources, verbs, resourceNames }) =>
          apiGroups.includes(group) &&
          resources.includes(resource) &&
          verbs.includes(verb) &&
          (resourceNames === undefined || (name !== undefined && resourceNames.includes(name))),
      ),
  );
}

/** Every `verb group/resource` that the grants allow, sorted. */
export const allowedBy = (grants: readonly Grant[]): string[] =>
  [
    ...new Set(
      grants.flatMap(({ rules }) =>
        rules.flatMap(({ apiGroups, resources, verbs }) =>
          apiGroups.flatMap((group) =>
            resources.flatMap((resource) => verbs.map((verb) => describeAccess({ verb, group, resource }))),
          ),
        ),
      ),
    ),
  ].sort();

/** Formats an access, for example `patch network.plasmavmc.io/ports/status`. */
export const describeAccess = ({
  verb,
  group,
  resource,
}: Pick<Access, 'verb' | 'group' | 'resource'>): string =>
  `${verb} ${group === '' ? 'core' : group}/${resource}`;

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** The access that a request needs; undefined for discovery and for other paths without a resource. */
export function accessOf(method: string, url: string): Access | undefined {
  const { pathname, searchParams } = new URL(url, 'http://server');
  const [, core, grouped, rest] = /^\/(?:(api)\/v1|apis\/([^/]+)\/[^/]+)\/(.+)$/.exec(pathname) ?? [];
  if (rest === undefined) return undefined;
  const group = core === undefined ? (grouped ?? '') : '';
  let parts = rest.split('/').map(decodeURIComponent);
  let namespace: string | undefined;
  if (parts[0] === 'namespaces' && parts.length > 2)
    [, namespace, ...parts] = parts as [string, string, ...string[]];
  const [plural = '', name, subresource] = parts;
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const isWatch = /^(1|true)$/.test(searchParams.get('watch') ?? '');
  const reading = name !== undefined ? 'get' : isWatch ? 'watch' : 'list';
  return { verb: verbs[method] ?? reading, group, resource, namespace, name };
}
