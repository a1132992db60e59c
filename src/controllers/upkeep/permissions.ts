import { resources } from '../../api/index.ts';
import type { KindName } from '../common/env.ts';
import { kindNames, modules } from '../kinds.ts';

/** A rule of a ClusterRole for resources of this API group. */
export interface PermissionRule {
  /** Why the operator needs the permissions: a sentence. */
  readonly reason: string;
  /** Plural names, with `/status` for the status subresource; sorted. */
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const READ_VERBS = ['get', 'list', 'watch'];
const WRITE_VERBS = ['create', 'delete', 'deletecollection', 'patch', 'update'];

/** Returns the permissions of the operator for objects of this API group. The chart and `doctor` use these rules. */
export function operatorRules(): readonly PermissionRule[] {
  return [
    {
      reason:
        'The operator gets an owner from the API server before it removes the rows of a missing object.',
      resources: plurals(kindNames),
      verbs: READ_VERBS,
    },
    {
      reason: 'The operator writes only the status of objects that it did not create.',
      resources: plurals(kindNames).map((plural) => `${plural}/status`),
      verbs: ['patch'],
    },
    {
      reason: 'Finalizers are part of metadata, and only the main resource allows a write to metadata.',
      resources: plurals(kindsWithFinalizer()),
      verbs: ['patch'],
    },
    {
      reason: 'The operator creates default objects, such as those of a new VPC, and deletes them again.',
      resources: plurals(kindNames.flatMap((kind) => modules[kind].creates ?? [])),
      verbs: ['create', 'delete'],
    },
  ];
}

/** Returns the permissions for the removal of the finalizers at an uninstallation. */
export function uninstallRule(): PermissionRule {
  return {
    reason: 'The Job removes the finalizers of these objects.',
    resources: plurals(kindsWithFinalizer()),
    verbs: ['get', 'list', 'patch'],
  };
}

/** Returns the permissions of tenants: they write their kinds in their namespaces, and read every namespaced kind. */
export function tenantRules(): { readonly edit: PermissionRule; readonly view: PermissionRule } {
  const tenantKinds = kindNames.filter((kind) => modules[kind].writers === 'tenants');
  const clusterScoped = tenantKinds.find((kind) => !resources[kind].namespaced);
  if (clusterScoped !== undefined)
    throw new Error(`tenants cannot write ${clusterScoped}, because it is not in a namespace`);
  return {
    edit: {
      reason: 'Tenants write the objects of their namespaces.',
      resources: plurals(tenantKinds),
      verbs: WRITE_VERBS,
    },
    view: {
      reason: 'Tenants read the objects of their namespaces, and the policies of administrators there.',
      resources: plurals(kindNames.filter((kind) => resources[kind].namespaced)),
      verbs: READ_VERBS,
    },
  };
}

/** Returns the permissions of network administrators, who are not administrators of the whole Kubernetes cluster. */
export function networkAdminRule(): PermissionRule {
  return {
    reason: 'Network administrators read and write every kind. Only the operator writes the status.',
    resources: plurals(kindNames),
    verbs: [...READ_VERBS, ...WRITE_VERBS],
  };
}

/**
 * Returns the kinds whose objects have the operator's finalizer. A kind comes before the kinds that it refers to: an
 * uninstallation releases dependents first.
 */
export const kindsWithFinalizer = (): readonly KindName[] =>
  kindNames.filter((kind) => modules[kind].hasFinalizer).toReversed();

const plurals = (kinds: readonly KindName[]): readonly string[] =>
  [...new Set(kinds.map((kind) => resources[kind].plural))].sort();
