import { parse as parseYaml, YAMLParseError } from 'yaml';
import { duplicateFields } from './duplicates.ts';
import { badRequest, unsupportedMediaType } from '../model/errors.ts';
import { decodeMeta, jsonType } from './decode-meta.ts';
import { isObject } from '../model/objects.ts';
import type { ApiObject, JsonObject } from '../model/objects.ts';
import { apiVersionOf } from '../storage/resource.ts';
import type { Resource } from '../storage/resource.ts';
import { decodeProtobuf } from './protobuf.ts';

/** The decoded body of a request. */
export interface DecodedObject {
  readonly object: ApiObject;
  /** The problems that strict decoding finds (`unknown field "spec.x"`), in the order of a real server. */
  readonly problems: readonly string[];
}

const bodyTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** Returns the media type of a Content-Type header without parameters. */
export function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/**
 * Decodes the body of a create or update into an object of a resource: checks apiVersion and kind, prunes
 * unknown fields, and applies defaults.
 *
 * @throws ApiError 400 or 415 as the real server does
 */
export function decodeObject(
  resource: Resource,
  contentType: string | undefined,
  body: Buffer,
): DecodedObject {
  const type = mediaType(contentType);
  const value = parseObject(resource.kind, type, body);
  const text = type === 'application/vnd.kubernetes.protobuf' ? '' : body.toString('utf8');
  return interpretObject(resource, value, {
    duplicates: type === 'application/json' || type === '' ? duplicateFields(text) : [],
    unrecognized: (why) => unrecognized(resource.kind, text, `${why} in '${text}'`),
  });
}

/**
 * Parses a JSON, YAML or protobuf body. `kind` is the expected kind, for messages.
 *
 * @throws ApiError 400 or 415
 */
export function parseObject(kind: string, type: string, body: Buffer): JsonObject {
  if (type === 'application/vnd.kubernetes.protobuf') {
    const object = decodeProtobuf(body);
    if (object === undefined) throw unsupportedMediaType(bodyTypes.slice(0, 2));
    return object;
  }
  const isYaml = type === 'application/yaml';
  if (!isYaml && type !== 'application/json' && type !== '') throw unsupportedMediaType(bodyTypes);
  const text = body.toString('utf8');
  const reject = (why: string): Error =>
    unrecognized(kind, text, `couldn't get version/kind; json parse error: ${why}`);
  let value: unknown;
  try {
    value = isYaml ? parseYaml(text, { maxAliasCount: 100 }) : JSON.parse(text);
  } catch (error) {
    throw reject(parseProblem(error));
  }
  if (!isObject(value))
    throw reject(`json: cannot unmarshal ${jsonType(value)} into Go value of type struct`);
  return value;
}

function unrecognized(kind: string, text: string, why: string): Error {
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${why} (${excerpt(text)})`,
  );
}

/** Options of `interpretObject`. */
export interface Interpretation {
  /** The paths of members that occur twice in the text. */
  readonly duplicates?: readonly string[];
  /**
   * Keeps nulls that the schema does not allow, so that validation rejects them. A real server does so after
   * server-side apply.
   */
  readonly keepNulls?: boolean;
  /** Creates the error for a value that is not an object of any kind. */
  readonly unrecognized?: (why: string) => Error;
}

/** Decodes a parsed value, for example a patched object, like `decodeObject`. Takes ownership of `value`. */
export function interpretObject(
  resource: Resource,
  value: JsonObject,
  { duplicates = [], keepNulls = false, unrecognized: reject = badRequest }: Interpretation = {},
): DecodedObject {
  const { apiVersion, kind } = value;
  const expected = apiVersionOf(resource);
  const target = `${typeof kind === 'string' && kind !== '' ? kind : resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}`;
  if (resource.builtIn) {
    value['apiVersion'] ??= expected;
    value['kind'] ??= resource.kind;
    if (typeof kind === 'string' && kind !== '' && kind !== resource.kind)
      throw badRequest(`${target}: the kinds differ`);
  } else if (kind === undefined || kind === '') throw reject("Object 'Kind' is missing");
  if (value['apiVersion'] !== expected) {
    const given = typeof apiVersion === 'string' ? apiVersion : '';
    throw badRequest(
      `the API version in the data (${given}) does not match the expected API version (${expected})`,
    );
  }
  const { meta, unknown } = decodeMeta(value['metadata'], target);
  const { apiVersion: _a, kind: _k, metadata: _m, ...rest } = value;
  const object = {
    apiVersion: expected,
    kind: value['kind'] as string,
    metadata: meta,
    ...rest,
  } as ApiObject;
  const pruned = resource.schema.prune(object);
  if (resource.builtIn) rejectWrongTypes(resource, object, target);
  resource.schema.applyDefaults(object, { keepNulls });
  const fields = [...unknown, ...pruned].sort();
  const problems = [
    ...duplicates.map((path) => `duplicate field "${path}"`),
    ...fields.map((path) => `unknown field "${path}"`),
  ];
  return { object, problems };
}

/**
 * Rejects values of the wrong type. In a real server, built-in kinds are Go structs, and decoding such a
 * value fails before validation.
 */
function rejectWrongTypes(resource: Resource, object: ApiObject, target: string): void {
  const undecodable = resource.rules.undecodable?.(object);
  if (undecodable !== undefined) throw badRequest(`${target}: ${undecodable}`);
  for (const { reason, message, field = '' } of resource.schema.validate(object)) {
    if (reason !== 'FieldValueTypeInvalid') continue;
    const [, found = 'value', wanted = 'another type'] =
      /^Invalid value: "(\w+)".* must be of type (\w+)/.exec(message) ?? [];
    const name = found === 'integer' ? 'number' : found;
    throw badRequest(
      `${target}: json: cannot unmarshal ${name} into Go struct field ${resource.kind}.${field} of type ${wanted}`,
    );
  }
}

/** Returns the message of a parser error without the position, which differs between parsers. */
export function parseProblem(error: unknown): string {
  if (error instanceof YAMLParseError) return error.message.split('\n')[0] ?? '';
  return error instanceof Error ? error.message : String(error);
}

function excerpt(text: string): string {
  if (text === '') return '<empty>';
  return text.length > 30 ? `${text.slice(0, 30)} ...` : text;
}
