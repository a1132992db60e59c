import { mediaType, parseObject } from '../wire/decode.ts';
import { negotiate } from '../wire/encode.ts';
import { ApiError, badRequest, methodNotAllowed, notFound } from '../model/errors.ts';
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
} from '../discovery/discovery.ts';
import { dispatch } from './handlers.ts';
import type { Reply } from './handlers.ts';
import { openApiDocument, openApiRoot, openApiV2 } from '../discovery/openapi.ts';
import type { ApiRequest } from '../verbs/request.ts';
import type { Subresource } from '../storage/resource.ts';
import { selectionOf } from '../verbs/selection.ts';
import type { Selection } from '../verbs/selection.ts';
import type { ServerState } from '../storage/state.ts';
import type { Target } from '../verbs/target.ts';
import { isTrue, watchOptions } from '../verbs/watch.ts';
import type { WatchOptions } from '../verbs/watch.ts';
import { subjectOf } from '../verbs/write.ts';

/** The parts of an HTTP request that the router reads. */
export interface RoutedRequest extends ApiRequest {
  readonly method: string;
  /** The path as the client sent it, without the query. */
  readonly path: string;
  readonly accept: string | undefined;
  /** The address of this server: "HOST:PORT". */
  readonly address: string;
  /** Whether the token authenticates the user of this server. */
  readonly isToken: (token: string) => boolean;
}

/** How the server answers a request. */
export type Routed =
  | ({ readonly kind: 'reply'; readonly yaml: boolean; readonly contentType?: string } & Reply)
  | { readonly kind: 'bytes'; readonly contentType: string; readonly body: Buffer }
  | {
      readonly kind: 'watch';
      readonly target: Target;
      readonly selection: Selection;
      readonly options: WatchOptions;
    }
  /** 404 in plain text: no handler of the server has this path. */
  | { readonly kind: 'nothing' };

/** The health endpoints and the individual checks below them. */
const healthPath = /^\/(healthz|livez|readyz)(\/(ping|log|etcd))?$/;
const versionPath = /^\/version\/*$/;
const aggregated =
  /g=apidiscovery\.k8s\.io;v=v2;as=APIGroupDiscoveryList|as=APIGroupDiscoveryList;v=v2;g=apidiscovery\.k8s\.io/;

/** Returns true for the paths that a real cluster serves without credentials. */
export function isPublic(path: string): boolean {
  return versionPath.test(path) || healthPath.test(path);
}

/**
 * Routes a request to its handler. Like a real server, ignores a trailing slash in the path of an API
 * resource, but not in the path of a health endpoint or an OpenAPI document.
 *
 * @throws ApiError when the server rejects the request
 */
export function route(state: ServerState, request: RoutedRequest): Routed {
  const { path } = request;
  const segments = path.replace(/^\/|\/+$/g, '').split('/');
  const [root] = segments;
  if (root === 'api' || root === 'apis') return routeApi(state, request, segments);
  if (healthPath.test(path)) return text('ok');
  if (root === 'version') {
    if (segments.length > 1) throw noSuchResource();
    return readOnly(request, version);
  }
  if (root === 'openapi' && !path.endsWith('/')) return routeOpenApi(state, request, segments);
  return path === '/' ? json({ paths: rootPaths }) : { kind: 'nothing' };
}

const rootPaths = [
  '/api',
  '/api/v1',
  '/apis',
  '/healthz',
  '/livez',
  '/openapi/v2',
  '/openapi/v3',
  '/readyz',
  '/version',
];

/** The answer of /version. It names the Kubernetes version whose API this server implements. */
const version = {
  major: '1',
  minor: '33',
  gitVersion: 'v1.33.0+overlay-network-dev',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: `${process.platform}/${process.arch}`,
};

function routeApi(state: ServerState, request: RoutedRequest, segments: readonly string[]): Routed {
  const core = segments[0] === 'api';
  if (segments.length === 1) {
    if (!aggregated.test((request.accept ?? '').replaceAll(' ', '')))
      return readOnly(request, core ? apiVersions(request.address) : apiGroupList(state));
    return {
      ...readOnly(request, aggregatedDiscovery(state, core)),
      contentType: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    };
  }
  const [group = '', apiVersion, ...rest] = core ? ['', ...segments.slice(1)] : segments.slice(1);
  if (!core && group === '') return { kind: 'nothing' };
  const answer = request.method === 'POST' ? reviews.get(`${group}/${rest[0] ?? ''}`) : undefined;
  if (answer !== undefined) return review(request, group, answer);
  if (apiVersion !== undefined && rest.length > 0)
    return routeResource(state, request, group, apiVersion, rest);
  const document =
    apiVersion === undefined ? apiGroup(state, group) : apiResourceList(state, group, apiVersion);
  if (document !== undefined) return readOnly(request, document);
  if (isBuiltIn(state, group)) throw noSuchResource();
  return { kind: 'nothing' };
}

