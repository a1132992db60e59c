import { badRequest } from '../model/errors.ts';
import { labelsOf } from '../model/metadata.ts';
import type { ApiObject } from '../model/objects.ts';
import type { Resource } from '../storage/resource.ts';
import { parseFieldSelector, parseLabelSelector } from './selectors.ts';

/** Which objects of a resource a list or a watch is about. */
export interface Selection {
  /** Undefined: all namespaces, or a cluster-scoped resource. */
  readonly namespace: string | undefined;
  /** Whether label or field selectors were given. */
  readonly filtered: boolean;
  /** Whether an object of that namespace is selected. */
  readonly matches: (object: ApiObject) => boolean;
}

/**
 * Reads labelSelector and fieldSelector of a query.
 * @throws ApiError 400 for selectors that cannot be parsed or name fields that the resource does not offer
 */
export function selectionOf(
  resource: Resource,
  namespace: string | undefined,
  query: URLSearchParams,
): Selection {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '').map(({ key, negated, value }) => {
    const read = fieldReader(resource, key);
    return (object: ApiObject) => (read(object) === value) !== negated;
  });
  return {
    namespace,
    filtered: labels !== undefined || fields.length > 0,
    matches: (object) =>
      (labels === undefined || labels(labelsOf(object))) && fields.every((field) => field(object)),
  };
}

function fieldReader(resource: Resource, key: string): (object: ApiObject) => string {
  if (key === 'metadata.name') return (object) => object.metadata.name ?? '';
  if (key === 'metadata.namespace' && resource.namespaced) return (object) => object.metadata.namespace ?? '';
  const read = resource.fieldLabels.get(key);
  if (read === undefined) throw badRequest(`field label not supported: ${key}`);
  return read;
}
