import type { Kind, KubeObject } from '../../reconcile/index.ts';

/** Namespaces are watched, not reconciled: their labels name the organization and the networks that they may use. */
export const namespaceKind: Kind<KubeObject> = {
  type: { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
  facts: ({ metadata }) => metadata.labels ?? {},
};
