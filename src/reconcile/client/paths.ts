import type { ResourceType } from '../types.ts';
import { ApiError } from './errors.ts';

/**
 * The URL path of one object if `name` is given, of the objects of a namespace if only `namespace` is given,
 * otherwise of all objects.
 *
 * @throws ApiError 400 for a name that is not a valid path segment. Names come from references that users
 *   write, so a name such as '../x' must not change the path.
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

/** Appends the parameters that are not undefined to `path`. */
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

/** Encodes a path segment. The rules are those of IsValidPathSegmentName in Kubernetes. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/%]/.test(name)) {
    throw new ApiError(400, {
      reason: 'BadRequest',
      message: `${JSON.stringify(name)} is not a valid object name`,
    });
  }
  return encodeURIComponent(name);
}
