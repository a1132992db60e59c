import { resources } from '../api/index.ts';
import {
  ApiError,
  isNotFound,
  jsonEqual,
  type KubeObject,
  type ResourceType,
  type RestClient,
} from '../reconcile/index.ts';
import { grantRemedy, ok, problem, reasonOf, some, warning, type Finding } from './finding.ts';
import { describePermission, neededPermissions, type Permission } from './permissions.ts';

/** The part of a CustomResourceDefinition that decides what the API server takes. */
export interface Definition {
  readonly metadata: { readonly name?: string };
  readonly spec: { readonly versions: readonly { readonly name: string; readonly schema?: unknown }[] };
}

const definitionType: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

const reviewType: ResourceType = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};

const applyCrds =
  'Apply the CustomResourceDefinitions of this version: `kubectl apply --server-side -f crds/`.';

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

/** Whether every kind is served, and by the definitions of this version. */
export async function checkDefinitions(
  client: RestClient,
  shipped: readonly Definition[],
): Promise<Finding[]> {
  const check = 'Custom resources';
  const types = Object.values(resources);
  const served = await Promise.all(types.map((type) => client.serves(type)));
  const missing = types.filter((_, index) => served[index] !== true).map(({ plural }) => plural);
  if (missing.length > 0) return [problem(check, `Not served: ${some(missing, 20)}.`, applyCrds)];
  const found = ok(check, `All ${types.length} kinds are served.`);
  try {
    const others: string[] = [];
    for (const definition of shipped) {
      const { name = '' } = definition.metadata;
      const live = await client.get<KubeObject & Definition>(definitionType, { name });
      if (!jsonEqual(schemasOf(live), schemasOf(definition))) others.push(name);
    }
    if (others.length === 0) return [found, ok('Their schemas', 'They are those of this version.')];
    return [found, warning('Their schemas', `Of another version: ${some(others, 20)}.`, applyCrds)];
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 403) throw error;
    return [found, ok('Their schemas', 'Not compared: this user may not read CustomResourceDefinitions.')];
  }
}

const schemasOf = ({ spec }: Definition): unknown =>
  spec.versions.map(({ name, schema }) => ({ name, schema }));

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
