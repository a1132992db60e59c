import { randomUUID } from 'node:crypto';
import {
  alreadyExists,
  ApiError,
  badRequest,
  conflict,
  forbidden,
  invalid,
  invalidValue,
  notFound,
} from '../model/errors.ts';
import type { Subject } from '../model/errors.ts';
import type { DecodedObject } from '../wire/decode.ts';
import { present, storedForm } from '../wire/encode.ts';
import { trackUpdate } from './field-manager.ts';
import { generateName, subdomainProblems, validateMeta, validateMetaUpdate } from '../model/metadata.ts';
import { equalJson, metaTime, objectKey } from '../model/objects.ts';
import type { ApiObject, ObjectMeta } from '../model/objects.ts';
import type { WriteOptions } from './request.ts';
import { apiVersionOf } from '../storage/resource.ts';
import type { Resource, Subresource } from '../storage/resource.ts';
import type { ServerState } from '../storage/state.ts';
import type { Entry } from '../storage/collection.ts';

/** The result of a write. */
export interface Written {
  /** The object in the version of the resource. */
  readonly object: ApiObject;
  readonly created: boolean;
  /** The stored entry of `object`. Undefined after a dry run and when the object was removed. */
  readonly entry?: Entry;
}

/** Returns the subject of errors about an object that the request addresses by its resource. */
export function subjectOf(resource: Resource, name: string): Subject {
  return { group: resource.group, kind: resource.plural, name };
}

/**
 * Rejects the problems that strict decoding found, or returns them as warnings.
 *
 * @throws ApiError 400 with fieldValidation=Strict
 */
export function checkStrict(
  resource: Resource,
  decoded: DecodedObject,
  options: WriteOptions,
): readonly string[] {
  if (decoded.problems.length === 0 || options.fieldValidation === 'Ignore') return [];
  if (options.fieldValidation === 'Warn') return decoded.problems;
  const { kind } = resource;
  throw badRequest(
    `${kind} in version "${resource.version}" cannot be handled as a ${kind}: strict decoding error: ${decoded.problems.join(', ')}`,
  );
}

/**
 * Stores a new object. `object` is decoded (pruned and defaulted). The store owns it from now on. `track`
 * records managedFields. A server-side apply records them itself.
 *
 * @throws ApiError as the create of a real server
 */
export function create(
  state: ServerState,
  resource: Resource,
  namespace: string | undefined,
  object: ApiObject,
  options: WriteOptions,
  track = true,
): Written {
  const meta = object.metadata;
  adoptNamespace(meta, namespace);
  if (meta.resourceVersion !== undefined) {
    throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created');
  }
  if (namespace !== undefined) admitToNamespace(state, resource, namespace, meta.name ?? '');
  resource.rules.admitCreate?.();
  const now = state.clock.now();
  if (resource.subresources.includes('status')) delete object['status'];
  if (track) trackUpdate(resource, undefined, object, '', options, now);
  resource.rules.prepareCreate?.(object);
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.generation;
  delete meta.selfLink;
  meta.uid = randomUUID();
  meta.creationTimestamp = metaTime(now);
  if (resource.rules.generation) meta.generation = 1;
  if (meta.name === undefined && meta.generateName !== undefined) meta.name = generateName(meta.generateName);
  validate(resource, object, undefined, '');
  const key = objectKey(namespace, meta.name ?? '');
  if (resource.collection.get(key) !== undefined) throw alreadyExists(subjectOf(resource, meta.name ?? ''));
  if (options.dryRun) return { object, created: true };
  const entry = resource.collection.put(key, storedForm(resource, object));
  const written = { object: present(resource, entry.object), created: true, entry };
  resource.rules.afterWrite?.(key);
  return written;
}

/**
 * Stores the next state of an object, or of the part that a subresource names. `next` is decoded. The store
 * owns it from now on. `track` records managedFields.
 *
 * @throws ApiError as the update of a real server
 */
export function update(
  state: ServerState,
  resource: Resource,
  live: Entry,
  next: ApiObject,
  subresource: Subresource,
  options: WriteOptions,
  track = true,
): Written {
  const liveObject = present(resource, live.object);
  const old = liveObject.metadata;
  const meta = next.metadata;
  const name = old.name ?? '';
  if (meta.name !== undefined && meta.name !== name) {
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
  }
  meta.name = name;
  adoptNamespace(meta, old.namespace);
  const { resourceVersion } = meta;
  if (resourceVersion === undefined || resourceVersion === '0') {
    if (!resource.rules.unconditionalUpdate) {
      const missing = {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: 0: must be specified for an update',
        field: 'metadata.resourceVersion',
      };
      throw invalid(subjectOf(resource, name), [missing]);
    }
  } else if (resourceVersion !== old.resourceVersion) throw conflict(subjectOf(resource, name));
  const now = state.clock.now();
  const merged = carryOver(resource, next, liveObject, subresource);
  if (track) trackUpdate(resource, liveObject, merged, subresource, options, now);
  resource.rules.prepareUpdate?.(merged, liveObject, subresource);
  if (equalJson(merged, liveObject)) return { object: liveObject, created: false, entry: live };
  if (resource.rules.generation && changesGeneration(resource, merged, liveObject)) {
    merged.metadata.generation = (old.generation ?? 0) + 1;
  }
  validate(resource, merged, liveObject, subresource);
  if (options.dryRun) return { object: merged, created: false };
  if (isReleased(resource, merged)) {
    resource.collection.delete(live.key, storedForm(resource, merged));
    return { object: merged, created: false };
  }
  const entry = resource.collection.put(live.key, storedForm(resource, merged));
  const written = { object: present(resource, entry.object), created: false, entry };
  resource.rules.afterWrite?.(live.key);
  return written;
}

