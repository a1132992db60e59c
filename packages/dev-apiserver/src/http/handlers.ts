import { ApiError, badRequest, methodNotAllowed, notFound } from '../model/errors.ts';
import { decodeObject } from '../wire/decode.ts';
import { entryJson, itemJson, partialMetadata } from '../wire/encode.ts';
import type { Form } from '../wire/encode.ts';
import { listPage } from '../verbs/list.ts';
import { objectKey } from '../model/objects.ts';
import { patchObject } from '../patch/patch-object.ts';
import { remove } from '../verbs/remove.ts';
import { deleteOptions, writeOptions } from '../verbs/request.ts';
import type { ApiRequest } from '../verbs/request.ts';
import { apiVersionOf } from '../storage/resource.ts';
import type { Resource } from '../storage/resource.ts';
import { selectionOf } from '../verbs/selection.ts';
import type { ServerState } from '../storage/state.ts';
import type { Entry } from '../storage/collection.ts';
import { tableJson } from '../wire/table.ts';
import type { TableMeta } from '../wire/table.ts';
import type { Target } from '../verbs/target.ts';
import { checkStrict, create, mustGet, subjectOf, update } from '../verbs/write.ts';
import type { Written } from '../verbs/write.ts';

/** An answer: an HTTP status, a JSON body, and warnings for the user of the client. */
export interface Reply {
  readonly code: number;
  readonly json: string;
  readonly warnings: readonly string[];
}

/** Handles GET of an object. */
export function handleGet(state: ServerState, target: Target, request: ApiRequest, form: Form): Reply {
  const entry = mustGet(target.resource, target.namespace, target.name);
  return { code: 200, json: oneJson(state, target.resource, entry, request, form), warnings: [] };
}

/** Handles GET of a collection. */
export function handleList(state: ServerState, target: Target, request: ApiRequest, form: Form): Reply {
  const { resource } = target;
  const page = listPage(resource, selectionOf(resource, target.namespace, request.query), request.query);
  const metadata: TableMeta = { resourceVersion: String(page.revision) };
  if (page.continue !== '') metadata.continue = page.continue;
  if (page.remaining !== undefined) metadata.remainingItemCount = page.remaining;
  if (form === 'table') {
    const include = request.query.get('includeObject') ?? 'Metadata';
    return ok(tableJson(resource, page.entries, metadata, include, state.clock.now(), true));
  }
  if (form === 'metadata') {
    const items = page.entries.map((entry) => JSON.stringify(partialMetadata(entry.object)));
    return ok(
      `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":${JSON.stringify(metadata)},"items":[${items.join(',')}]}`,
    );
  }
  return ok(listJson(resource, page.entries, metadata));
}

/** Handles POST to a collection. */
export function handleCreate(state: ServerState, target: Target, request: ApiRequest, form: Form): Reply {
  const { resource } = target;
  const options = writeOptions(request, 'Create');
  const decoded = decodeObject(resource, request.contentType, request.body);
  const warnings = checkStrict(resource, decoded, options);
  const written = create(state, resource, target.namespace, decoded.object, options);
  return writtenReply(state, target, request, form, written, warnings);
}

/** Handles PUT of an object or of a subresource. */
export function handleUpdate(state: ServerState, target: Target, request: ApiRequest, form: Form): Reply {
  const { resource, namespace, name, subresource } = target;
  const options = writeOptions(request, 'Update');
  const decoded = decodeObject(resource, request.contentType, request.body);
  const warnings = checkStrict(resource, decoded, options);
  const live = resource.collection.get(objectKey(namespace, name));
  const meta = decoded.object.metadata;
  if (meta.name !== undefined && meta.name !== name)
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
  if (live === undefined) {
    if (!resource.rules.createOnUpdate || subresource !== '') throw notFound(subjectOf(resource, name));
    meta.name = name;
    return writtenReply(
      state,
      target,
      request,
      form,
      create(state, resource, namespace, decoded.object, options),
      warnings,
    );
  }
  const uid = live.object.metadata.uid ?? '';
  if (meta.uid !== undefined && meta.uid !== uid) {
    const named = resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
    const why = `Precondition failed: UID in precondition: ${meta.uid}, UID in object meta: ${uid}`;
    throw new ApiError(409, 'Conflict', `Operation cannot be fulfilled on ${named} "${name}": ${why}`, {
      name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.plural,
    });
  }
  const written = update(state, resource, live, decoded.object, subresource, options);
  return writtenReply(state, target, request, form, written, warnings);
}

