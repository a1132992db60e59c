import { setTimeout as delay } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { readCrds } from '../doctor/index.ts';
import { isAlreadyExists } from '../reconcile/index.ts';
import type { KubeClient, KubeObject, NewObject, ObjectRef, ResourceType } from '../reconcile/index.ts';

/** The resource type of CustomResourceDefinitions. */
export const definitionType: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

const core = { group: '', version: 'v1' } as const;

/** The Kubernetes kinds that examples use: namespaces, and the Secrets and ConfigMaps that Ports reference. */
export const coreTypes: readonly ResourceType[] = [
  { ...core, kind: 'Namespace', plural: 'namespaces', namespaced: false },
  { ...core, kind: 'Secret', plural: 'secrets', namespaced: true },
  { ...core, kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
];

/**
 * Parses the objects in the text of a YAML file.
 * @throws YAMLParseError with line and column when the text is not YAML
 */
export function readManifests(text: string): NewObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value = document.toJS() as NewObject | null;
    return value === null ? [] : [value];
  });
}

/** The kinds that {@link applyManifests} accepts: the kinds of crds/ and {@link coreTypes}. */
export function knownTypes(): ResourceType[] {
  const projectTypes = readCrds().map(({ spec }) => ({
    group: spec.group,
    version: spec.versions.find(({ storage }) => storage)?.name ?? '',
    kind: spec.names.kind,
    plural: spec.names.plural,
    namespaced: spec.scope === 'Namespaced',
  }));
  return [...coreTypes, ...projectTypes];
}

/**
 * Creates each object, or merges it into the existing object. Namespaced objects without a namespace go to `default`.
 * @throws Error when a manifest has a kind that is not in {@link knownTypes}
 */
export async function applyManifests(
  client: KubeClient,
  manifests: readonly NewObject[],
): Promise<{ readonly type: ResourceType; readonly object: KubeObject }[]> {
  const types = knownTypes();
  const applied: { type: ResourceType; object: KubeObject }[] = [];
  for (const manifest of manifests) {
    const type = types.find(
      ({ group, version, kind }) =>
        kind === manifest.kind && manifest.apiVersion === (group === '' ? version : `${group}/${version}`),
    );
    if (type === undefined)
      throw new Error(
        `${manifest.apiVersion} ${manifest.kind} is not supported: the development cluster applies only ` +
          `${types.map(({ kind }) => kind).join(', ')}.`,
      );
    const namespace = type.namespaced ? { namespace: manifest.metadata.namespace ?? 'default' } : {};
    const object = { ...manifest, metadata: { ...manifest.metadata, ...namespace } };
    applied.push({ type, object: await createOrMerge(client, type, object) });
  }
  return applied;
}

async function createOrMerge(client: KubeClient, type: ResourceType, object: NewObject): Promise<KubeObject> {
  try {
    return await client.create(type, object);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { name = '', namespace } = object.metadata;
    const ref: ObjectRef = namespace === undefined ? { name } : { name, namespace };
    return await client.patchMerge(type, ref, object);
  }
}

/**
 * Applies crds/ and resolves when the API server serves every kind.
 * @throws Error when a kind is not served after `timeoutMs` (default 30 000)
 */
export async function installCrds(client: KubeClient, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (const crd of readCrds()) await createOrMerge(client, definitionType, crd);
  for (const type of knownTypes()) {
    while (!(await client.serves(type))) {
      if (performance.now() > deadline)
        throw new Error(`the API server did not serve ${type.kind} within ${timeoutMs} ms`);
      await delay(20);
    }
  }
}