function routeResource(
  state: ServerState,
  request: RoutedRequest,
  group: string,
  apiVersion: string,
  path: readonly string[],
): Routed {
  // The deprecated prefix /watch/ means the same as ?watch=1.
  const legacyWatch = path[0] === 'watch';
  let rest = legacyWatch ? path.slice(1) : [...path];
  let namespace: string | undefined;
  const [first, second, third] = rest;
  // The paths /namespaces/NAME/finalize and /namespaces/NAME/status are subresources of the namespace itself.
  if (
    first === 'namespaces' &&
    second !== undefined &&
    third !== undefined &&
    !(group === '' && rest.length === 3 && (third === 'status' || third === 'finalize'))
  ) {
    // An empty segment stands for all namespaces: client-go omits the name of a namespace that is not set.
    namespace = second === '' ? undefined : decodeSegment(second);
    rest = rest.slice(2);
  }
  const [plural = '', name = '', subresource = '', ...more] = rest.map(decodeSegment);
  const resource = state.resource(group, apiVersion, plural);
  if (resource === undefined && isBuiltIn(state, group)) throw noSuchResource();
  if (resource === undefined || more.length > 0) return { kind: 'nothing' };
  if (resource.namespaced ? namespace === undefined && name !== '' : namespace !== undefined)
    return { kind: 'nothing' };
  if (subresource !== '' && !(resource.subresources as readonly string[]).includes(subresource)) {
    if (!resource.builtIn) throw notFound(subjectOf(resource, name));
    throw noSuchResource();
  }
  // For writes across all namespaces, a custom resource has no path (404). A built-in kind has the path, but no such
  // methods (405, see `dispatch`).
  if (!resource.builtIn && resource.namespaced && namespace === undefined && request.method !== 'GET')
    return { kind: 'nothing' };
  const target: Target = { resource, namespace, name, subresource: subresource as Subresource };
  const accepted = negotiate(request.accept);
  const warnings = resource.deprecation === undefined ? [] : [resource.deprecation];
  if (
    request.method === 'GET' &&
    subresource === '' &&
    (legacyWatch || (name === '' && isTrue(request.query.get('watch'))))
  ) {
    const query = new URLSearchParams(request.query);
    if (name !== '') query.append('fieldSelector', `metadata.name=${name}`);
    return {
      kind: 'watch',
      target,
      selection: selectionOf(resource, namespace, query),
      options: watchOptions(query, accepted.form),
    };
  }
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const reply = dispatch(state, method, target, request, accepted.form);
  return { kind: 'reply', ...reply, yaml: accepted.yaml, warnings: [...warnings, ...reply.warnings] };
}

function isBuiltIn(state: ServerState, group: string): boolean {
  return [...state.resources()].some((resource) => resource.group === group && resource.builtIn);
}

function noSuchResource(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`invalid URL escape in ${JSON.stringify(segment)}`);
  }
}

/** A review: its kind, and the status for the spec that the client sends. */
interface Review {
  readonly kind: string;
  readonly status: (spec: { readonly token?: unknown }, request: RoutedRequest) => object;
}

/** The reviews by group and resource. The only user of this server is allowed every action. */
const reviews = new Map<string, Review>([
  [
    'authorization.k8s.io/selfsubjectaccessreviews',
    { kind: 'SelfSubjectAccessReview', status: () => ({ allowed: true }) },
  ],
  [
    'authorization.k8s.io/subjectaccessreviews',
    { kind: 'SubjectAccessReview', status: () => ({ allowed: true }) },
  ],
  [
    'authentication.k8s.io/tokenreviews',
    {
      kind: 'TokenReview',
      status: ({ token }, request) =>
        typeof token === 'string' && request.isToken(token)
          ? {
              authenticated: true,
              user: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
            }
          : { user: {}, error: 'invalid bearer token' },
    },
  ],
]);

/** Answers a review, which the server does not store. */
function review(request: RoutedRequest, group: string, { kind, status }: Review): Routed {
  const { spec = {} } = parseObject(kind, mediaType(request.contentType), request.body);
  const object = {
    kind,
    apiVersion: `${group}/v1`,
    metadata: {},
    spec,
    status: status(spec as object, request),
  };
  return { ...json(object), code: 201 };
}

function routeOpenApi(state: ServerState, request: RoutedRequest, segments: readonly string[]): Routed {
  if (segments[1] === 'v2' && segments.length === 2) {
    const v2 = openApiV2((request.accept ?? '').includes('protobuf'));
    return { kind: 'bytes', ...v2 };
  }
  if (segments[1] !== 'v3') return { kind: 'nothing' };
  if (segments.length === 2) return json(openApiRoot(state));
  const [prefix, ...rest] = segments.slice(2);
  const [group = '', apiVersion = ''] = prefix === 'api' ? ['', ...rest] : rest;
  const document = openApiDocument(state, group, apiVersion);
  return document === undefined ? { kind: 'nothing' } : json(document);
}

/** Answers GET with a document and every other method with 405. */
function readOnly({ method }: RoutedRequest, document: object): Extract<Routed, { kind: 'reply' }> {
  if (method !== 'GET') throw methodNotAllowed();
  return json(document);
}

function json(value: object): Extract<Routed, { kind: 'reply' }> {
  return { kind: 'reply', code: 200, json: JSON.stringify(value), warnings: [], yaml: false };
}

function text(body: string): Routed {
  return { kind: 'bytes', contentType: 'text/plain; charset=utf-8', body: Buffer.from(body) };
}
