import { parse as parseYaml } from 'yaml';
import { ApiError, badRequest, notFound, unsupportedMediaType } from './errors.ts';
import { interpretObject, mediaType, parseProblem } from './decode.ts';
import { duplicateFields } from './duplicates.ts';
import { present } from './encode.ts';
import { applyPatch } from './fieldmanager.ts';
import { jsonType } from './meta-decode.ts';
import { clone, isObject, objectKey } from './objects.ts';
import type { ApiObject, Json, JsonObject } from './objects.ts';
import { jsonPatch, mergePatch, patchFails } from './patch.ts';
import { writeOptions } from './request.ts';
import type { ApiRequest, WriteOptions } from './request.ts';
import { apiVersionOf } from './resource.ts';
import type { ServerState } from './state.ts';
import { strategicMergePatch } from './strategic.ts';
import type { Target } from './target.ts';
import { subjectOf, update } from './write.ts';
import type { Written } from './write.ts';

/** What a patch did, and what strict decoding found in it. */
export interface Patched {
  readonly written: Written;
  readonly warnings: readonly string[];
}

/**
 * Carries out a PATCH, in whichever of the formats it is.
 * @throws ApiError 415 for a format that the resource does not take, and all that writes throw
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
  // Validation tells what is wrong with another apiVersion or kind.
  decoded.object.apiVersion = apiVersion;
  decoded.object.kind = kind;
  const written = update(state, resource, live, decoded.object, subresource, options);
  return { written, warnings };
}

/** The patched object, before it is decoded. */
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
  if (!isObject(value)) throw badRequest('error decoding YAML: it is not an object');
  return value;
}
