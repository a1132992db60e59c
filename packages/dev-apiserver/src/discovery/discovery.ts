import { apiVersionOf } from '../storage/resource.ts';
import type { Resource } from '../storage/resource.ts';
import type { ServerState } from '../storage/state.ts';

/** Discovery documents, from which kubectl and other clients learn the resources of the server. */

interface GroupVersion {
  readonly group: string;
  readonly versions: ReadonlyMap<string, readonly Resource[]>;
}

/** Answers `GET /api`. */
export function apiVersions(address: string): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  };
}

/** Answers `GET /apis`. */
export function apiGroupList(state: ServerState): object {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups(state)
      .filter(({ group }) => group !== '')
      .map(describeGroup),
  };
}

/** Answers `GET /apis/GROUP`. Returns undefined for an unknown group. */
export function apiGroup(state: ServerState, group: string): object | undefined {
  const found = groups(state).find((other) => other.group === group);
  return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(found) };
}

/** Answers `GET /api/v1` and `GET /apis/GROUP/VERSION`. Returns undefined for an unknown version. */
export function apiResourceList(state: ServerState, group: string, version: string): object | undefined {
  const resources = groups(state)
    .find((other) => other.group === group)
    ?.versions.get(version);
  if (resources === undefined) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: resources.flatMap((resource) => [
      {
        name: resource.plural,
        singularName: resource.singular,
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: resource.verbs,
        ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
        ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
      },
      ...resource.subresources.map((subresource) => ({
        name: `${resource.plural}/${subresource}`,
        singularName: '',
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: ['get', 'patch', 'update'],
      })),
    ]),
  };
}

/**
 * Answers `GET /api` and `GET /apis` for clients that accept aggregated discovery (apidiscovery.k8s.io/v2).
 */
export function aggregatedDiscovery(state: ServerState, core: boolean): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups(state)
      .filter(({ group }) => (group === '') === core)
      .map(({ group, versions }) => ({
        metadata: group === '' ? {} : { name: group },
        versions: [...versions].map(([version, resources]) => ({
          version,
          freshness: 'Current',
          resources: resources.map((resource) => ({
            resource: resource.plural,
            responseKind: responseKind(resource),
            scope: resource.namespaced ? 'Namespaced' : 'Cluster',
            singularResource: resource.singular,
            verbs: resource.verbs,
            ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
            ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
            ...(resource.subresources.length === 0
              ? {}
              : {
                  subresources: resource.subresources.map((subresource) => ({
                    subresource,
                    responseKind: responseKind(resource),
                    verbs: ['get', 'patch', 'update'],
                  })),
                }),
          })),
        })),
      })),
  };
}

/** Returns the API groups with their versions, preferred version first. */
export function groups(state: ServerState): GroupVersion[] {
  const found = new Map<string, Map<string, Resource[]>>();
  for (const resource of state.resources()) {
    let versions = found.get(resource.group);
    if (versions === undefined) found.set(resource.group, (versions = new Map<string, Resource[]>()));
    const resources = versions.get(resource.version);
    if (resources === undefined) versions.set(resource.version, [resource]);
    else resources.push(resource);
  }
  for (const versions of found.values()) {
    for (const resources of versions.values()) resources.sort((a, b) => (a.plural < b.plural ? -1 : 1));
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, versions]) => ({
      group,
      versions: new Map([...versions].sort(([a], [b]) => compareVersions(a, b))),
    }));
}

function describeGroup({ group, versions }: GroupVersion): object {
  const list = [...versions.keys()].map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: list, preferredVersion: list[0] };
}

function responseKind({ group, version, kind }: Resource): object {
  return { group, version, kind };
}

/**
 * Compares versions in the order of Kubernetes: v2, v1, v1beta1, v1alpha1, then other names alphabetically.
 */
export function compareVersions(a: string, b: string): number {
  const rank = (version: string): [number, number, number] | undefined => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (match === null) return undefined;
    return [
      match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0,
      Number(match[1]),
      Number(match[3] ?? 0),
    ];
  };
  const left = rank(a);
  const right = rank(b);
  if (left === undefined || right === undefined) {
    if (left !== undefined) return -1;
    if (right !== undefined) return 1;
    return a < b ? -1 : 1;
  }
  return right[0] - left[0] || right[1] - left[1] || right[2] - left[2];
}
