import { resources } from '../api/index.ts';
import { isNotFound, type KubeObject, type ResourceType, type RestClient } from '../reconcile/index.ts';
import { grantRemedy, ok, problem, reasonOf, some, warning, type Finding } from './finding.ts';
import { describePermission, neededPermissions, type Permission } from './permissions.ts';
import { applyCrds, checkSchemas, type Definition } from './schemas.ts';

const reviewType: ResourceType = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};

/** Whether the API server answers. */
export async function checkApiServer(client: RestClient): Promise<Finding> {
  const check = 'API server';
  try {
    return ok(check, `It answers, and is ${await client.version()}.`);
  } catch (error) {
    return problem(
      check,
      `It does not answer: ${reasonOf(error)}.`,
      'See that `kubectl --kubeconfig` with the same file works from here, and mend the setting `kubeconfig`.',
    );
  }
}

/** Whether every kind is served, and with the schemas of this version. */
export async function checkDefinitions(
  client: Pick<RestClient, 'serves' | 'openAPI'>,
  shipped: readonly Definition[],
): Promise<Finding[]> {
  const check = 'Custom resources';
  const types = Object.values(resources);
  const served = await Promise.all(types.map((type) => client.serves(type)));
  const missing = types.filter((_, index) => served[index] !== true).map(({ plural }) => plural);
  if (missing.length > 0) return [problem(check, `Not served: ${some(missing, 20)}.`, applyCrds)];
  return [ok(check, `All ${types.length} kinds are served.`), await checkSchemas(client, shipped)];
}

/** Whether this user may do all that the operator does. */
export async function checkPermissions(
  client: Pick<RestClient, 'create'>,
  leaseNamespace: string | undefined,
): Promise<Finding> {
  const needed = neededPermissions(leaseNamespace);
  const allowed = await Promise.all(needed.map((permission) => mayDo(client, permission))).catch(
    (error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    },
  );
  if (allowed === undefined) {
    return warning(
      'Permissions',
      'The API server cannot be asked about them: it does not serve SelfSubjectAccessReview.',
      'Compare them by hand with the ClusterRole and the Role in the chart.',
    );
  }
  const denied = needed.filter((_, index) => allowed[index] !== true).map(describePermission);
  if (denied.length === 0)
    return ok('Permissions', `All ${needed.length} that the operator needs are given.`);
  return problem('Permissions', `Denied: ${some(denied, 20)}.`, grantRemedy);
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
