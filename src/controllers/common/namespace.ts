import type { Kind, KubeObject } from '../../reconcile/index.ts';

/**
 * The kind Namespace. The operator watches Namespaces and does not reconcile them: their labels name the
 * organization, and decide which ExternalNetworks a project may use.
 */
export const namespaceKind: Kind<KubeObject> = {
  type: { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
  facts: ({ metadata }) => metadata.labels ?? {},
};
