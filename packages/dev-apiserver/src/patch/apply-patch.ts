import { ApplyBadRequest, ApplyConflict, ApplyTypeError, serverSideApply } from '../apply/index.ts';
import { ApiError, badRequest, notFound } from '../model/errors.ts';
import { text } from '../model/objects.ts';
import type { ApiObject, JsonObject } from '../model/objects.ts';
import type { Entry } from '../storage/collection.ts';
import { apiVersionOf } from '../storage/resource.ts';
import type { Resource, Subresource } from '../storage/resource.ts';
import type { ServerState } from '../storage/state.ts';
import type { WriteOptions } from '../verbs/request.ts';
import type { Target } from '../verbs/target.ts';
import { create, subjectOf, update } from '../verbs/write.ts';
import type { Written } from '../verbs/write.ts';
import { interpretObject } from '../wire/decode.ts';
import { present } from '../wire/encode.ts';

/**
 * Applies a configuration to an object or to one of its subresources (server-side apply). Creates the object if it does
 * not exist.
 *
 * @throws ApiError as the real server: 409 with the owners of the conflicting fields, 400, 404 or 500
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
