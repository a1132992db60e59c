import { ApiError, badRequest } from '../model/errors.ts';
import { clone, equalJson, isObject, setMember } from '../model/objects.ts';
import type { Json, JsonObject } from '../model/objects.ts';

/**
 * Applies a JSON merge patch (RFC 7386). Returns the result and does not change the target. The result shares
 * only those parts with the target that the patch does not change.
 */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return clone(patch);
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) Reflect.deleteProperty(result, key);
    else setMember(result, key, mergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value));
  }
  return result;
}

/** An operation of a JSON patch (RFC 6902 §4). */
interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: Json;
}

const MAX_OPERATIONS = 10_000;

/**
 * Applies a JSON patch (RFC 6902). Returns the result and does not change the target.
 *
 * @throws ApiError 400 when the patch is malformed, 413 when it has too many operations, 422 when it does not
 * apply (a test fails or a path does not exist)
 */
export function jsonPatch(target: Json, patch: unknown): Json {
  if (!Array.isArray(patch))
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
  if (patch.length > MAX_OPERATIONS) {
    throw new ApiError(
      413,
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
    );
  }
  let root = clone(target);
  for (const item of patch as unknown[]) root = applyOperation(root, asOperation(item));
  return root;
}

function asOperation(item: unknown): Operation {
  const unusable = (why: string): Error => badRequest(`invalid operation ${JSON.stringify(item)}: ${why}`);
  if (!isObject(item) || typeof item['op'] !== 'string') throw unusable('unsupported operation');
  const { op, path, from } = item;
  if (!['add', 'remove', 'replace', 'move', 'copy', 'test'].includes(op))
    throw unusable('unsupported operation');
  if (typeof path !== 'string') throw unusable("invalid 'path'");
  if ((op === 'move' || op === 'copy') && typeof from !== 'string') throw unusable("invalid 'from'");
  return item as unknown as Operation;
}

function applyOperation(root: Json, { op, path, from = '', value = null }: Operation): Json {
  const at = pointer(path);
  switch (op) {
    case 'test':
      if (!equalJson(memberOrNull(root, at), value)) throw patchFails();
      return root;
    case 'remove':
      removeAt(root, at);
      return root;
    case 'replace':
      valueAt(root, at);
      return replaceAt(root, at, clone(value));
    case 'copy':
      return addAt(root, at, clone(valueAt(root, pointer(from))));
    case 'move': {
      const source = pointer(from);
      const moved = valueAt(root, source);
      removeAt(root, source);
      return addAt(root, at, moved);
    }
    default:
      return addAt(root, at, clone(value));
  }
}

/** Returns the reference tokens of a JSON pointer (RFC 6901). */
function pointer(text: string): string[] {
  if (text === '') return [];
  if (!text.startsWith('/')) throw patchFails();
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function valueAt(root: Json, path: readonly string[]): Json {
  let value: Json = root;
  for (const token of path) {
    const inner: Json | undefined = Array.isArray(value)
      ? value[indexOf(token, value.length - 1)]
      : isObject(value) && Object.hasOwn(value, token)
        ? value[token]
        : undefined;
    if (inner === undefined) throw patchFails();
    value = inner;
  }
  return value;
}

/**
 * Returns the value that a `test` operation compares. An absent member is null, as in the library of a real
 * server.
 */
function memberOrNull(root: Json, path: readonly string[]): Json {
  const last = path.at(-1);
  const parent = last === undefined ? undefined : valueAt(root, path.slice(0, -1));
  if (last !== undefined && isObject(parent) && !Object.hasOwn(parent, last)) return null;
  return valueAt(root, path);
}

function addAt(root: Json, path: readonly string[], value: Json): Json {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = valueAt(root, path.slice(0, -1));
  if (Array.isArray(parent))
    parent.splice(last === '-' ? parent.length : indexOf(last, parent.length), 0, value);
  else if (isObject(parent)) setMember(parent, last, value);
  else throw patchFails();
  return root;
}

function replaceAt(root: Json, path: readonly string[], value: Json): Json {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = valueAt(root, path.slice(0, -1));
  if (Array.isArray(parent)) parent[indexOf(last, parent.length - 1)] = value;
  else if (isObject(parent)) setMember(parent, last, value);
  return root;
}

function removeAt(root: Json, path: readonly string[]): void {
  const last = path.at(-1);
  if (last === undefined) throw patchFails();
  valueAt(root, path);
  const parent = valueAt(root, path.slice(0, -1));
  if (Array.isArray(parent)) parent.splice(indexOf(last, parent.length - 1), 1);
  else if (isObject(parent)) Reflect.deleteProperty(parent, last);
}

function indexOf(token: string, highest: number): number {
  if (!/^(0|[1-9]\d*)$/.test(token) || Number(token) > highest) throw patchFails();
  return Number(token);
}

/** 422: the patch is well-formed but does not fit the object. */
export function patchFails(): ApiError {
  return new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}
