import {
  ApplyBadRequest,
  ApplyConflict,
  ApplyTypeError,
  serverSideApply,
  updateManagedFields,
} from './apply/index.ts';
import { interpretObject } from './decode.ts';
import { present } from './encode.ts';
import { ApiError, badRequest, notFound } from './errors.ts';
import type { Target } from './target.ts';
import { text } from './objects.ts';
import type { ApiObject, JsonObject } from './objects.ts';
import type { WriteOptions } from './request.ts';
import { apiVersionOf } from './resource.ts';
import type { Resource, Subresource } from './resource.ts';
import type { ServerState } from './state.ts';
import type { Entry } from './storage.ts';
import { create, subjectOf, update } from './write.ts';
import type { Written } from './write.ts';

/** Brings `after`'s managedFields up to date after a write that was not an apply: who wrote what. */
export function trackUpdate(
  resource: Resource,
  before: ApiObject | undefined,
  after: ApiObject,
  subresource: Subresource,
  options: WriteOptions,
  now: Date,
): void {
  const entries = updateManagedFields({
    before,
    after,
    manager: options.manager,
    operation: 'Update',
    subresource,
    apiVersion: apiVersionOf(resource),
    schema: resource.schema.root,
    hasStatus: resource.subresources.includes('status'),
    now,
  });
  if (entries.length === 0) delete after.metadata.managedFields;
  else after.metadata.managedFields = entries;
}

/**
 * Server-side apply of a configuration to an object, or to a part of it; makes the object when there is none.
 * @throws ApiError as the real server: 409 with the owners of what the configuration would change, 400, 404 or 500
 */
export function applyPatch(
  state: ServerState,
  target: Target,
  live: Entry | undefined,
  applied: JsonObject,
  options: WriteOptions,
): Written {
  const { resource, namespace, name, subresource } = target;
  const { apiVersion = '', kind = '' } = applied;
  if (apiVersion !== apiVersionOf(resource) || kind !== resource.kind) {
    const [version = '', group = ''] = text(apiVersion).split('/').toReversed();
    throw badRequest(`invalid object type: ${group}/${version}, Kind=${text(kind)}`);
  }
  if (live === undefined && subresource !== '') throw notFound(subjectOf(resource, name));
  const before = live === undefined ? undefined : present(resource, live.object);
  const merged = merge(resource, before, applied, subresource, options, state.clock.now());
  const { object } = interpretObject(resource, merged, { keepNulls: true });
  object.metadata.name ??= name;
  if (live !== undefined) return update(state, resource, live, object, subresource, options, false);
  if (object.metadata.name !== name) {
    throw badRequest(
      `the name of the object (${object.metadata.name ?? ''}) does not match the name on the URL (${name})`,
    );
  }
  return create(state, resource, namespace, object, options, false);
}

function merge(
  resource: Resource,
  live: ApiObject | undefined,
  applied: JsonObject,
  subresource: Subresource,
  { manager, force }: WriteOptions,
  now: Date,
): JsonObject {
  try {
    const { object } = serverSideApply({
      live,
      applied,
      manager,
      force,
      subresource,
      schema: resource.schema.root,
      hasStatus: resource.subresources.includes('status'),
      apiVersion: apiVersionOf(resource),
      now,
    });
    return object;
  } catch (error) {
    if (error instanceof ApplyConflict)
      throw new ApiError(409, 'Conflict', error.message, { causes: [...error.causes] });
    if (error instanceof ApplyTypeError) throw new ApiError(500, '', error.message);
    if (error instanceof ApplyBadRequest) throw badRequest(error.message);
    throw error;
  }
}
