import type { LabelSelector } from '../../api/index.ts';
import { namespaceType, type Kind, type KubeObject } from '../../reconcile/index.ts';
import type { Stores } from './env.ts';
import { matchesLabels } from './labels.ts';

/**
 * The kind Namespace. The operator watches Namespaces and does not reconcile them: their labels name the
 * organization, and decide which ExternalNetworks a project may use.
 */
export const namespaceKind: Kind<KubeObject> = {
  type: namespaceType,
  facts: ({ metadata }) => metadata.labels ?? {},
};

/** A network of administrators, which objects of some namespaces may use. */
interface Shared {
  readonly spec: { readonly allowedNamespaces?: { readonly selector?: LabelSelector } };
}

/** Whether the selector of the network matches the namespace. Without a selector, nobody may use the network. */
export function allowsNamespace(
  stores: Pick<Stores, 'Namespace'>,
  { spec: { allowedNamespaces } }: Shared,
  namespace: string,
): boolean {
  const home = stores.Namespace.get(namespace);
  const selector = allowedNamespaces?.selector;
  return home !== undefined && selector !== undefined && matchesLabels(selector, home.metadata.labels);
}
