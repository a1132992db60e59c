import { mediaType, parseObject } from './decode.ts';
import { negotiate } from './encode.ts';
import { ApiError, badRequest, notFound } from './errors.ts';
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from './discovery.ts';
import { dispatch } from './handlers.ts';
import type { Reply } from './handlers.ts';
import { openAPIDocument, openAPIRoot, openAPIV2 } from './openapi.ts';
import type { ApiRequest } from './request.ts';
import type { Subresource } from './resource.ts';
import { selectionOf } from './selection.ts';
import type { Selection } from './selection.ts';
import type { ServerState } from './state.ts';
import type { Target } from './target.ts';
import { isTrue, watchOptions } from './watch.ts';
import type { WatchOptions } from './watch.ts';
import { subjectOf } from './write.ts';

/** A request as the router sees it. */
export interface RoutedRequest extends ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly accept: string | undefined;
  /** The address of the server, host and port. */
  readonly address: string;
}

/** What to do with a request. */
export type Routed =
  | ({ readonly kind: 'reply'; readonly yaml: boolean; readonly contentType?: string } & Reply)
  | { readonly kind: 'bytes'; readonly contentType: string; readonly body: Buffer }
  | {
      readonly kind: 'watch';
      readonly target: Target;
      readonly selection: Selection;
      readonly options: WatchOptions;
    }
  /** A path that there is not: plain text, as the real server answers. */
  | { readonly kind: 'nothing' };

const healthPaths = new Set(['/healthz', '/livez', '/readyz']);
const aggregated =
  /g=apidiscovery\.k8s\.io;v=v2;as=APIGroupDiscoveryList|as=APIGroupDiscoveryList;v=v2;g=apidiscovery\.k8s\.io/;

/** Paths that need no credentials, as on a real cluster. */
export function isPublic(path: string): boolean {
  return path === '/version' || healthPaths.has(path) || /^\/(healthz|livez|readyz)\//.test(path);
}

/**
 * Routes a request to what answers it.
 * @throws ApiError for everything that is refused
 */
export function route(state: ServerState, request: RoutedRequest): Routed {
  const { path } = request;
  const segments = path.split('/').filter((segment) => segment !== '');
  const [root] = segments;
  if (root === 'api' || root === 'apis') return routeApi(state, request, segments);
  if (isPublic(path)) return path === '/version' ? json(version) : text('ok');
  if (root === 'openapi') return routeOpenAPI(state, request, segments);
  if (root === undefined)
    return json({
      paths: [
        '/api',
        '/api/v1',
        '/apis',
        '/healthz',
        '/livez',
        '/openapi/v2',
        '/openapi/v3',
        '/readyz',
        '/version',
      ],
    });
  return { kind: 'nothing' };
}

/** The version that the server says it is: the API level that it follows. */
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
  const [group = '', apiVersion, ...rest] = core ? ['', ...segments.slice(1)] : segments.slice(1);
  if (core ? apiVersion === undefined : group === '') {
    if (aggregated.test((request.accept ?? '').replaceAll(' ', ''))) {
      return {
        ...json(aggregatedDiscovery(state, core)),
        contentType: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
      };
    }
    return json(core ? apiVersions(request.address) : apiGroupList(state));
  }
  if (apiVersion === undefined) return found(apiGroup(state, group));
  if (group === 'authorization.k8s.io' && rest[0] === 'selfsubjectaccessreviews' && request.method === 'POST')
    return accessReview(request);
  if (rest.length === 0) return found(apiResourceList(state, group, apiVersion));
  return routeResource(state, request, group, apiVersion, rest);
}

function routeResource(
  state: ServerState,
  request: RoutedRequest,
  group: string,
  apiVersion: string,
  path: readonly string[],
): Routed {
  // The deprecated /watch/ prefix of a path is the same as ?watch=1.
  const legacyWatch = path[0] === 'watch';
  let rest = legacyWatch ? path.slice(1) : [...path];
  let namespace: string | undefined;
  const [first, second, third] = rest;
  // /namespaces/NAME/finalize and /namespaces/NAME/status are about the namespace, not in it.
  if (
    first === 'namespaces' &&
    second !== undefined &&
    third !== undefined &&
    !(group === '' && rest.length === 3 && (third === 'status' || third === 'finalize'))
  ) {
    namespace = decodeSegment(second);
    rest = rest.slice(2);
  }
  const [plural = '', name = '', subresource = '', ...more] = rest.map(decodeSegment);
  const resource = state.resource(group, apiVersion, plural);
  if (resource === undefined && isBuiltIn(state, group, apiVersion)) throw noSuchResource();
  if (resource === undefined || more.length > 0) return { kind: 'nothing' };
  if (resource.namespaced ? namespace === undefined && name !== '' : namespace !== undefined)
    return { kind: 'nothing' };
  if (subresource !== '' && !(resource.subresources as readonly string[]).includes(subresource)) {
    if (!resource.builtIn) throw notFound(subjectOf(resource, name));
    throw noSuchResource();
  }
  // A custom resource has no paths for writing to all namespaces; a built-in kind has, but not the methods.
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

function isBuiltIn(state: ServerState, group: string, version: string): boolean {
  return [...state.resources()].some((one) => one.group === group && one.version === version && one.builtIn);
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

/** SelfSubjectAccessReview: whoever has the token may do everything. */
function accessReview(request: RoutedRequest): Routed {
  const { spec = {} } = parseObject('SelfSubjectAccessReview', mediaType(request.contentType), request.body);
  const object = {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec,
    status: { allowed: true },
  };
  return { ...json(object), code: 201 };
}

function routeOpenAPI(state: ServerState, request: RoutedRequest, segments: readonly string[]): Routed {
  if (segments[1] === 'v2' && segments.length === 2) {
    const v2 = openAPIV2((request.accept ?? '').includes('protobuf'));
    return { kind: 'bytes', ...v2 };
  }
  if (segments[1] !== 'v3') return { kind: 'nothing' };
  if (segments.length === 2) return json(openAPIRoot(state));
  const [prefix, ...rest] = segments.slice(2);
  const [group = '', apiVersion = ''] = prefix === 'api' ? ['', ...rest] : rest;
  return found(openAPIDocument(state, group, apiVersion));
}

function found(value: object | undefined): Routed {
  return value === undefined ? { kind: 'nothing' } : json(value);
}

function json(value: object): Extract<Routed, { kind: 'reply' }> {
  return { kind: 'reply', code: 200, json: JSON.stringify(value), warnings: [], yaml: false };
}

function text(body: string): Routed {
  return { kind: 'bytes', contentType: 'text/plain; charset=utf-8', body: Buffer.from(body) };
}
