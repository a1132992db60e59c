/** The namespace label for the organization. Only administrators can set it: tenants cannot write their namespace. */
export const ORGANIZATION_LABEL = 'network.plasmavmc.io/organization';
/** The namespace label for the project. */
const PROJECT_LABEL = 'network.plasmavmc.io/project';

/** The tenant that owns the objects of a namespace. */
export interface Tenancy {
  readonly organization: string;
  readonly project: string;
}

/**
 * The tenant of a namespace, from its labels. Without labels, the organization is `default` and the project is the
 * name of the namespace. An empty label counts as unset. Callers pass no labels for a namespace that they do not know.
 */
export function tenancyOf(namespace: string, labels?: Readonly<Record<string, string>>): Tenancy {
  return {
    organization: labels?.[ORGANIZATION_LABEL] || 'default',
    project: labels?.[PROJECT_LABEL] || namespace,
  };
}
