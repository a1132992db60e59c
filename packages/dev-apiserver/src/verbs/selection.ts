import { badRequest } from '../model/errors.ts';
import { labelsOf } from '../model/metadata.ts';
import type { ApiObject } from '../model/objects.ts';
import type { Resource } from '../storage/resource.ts';
import { parseFieldSelector, parseLabelSelector } from './selectors.ts';

/** The objects that a list or a watch selects. */
export interface Selection {
  /** Undefined for all namespaces and for cluster-scoped resources. */
  readonly namespace: string | undefined;
  /** True when the query has a label selector or a field selector. */
  readonly filtered: boolean;
  /** Returns true when the selectors match an object of the namespace. */
  readonly matches: (object: ApiObject) => boolean;
}

/**
 * Reads the labelSelector and fieldSelector of a query.
 *
 * @throws ApiError 400 when a selector cannot be parsed, or names a field that the resource does not support
 * in selectors
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
