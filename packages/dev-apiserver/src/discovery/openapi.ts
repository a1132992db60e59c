import { createHash } from 'node:crypto';
import { groups } from './discovery.ts';
import { described, metaName, metaSchemas, reference, typeMeta } from './openapi-meta.ts';
import type { JsonObject } from '../model/objects.ts';
import { apiVersionOf } from '../storage/resource.ts';
import type { Resource } from '../storage/resource.ts';
import type { ServerState } from '../storage/state.ts';

/**
 * OpenAPI v3 documents for `kubectl explain` and `kubectl apply`. Each API version has a document with the
 * schemas of its kinds and the methods and query parameters of its paths.
 */

interface Documents {
  readonly generation: number;
  readonly byPath: ReadonlyMap<string, { document: object; hash: string }>;
}
const cache = new WeakMap<ServerState, Documents>();

/** Answers `GET /openapi/v3` with the list of documents. */
export function openApiRoot(state: ServerState): object {
  const paths: JsonObject = {};
  for (const [path, { hash }] of documents(state).byPath) {
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
  }
  return { paths };
}

/**
 * Answers `GET /openapi/v3/apis/GROUP/VERSION` and `/openapi/v3/api/v1`. Returns undefined for an unknown
 * version.
 */
export function openApiDocument(state: ServerState, group: string, version: string): object | undefined {
  return documents(state).byPath.get(pathOf(group, version))?.document;
}

/**
 * Answers `GET /openapi/v2` with a document without paths and definitions. kubectl requests version 2 but
 * uses version 3. The document is JSON, or gnostic's openapiv2.Document in protobuf.
 */
export function openApiV2(protobuf: boolean): { contentType: string; body: Buffer } {
  const info = { title: 'overlay-network development API server', version: 'v1' };
  if (!protobuf) {
    return {
      contentType: 'application/json',
      body: Buffer.from(JSON.stringify({ swagger: '2.0', info, paths: {} })),
    };
  }
  // A protobuf field of type string or message is a tag (number << 3 | 2), a length, and the content. All
  // contents here are shorter than 128 bytes, so that the length has one byte.
  const field = (number: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
  const infoMessage = Buffer.concat([field(1, Buffer.from(info.title)), field(2, Buffer.from(info.version))]);
  return {
    contentType: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
    body: Buffer.concat([field(1, Buffer.from('2.0')), field(2, infoMessage), field(8, Buffer.alloc(0))]),
  };
}

function documents(state: ServerState): Documents {
  const known = cache.get(state);
  if (known?.generation === state.resourcesGeneration) return known;
  const byPath = new Map<string, { document: object; hash: string }>();
  for (const { group, versions } of groups(state)) {
    for (const [version, resources] of versions) {
      const document = describe(resources);
      const hash = createHash('sha256').update(JSON.stringify(document)).digest('hex').toUpperCase();
      byPath.set(pathOf(group, version), { document, hash });
    }
  }
  const made = { generation: state.resourcesGeneration, byPath };
  cache.set(state, made);
  return made;
}

function pathOf(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

function describe(resources: readonly Resource[]): object {
  const schemas: JsonObject = { ...metaSchemas };
  const paths: JsonObject = {};
  for (const resource of resources) {
    schemas[schemaName(resource, resource.kind)] = kindSchema(resource);
    schemas[schemaName(resource, resource.listKind)] = listSchema(resource);
    addPaths(paths, resource);
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.33.0' },
    paths,
    components: { schemas },
  };
}

/** Returns the name of a schema as the real server does: the domain of the API group in reverse order. */
function schemaName({ group, version }: Resource, kind: string): string {
  const domain = group === '' ? 'io.k8s.api.core' : group.split('.').reverse().join('.');
  return `${domain}.${version}.${kind}`;
}

function gvk({ group, version }: Resource, kind: string): JsonObject {
  return { group, version, kind };
}

function kindSchema(resource: Resource): JsonObject {
  const { properties, ...rest } = resource.openAPISchema;
  return {
    ...rest,
    properties: {
      ...(properties as JsonObject | undefined),
      ...typeMeta,
      metadata: described("Standard object's metadata.", 'ObjectMeta'),
    },
    'x-kubernetes-group-version-kind': [gvk(resource, resource.kind)],
  };
}

function listSchema(resource: Resource): JsonObject {
  return {
    type: 'object',
    description: `${resource.listKind} is a list of ${resource.kind}`,
    required: ['items'],
    properties: {
      ...typeMeta,
      metadata: described('Standard list metadata.', 'ListMeta'),
      items: {
        type: 'array',
        description: `List of ${resource.plural}.`,
        items: reference(schemaName(resource, resource.kind)),
      },
    },
    'x-kubernetes-group-version-kind': [gvk(resource, resource.listKind)],
  };
}

const query = (name: string, type: string, description: string): JsonObject => ({
  name,
  in: 'query',
  description,
  schema: { type, uniqueItems: true },
});
const inPath = (name: string): JsonObject => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string', uniqueItems: true },
});