/** Handles PATCH of an object or of a subresource. */
export function handlePatch(state: ServerState, target: Target, request: ApiRequest, form: Form): Reply {
  const { written, warnings } = patchObject(state, target, request);
  return writtenReply(state, target, request, form, written, warnings);
}

/** Handles DELETE of an object. */
export function handleDelete(state: ServerState, target: Target, request: ApiRequest): Reply {
  const { resource, namespace, name } = target;
  const options = deleteOptions(request);
  const removed = remove(state, resource, mustGet(resource, namespace, name), options);
  if (!removed.gone) return ok(JSON.stringify(removed.object));
  const details = {
    name,
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.plural,
    uid: removed.object.metadata.uid,
  };
  return ok(JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }));
}

/** Handles DELETE of a collection: deletes the selected objects one by one. */
export function handleDeleteCollection(state: ServerState, target: Target, request: ApiRequest): Reply {
  const { resource } = target;
  const options = deleteOptions(request);
  const page = listPage(resource, selectionOf(resource, target.namespace, request.query), request.query);
  for (const { key } of page.entries) {
    const live = resource.collection.get(key);
    if (live !== undefined) remove(state, resource, live, options);
  }
  return ok(listJson(resource, page.entries, { resourceVersion: String(page.revision) }));
}

/**
 * Calls the handler of a method on a target.
 *
 * @throws ApiError 405 when the resource does not support the method
 */
export function dispatch(
  state: ServerState,
  method: string,
  target: Target,
  request: ApiRequest,
  form: Form,
): Reply {
  const { resource, name, subresource } = target;
  if (subresource !== '') {
    if (method === 'GET') return handleGet(state, target, request, form);
    if (method === 'PUT') return handleUpdate(state, target, request, form);
    if (method === 'PATCH') return handlePatch(state, target, request, form);
    throw methodNotAllowed();
  }
  if (name === '') {
    if (method === 'GET') return handleList(state, target, request, form);
    const wholeNamespace = !resource.namespaced || target.namespace !== undefined;
    if (method === 'POST' && wholeNamespace) return handleCreate(state, target, request, form);
    if (method === 'DELETE' && wholeNamespace && resource.verbs.includes('deletecollection'))
      return handleDeleteCollection(state, target, request);
    if (!resource.builtIn && (method === 'PUT' || method === 'PATCH'))
      throw badRequest('name must be provided');
    throw methodNotAllowed();
  }
  if (method === 'GET') return handleGet(state, target, request, form);
  if (method === 'PUT') return handleUpdate(state, target, request, form);
  if (method === 'PATCH') return handlePatch(state, target, request, form);
  if (method === 'DELETE') return handleDelete(state, target, request);
  throw methodNotAllowed();
}

function ok(json: string): Reply {
  return { code: 200, json, warnings: [] };
}

function listJson(resource: Resource, entries: readonly Entry[], metadata: TableMeta): string {
  const items = entries.map((entry) => itemJson(resource, entry)).join(',');
  const head = `{"kind":"${resource.listKind}","apiVersion":"${apiVersionOf(resource)}"`;
  return `${head},"metadata":${JSON.stringify(metadata)},"items":[${items}]}`;
}

function oneJson(
  state: ServerState,
  resource: Resource,
  entry: Entry,
  request: ApiRequest,
  form: Form,
): string {
  if (form === 'object') return entryJson(resource, entry);
  if (form === 'metadata') return JSON.stringify(partialMetadata(entry.object));
  const metadata = { resourceVersion: entry.object.metadata.resourceVersion ?? '' };
  const include = request.query.get('includeObject') ?? 'Metadata';
  return tableJson(resource, [entry], metadata, include, state.clock.now(), true);
}

function writtenReply(
  state: ServerState,
  target: Target,
  request: ApiRequest,
  form: Form,
  written: Written,
  warnings: readonly string[],
): Reply {
  const code = written.created ? 201 : 200;
  if (form === 'object') {
    // The JSON of a stored entry is cached, and watch events use the same JSON.
    const json =
      written.entry === undefined
        ? JSON.stringify(written.object)
        : entryJson(target.resource, written.entry);
    return { code, json, warnings };
  }
  const entry: Entry = { key: '', revision: 0, object: written.object, json: undefined };
  return { code, json: oneJson(state, target.resource, entry, request, form), warnings };
}
