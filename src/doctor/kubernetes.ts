import { resources } from '../api/index.ts';
import { ApiError, type KubeObject, type ResourceType, type RestClient } from '../reconcile/index.ts';
import { grantRemedy, listNames, ok, problem, reasonOf, warning, type Finding } from './finding.ts';
import {
  describePermission,
  neededPermissions,
  type Permission,
  type PermissionSettings,
} from './permissions.ts';
import { applyCrds, checkSchemas, type Definition } from './schemas.ts';

const reviewType: ResourceType = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};

/** Checks whether the API server answers. */
export async function checkApiServer(client: RestClient): Promise<Finding> {
  const check = 'API server';
  try {
    return ok(check, `The API server answers; its version is ${await client.version()}.`);
  } catch (error) {
    return problem(
      check,
      `The API server cannot be used: ${reasonOf(error)}.`,
      'Check that `kubectl --kubeconfig` works with the same file on this machine, and correct the setting `kubeconfig`.',
    );
  }
}

/** Checks whether the API server serves every kind, with the schemas of this version. */
export async function checkDefinitions(
  client: Pick<RestClient, 'serves' | 'openApi'>,
  shipped: readonly Definition[],
): Promise<Finding[]> {
  const check = 'Custom resources';
  const types = Object.values(resources);
  const served = await Promise.all(types.map((type) => client.serves(type)));
  const missing = types.filter((_, index) => served[index] !== true).map(({ plural }) => plural);
  if (missing.length > 0)
    return [problem(check, `The API server does not serve ${listNames(missing, 20)}.`, applyCrds)];
  return [ok(check, `The API server serves all ${types.length} kinds.`), await checkSchemas(client, shipped)];
}

/** Checks whether this user has all permissions of the operator. */
export async function checkPermissions(
  client: Pick<RestClient, 'create'>,
  settings: PermissionSettings,
): Promise<Finding> {
  const needed = neededPermissions(settings);
  const allowed = await Promise.all(needed.map((permission) => mayDo(client, permission))).catch(
    (error: unknown) => {
      // An API server without the group answers 404 without a reason.
      if (error instanceof ApiError && error.code === 404) return undefined;
      throw error;
    },
  );
  if (allowed === undefined) {
    return warning(
      'Permissions',
      'The check is not possible: the API server does not serve SelfSubjectAccessReview.',
      "Compare the user's permissions with the ClusterRole and the Role in the chart.",
    );
  }
  const denied = needed.filter((_, index) => allowed[index] !== true).map(describePermission);
  if (denied.length === 0)
    return ok('Permissions', `This user has all ${needed.length} permissions of the operator.`);
  return problem(
    'Permissions',
    `This user lacks permissions of the operator: ${listNames(denied, 20)}.`,
    grantRemedy,
  );
}

async function mayDo(client: Pick<RestClient, 'create'>, permission: Permission): Promise<boolean> {
  const review = await client.create<KubeObject & { readonly status?: { readonly allowed?: boolean } }>(
    reviewType,
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: { resourceAttributes: permission },
    },
  );
  return review.status?.allowed === true;
}
