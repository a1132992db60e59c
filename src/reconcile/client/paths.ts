import type { ResourceType } from '../types.ts';
import { ApiError } from './errors.ts';

/**
 * The path of a resource: of one object when `name` is given, of a namespace's objects when only `namespace` is,
 * else of all. Throws ApiError 400 for a name that cannot be a path segment: references come from what users
 * write, and '../x' must not lead elsewhere.
 */
export function resourcePath(
  type: ResourceType,
  ref: { readonly namespace?: string | undefined; readonly name?: string | undefined },
  subresource?: string,
): string {
  let path = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  if (type.namespaced && ref.namespace !== undefined) path += `/namespaces/${segment(ref.namespace)}`;
  path += `/${type.plural}`;
  if (ref.name !== undefined) path += `/${segment(ref.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** `path` with those of `parameters` that are set. */
export function withQuery(
  path: string,
  parameters: Readonly<Record<string, string | number | undefined>>,
): string {
  let query = '';
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    query += `${query === '' ? '?' : '&'}${name}=${encodeURIComponent(value)}`;
  }
  return path + query;
}

/** Kubernetes: IsValidPathSegmentName. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/%]/.test(name)) {
    throw new ApiError(400, {
      reason: 'BadRequest',
      message: `not a name of an object: ${JSON.stringify(name)}`,
    });
  }
  return encodeURIComponent(name);
}
