/** Namespace label that names the organization. Administrators own it: tenants cannot write their namespace. */
export const ORGANIZATION_LABEL = 'network.plasmavmc.io/organization';
/** Namespace label that names the project. */
export const PROJECT_LABEL = 'network.plasmavmc.io/project';

/** Whom the objects of a namespace belong to. */
export interface Tenancy {
  readonly organization: string;
  readonly project: string;
}

/**
 * The tenant of a namespace: from its labels, else organization `default` and the namespace's name as the project.
 * An empty label counts as unset. A namespace that is not known (yet) has no labels.
 */
export function tenancyOf(namespace: string, labels?: Readonly<Record<string, string>>): Tenancy {
  return {
    organization: labels?.[ORGANIZATION_LABEL] || 'default',
    project: labels?.[PROJECT_LABEL] || namespace,
  };
}
