import { notAcceptable } from '../model/errors.ts';
import type { ApiObject } from '../model/objects.ts';
import { apiVersionOf } from '../storage/resource.ts';
import type { Resource } from '../storage/resource.ts';
import type { Entry } from '../storage/collection.ts';

/** The form of the objects in an answer. */
export type Form = 'object' | 'table' | 'metadata';

/** The form and the format that an Accept header requests. */
export interface Accepted {
  readonly form: Form;
  readonly yaml: boolean;
}

const offered = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/**
 * Selects the form of the answer from an Accept header. The first supported media type of the header wins.
 *
 * @throws ApiError 406 when the server supports none of the media types
 */
export function negotiate(accept: string | undefined): Accepted {
  if (accept === undefined || accept === '') return { form: 'object', yaml: false };
  for (const clause of accept.split(',')) {
    const [type = '', ...parameters] = clause.split(';').map((part) => part.trim());
    const yaml = type === 'application/yaml';
    if (type !== 'application/json' && !yaml && type !== '*/*' && type !== 'application/*') continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (as === undefined) return { form: 'object', yaml };
    if (!parameters.includes('g=meta.k8s.io') || !parameters.includes('v=v1')) continue;
    if (as === 'Table') return { form: 'table', yaml };
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList')
      return { form: 'metadata', yaml };
  }
  throw notAcceptable(offered);
}

/**
 * Returns a stored object in the version of a resource, with apiVersion and kind. The result shares structure
 * with the store.
 */
export function present(resource: Resource, stored: ApiObject): ApiObject {
  const converted = resource.rules.fromStorage?.(stored) ?? stored;
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...converted };
}

/** Returns the stored form of an object, without apiVersion and kind. */
export function storedForm(resource: Resource, object: ApiObject): ApiObject {
  const converted = resource.rules.toStorage?.(object) ?? object;
  const { apiVersion: _a, kind: _k, ...rest } = converted;
  return rest;
}

/**
 * Returns the JSON of an entry without apiVersion and kind. The entry caches it, because it is the same for
 * all clients.
 */
function bodyJson(resource: Resource, entry: Entry): string {
  if (resource.rules.fromStorage !== undefined)
    return JSON.stringify(resource.rules.fromStorage(entry.object));
  return (entry.json ??= JSON.stringify(entry.object));
}

/** Returns the JSON of an entry in the version of a resource. */
export function entryJson(resource: Resource, entry: Entry): string {
  const body = bodyJson(resource, entry);
  return `{"apiVersion":"${apiVersionOf(resource)}","kind":"${resource.kind}",${body.slice(1)}`;
}

/** Returns the JSON of an entry as a list item. List items of built-in kinds have no apiVersion and kind. */
export function itemJson(resource: Resource, entry: Entry): string {
  return resource.builtIn ? bodyJson(resource, entry) : entryJson(resource, entry);
}

/** Returns the PartialObjectMetadata of an object. */
export function partialMetadata(object: ApiObject): ApiObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}
