/** The namespace label for the organization. Only administrators can set it: tenants cannot write their namespace. */
export const ORGANIZATION_LABEL = 'network.plasmavmc.io/organization';
/** The namespace label for the project. */
const PROJECT_LABEL = 'network.plasmavmc.io/project';

type Labels = Readonly<Record<string, string>>;

/** The tenant that owns the objects of a namespace. */
export interface Tenancy {
  /** Undefined if no administrator has assigned the namespace to an organization. */
  readonly organization: string | undefined;
  readonly project: string;
}

/**
 * The tenant of a namespace, from its labels. Without labels, the namespace has no organization, and the project is
 * the name of the namespace. An empty label counts as unset. Callers pass no labels for a namespace that they do not
 * know.
 */
export function tenancyOf(namespace: string, labels?: Labels): Tenancy {
  return {
    organization: labels?.[ORGANIZATION_LABEL] || undefined,
    project: labels?.[PROJECT_LABEL] || namespace,
  };
}

/**
 * Returns a key that is equal for two namespaces exactly when they are in the same organization. A namespace without
 * an organization is alone: tenants that no administrator has grouped must not block each other. The key of such a
 * namespace is never the key of an organization with the same name.
 */
export function organizationKey(namespace: string, labels?: Labels): string {
  const { organization } = tenancyOf(namespace, labels);
  return organization === undefined ? `namespace/${namespace}` : `organization/${organization}`;
}