const dryRun = query('dryRun', 'string', 'All: the server persists nothing.');
const writeParameters = [
  dryRun,
  query('fieldManager', 'string', 'The name of the field manager.'),
  query(
    'fieldValidation',
    'string',
    'How the server treats unknown and duplicate fields: Ignore, Warn or Strict.',
  ),
];
const listParameters = [
  query('labelSelector', 'string', 'Selects objects by labels.'),
  query('fieldSelector', 'string', 'Selects objects by fields.'),
  query('limit', 'integer', 'The maximum number of objects per page.'),
  query('continue', 'string', 'The token of the next page.'),
  query('resourceVersion', 'string', 'The resource version to start from.'),
  query('resourceVersionMatch', 'string', 'How to match resourceVersion: Exact or NotOlderThan.'),
  query('timeoutSeconds', 'integer', 'The duration of a watch.'),
  query('watch', 'boolean', 'Watch instead of list.'),
  query('allowWatchBookmarks', 'boolean', 'Send bookmarks.'),
  query('sendInitialEvents', 'boolean', 'Begin the watch with the current objects.'),
];
const patchTypes = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
];

function addPaths(paths: JsonObject, resource: Resource): void {
  const root = `/${resource.group === '' ? 'api' : 'apis'}/${apiVersionOf(resource)}`;
  const base = resource.namespaced
    ? `${root}/namespaces/{namespace}/${resource.plural}`
    : `${root}/${resource.plural}`;
  const common = resource.namespaced ? [inPath('namespace')] : [];
  const kind = schemaName(resource, resource.kind);
  const list = schemaName(resource, resource.listKind);
  const operation = (
    action: string,
    parameters: JsonObject[],
    answer: string,
    body?: JsonObject,
  ): JsonObject => ({
    operationId: `${action}-${resource.plural}`,
    parameters,
    ...(body === undefined ? {} : { requestBody: { required: true, content: body } }),
    responses: {
      200: { description: 'OK', content: { 'application/json': { schema: reference(answer) } } },
      401: { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk(resource, resource.kind),
  });
  const whole: JsonObject = {
    'application/json': { schema: reference(kind) },
    'application/yaml': { schema: reference(kind) },
  };
  const types = resource.builtIn ? [...patchTypes, 'application/strategic-merge-patch+json'] : patchTypes;
  const patch: JsonObject = Object.fromEntries(
    types.map((type) => [type, { schema: reference(metaName('Patch')) }]),
  );
  const force = query(
    'force',
    'boolean',
    'Take over fields that other managers own. Only for server-side apply.',
  );
  const getPutPatch: JsonObject = {
    get: operation('get', [], kind),
    put: operation('put', writeParameters, kind, whole),
    patch: operation('patch', [...writeParameters, force], kind, patch),
    parameters: [inPath('name'), ...common],
  };
  const deleting = [dryRun, query('propagationPolicy', 'string', 'Background, Foreground or Orphan.')];
  if (resource.namespaced)
    paths[`${root}/${resource.plural}`] = { get: operation('list', listParameters, list) };
  paths[base] = {
    get: operation('list', listParameters, list),
    post: operation('post', writeParameters, kind, whole),
    ...(resource.verbs.includes('deletecollection')
      ? { delete: operation('deletecollection', [...listParameters, ...deleting], metaName('Status')) }
      : {}),
    parameters: common,
  };
  paths[`${base}/{name}`] = { ...getPutPatch, delete: operation('delete', deleting, metaName('Status')) };
  for (const subresource of resource.subresources) paths[`${base}/{name}/${subresource}`] = getPutPatch;
}
