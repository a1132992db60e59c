import { parse as parseYaml } from 'yaml';
import { ApiError, badRequest, notFound, unsupportedMediaType } from '../model/errors.ts';
import { interpretObject, mediaType, parseProblem } from '../wire/decode.ts';
import { duplicateFields } from '../wire/duplicates.ts';
import { present } from '../wire/encode.ts';
import { jsonType } from '../wire/decode-meta.ts';
import { clone, isObject, objectKey } from '../model/objects.ts';
import type { ApiObject, Json, JsonObject } from '../model/objects.ts';
import { applyPatch } from './apply-patch.ts';
import { jsonPatch, mergePatch, patchFails } from './json-patch.ts';
import { writeOptions } from '../verbs/request.ts';
import type { ApiRequest, WriteOptions } from '../verbs/request.ts';
import { apiVersionOf } from '../storage/resource.ts';
import type { ServerState } from '../storage/state.ts';
import { strategicMergePatch } from './strategic.ts';
import type { Target } from '../verbs/target.ts';
import { subjectOf, update } from '../verbs/write.ts';
import type { Written } from '../verbs/write.ts';

/** The result of a PATCH, with the warnings from decoding the patched object. */
export interface Patched {
  readonly written: Written;
  readonly warnings: readonly string[];
}

/**
 * Executes a PATCH: a JSON patch, merge patch, strategic merge patch or server-side apply.
 *
 * @throws ApiError 415 when the resource does not accept the content type, and the errors of `update` and `applyPatch`
 */
export function patchObject(state: ServerState, target: Target, request: ApiRequest): Patched {
  const { resource, namespace, name, subresource } = target;
  const type = mediaType(request.contentType);
  const patchTypes = [
    'application/json-patch+json',
    'application/merge-patch+json',
    ...(resource.builtIn ? ['application/strategic-merge-patch+json'] : []),
    'application/apply-patch+yaml',
  ];
  if (!patchTypes.includes(type)) throw unsupportedMediaType(patchTypes);
  const applying = type === 'application/apply-patch+yaml';
  const options = writeOptions(request, 'Patch', applying);
  const live = resource.collection.get(objectKey(namespace, name));
  if (applying) {
    const written = applyPatch(state, target, live, applyBody(request.body), options);
    return { written, warnings: [] };
  }
  if (live === undefined) throw notFound(subjectOf(resource, name));
  const before = present(resource, live.object);
  const text = request.body.toString('utf8');
  const { value, duplicates } = patched(before, type, text);
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') throw patchFails();
  value['apiVersion'] = apiVersionOf(resource);
  value['kind'] = resource.kind;
  const decoded = interpretObject(resource, value, { duplicates });
  const warnings = checkPatchStrict(decoded.problems, value, options);
  // Validation then reports an apiVersion or kind that the patch has changed.
  decoded.object.apiVersion = apiVersion;
  decoded.object.kind = kind;
  const written = update(state, resource, live, decoded.object, subresource, options);
  return { written, warnings };
}

/** Returns the patched object before decoding, with the paths of duplicate fields in the patch. */
function patched(before: ApiObject, type: string, text: string): { value: JsonObject; duplicates: string[] } {
  let patch: unknown;
  try {
    patch = JSON.parse(text);
  } catch (error) {
    throw badRequest(`error decoding patch: ${parseProblem(error)}`);
  }
  const target = before as unknown as JsonObject;
  let value: Json;
  if (type === 'application/json-patch+json') value = jsonPatch(target, patch);
  else {
    if (!isObject(patch))
      throw badRequest(
        `error decoding patch: json: cannot unmarshal ${jsonType(patch)} into Go value of type map[string]interface {}`,
      );
    value =
      type === 'application/merge-patch+json'
        ? mergePatch(clone(target), patch)
        : strategicMergePatch(clone(target), patch, before.kind ?? '');
  }
  if (!isObject(value)) throw patchFails();
  return { value, duplicates: type === 'application/json-patch+json' ? [] : duplicateFields(text) };
}

function checkPatchStrict(
  problems: readonly string[],
  value: JsonObject,
  options: WriteOptions,
): readonly string[] {
  if (problems.length === 0 || options.fieldValidation === 'Ignore') return [];
  if (options.fieldValidation === 'Warn') return problems;
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(value))}: strict decoding error: ${problems.join(', ')}`;
  throw new ApiError(422, 'Invalid', ` "" is invalid: patch: ${message}`, {
    causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }],
  });
}

function applyBody(body: Buffer): JsonObject {
  let value: unknown;
  try {
    value = parseYaml(body.toString('utf8'), { maxAliasCount: 100 });
  } catch (error) {
    throw badRequest(`error decoding YAML: ${parseProblem(error)}`);
  }
  if (!isObject(value)) throw badRequest('error decoding YAML: the document is not an object');
  return value;
}