/** Returns true when nothing keeps a terminating object any longer. */
export function isReleased(resource: Resource, object: ApiObject): boolean {
  const { deletionTimestamp, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers ?? []).length > 0) return false;
  return resource.rules.isHeld?.(object) !== true;
}

/**
 * Returns the entry of an object.
 *
 * @throws ApiError 404
 */
export function mustGet(resource: Resource, namespace: string | undefined, name: string): Entry {
  const entry = resource.collection.get(objectKey(namespace, name));
  if (entry === undefined) throw notFound(subjectOf(resource, name));
  return entry;
}

/**
 * Copies the fields that the client must not change from the live object. A write to a subresource keeps
 * everything except its own part.
 */
function carryOver(
  resource: Resource,
  next: ApiObject,
  live: ApiObject,
  subresource: Subresource,
): ApiObject {
  const old = live.metadata;
  if (subresource === 'status') {
    const { status: _old, ...rest } = live;
    const metadata = {
      ...old,
      ...(next.metadata.managedFields === undefined ? {} : { managedFields: next.metadata.managedFields }),
    };
    return {
      ...rest,
      metadata,
      ...(next['status'] === undefined ? {} : { status: next['status'] }),
    };
  }
  const meta = next.metadata;
  meta.resourceVersion = old.resourceVersion ?? '';
  meta.uid ??= old.uid ?? '';
  if (old.creationTimestamp !== undefined) meta.creationTimestamp = old.creationTimestamp;
  if (old.generation === undefined) delete meta.generation;
  else meta.generation = old.generation;
  if (old.deletionTimestamp !== undefined) meta.deletionTimestamp = old.deletionTimestamp;
  if (old.deletionGracePeriodSeconds !== undefined)
    meta.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds;
  delete meta.selfLink;
  if (resource.subresources.includes('status') && subresource === '') {
    if (live['status'] === undefined) delete next['status'];
    else next['status'] = live['status'];
  }
  return next;
}

/** Returns true when anything except metadata changed. A status that is a subresource does not count. */
function changesGeneration(resource: Resource, next: ApiObject, live: ApiObject): boolean {
  const statusApart = resource.subresources.includes('status');
  const members = new Set([...Object.keys(next), ...Object.keys(live)]);
  members.delete('metadata');
  if (statusApart) members.delete('status');
  return [...members].some((member) => !equalJson(next[member], live[member]));
}

function validate(
  resource: Resource,
  object: ApiObject,
  old: ApiObject | undefined,
  subresource: Subresource,
): void {
  const causes = validateMeta(object.metadata, resource.rules.validateName ?? subdomainProblems);
  if (old !== undefined) causes.push(...validateMetaUpdate(object.metadata, old.metadata));
  const expected = apiVersionOf(resource);
  if (object.apiVersion !== expected)
    causes.push(invalidValue('apiVersion', object.apiVersion, `must be ${expected}`));
  if (object.kind !== resource.kind)
    causes.push(invalidValue('kind', object.kind, `must be ${resource.kind}`));
  if (subresource === 'status' && old !== undefined)
    causes.push(...resource.schema.validateStatus(object, old, causes));
  else causes.push(...resource.schema.validate(object, old, causes));
  causes.push(...(resource.rules.validate?.(object, old) ?? []));
  if (causes.length === 0) return;
  throw invalid(
    { group: resource.group, kind: object.kind ?? resource.kind, name: object.metadata.name ?? '' },
    causes,
  );
}

function adoptNamespace(meta: ObjectMeta, namespace: string | undefined): void {
  if (namespace === undefined) delete meta.namespace;
  else if (meta.namespace === undefined) meta.namespace = namespace;
  else if (meta.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/**
 * Implements the admission plugin NamespaceLifecycle: the namespace of a new object must exist and must not
 * be terminating.
 */
function admitToNamespace(state: ServerState, resource: Resource, namespace: string, name: string): void {
  const entry = state.collection('namespaces').get(namespace);
  if (entry === undefined) throw notFound({ group: '', kind: 'namespaces', name: namespace });
  if (entry.object.metadata.deletionTimestamp === undefined) return;
  throw forbidden(
    subjectOf(resource, name),
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  );
}
