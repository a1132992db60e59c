import { badRequest } from '../model/errors.ts';
import { isObject, setMember } from '../model/objects.ts';
import type { Json, JsonObject, ObjectMeta } from '../model/objects.ts';

/** The Go type of a field of ObjectMeta, for decoding as encoding/json does. */
type GoType =
  | 'string'
  | 'int64'
  | 'bool'
  | 'time'
  | 'map[string]string'
  | 'any'
  | { readonly items: GoType }
  | { readonly struct: string; readonly fields: Readonly<Record<string, GoType>> };

const objectMeta: GoType = {
  struct: 'ObjectMeta',
  fields: {
    name: 'string',
    generateName: 'string',
    namespace: 'string',
    selfLink: 'string',
    uid: 'string',
    resourceVersion: 'string',
    generation: 'int64',
    creationTimestamp: 'time',
    deletionTimestamp: 'time',
    deletionGracePeriodSeconds: 'int64',
    labels: 'map[string]string',
    annotations: 'map[string]string',
    ownerReferences: {
      items: {
        struct: 'OwnerReference',
        fields: {
          apiVersion: 'string',
          kind: 'string',
          name: 'string',
          uid: 'string',
          controller: 'bool',
          blockOwnerDeletion: 'bool',
        },
      },
    },
    finalizers: { items: 'string' },
    managedFields: {
      items: {
        struct: 'ManagedFieldsEntry',
        fields: {
          manager: 'string',
          operation: 'string',
          apiVersion: 'string',
          time: 'time',
          fieldsType: 'string',
          fieldsV1: 'any',
          subresource: 'string',
        },
      },
    },
  },
};

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Decodes the metadata of an object as Go decodes ObjectMeta: drops unknown members, and omits null and empty
 * values. Returns the metadata and the paths of unknown members.
 *
 * @throws ApiError 400 for a member of the wrong type. `target` is "Foo in version "v1" cannot be handled as
 * a Foo"
 */
export function decodeMeta(value: unknown, target: string): { meta: ObjectMeta; unknown: string[] } {
  if (value === undefined || value === null) return { meta: {}, unknown: [] };
  const unknown: string[] = [];
  const decoder = new Decoder(target, unknown);
  const meta = decoder.decode(value as Json, objectMeta, 'ObjectMeta', '', 'metadata');
  return { meta: (meta ?? {}) as ObjectMeta, unknown };
}

class Decoder {
  readonly #target: string;
  readonly #unknown: string[];

  constructor(target: string, unknown: string[]) {
    this.#target = target;
    this.#unknown = unknown;
  }

  /**
   * `struct` and `field` name the position in the messages of Go, `path` in the messages of strict decoding.
   */
  decode(value: Json, type: GoType, struct: string, field: string, path: string): Json | undefined {
    if (value === null) return undefined;
    if (typeof type === 'object') {
      return 'items' in type
        ? this.#list(value, type.items, struct, field, path)
        : this.#struct(value, type, struct, field, path);
    }
    switch (type) {
      case 'any':
        return value;
      case 'string':
        if (typeof value !== 'string') throw this.#mistyped(value, struct, field, 'string');
        return value === '' ? undefined : value;
      case 'int64':
        if (typeof value !== 'number' || !Number.isInteger(value))
          throw this.#mistyped(value, struct, field, 'int64');
        return value;
      case 'bool':
        if (typeof value !== 'boolean') throw this.#mistyped(value, struct, field, 'bool');
        return value;
      case 'time':
        if (typeof value !== 'string') throw this.#mistyped(value, struct, field, 'string');
        if (!rfc3339.test(value) || Number.isNaN(Date.parse(value))) {
          const text = JSON.stringify(value);
          throw badRequest(
            `${this.#target}: parsing time ${text} as "2006-01-02T15:04:05Z07:00": cannot parse ${text}`,
          );
        }
        return value;
      case 'map[string]string':
        return this.#map(value, struct, field);
    }
  }

  #struct(
    value: Json,
    type: Extract<GoType, { struct: string }>,
    struct: string,
    field: string,
    path: string,
  ): JsonObject {
    if (!isObject(value)) throw this.#mistyped(value, struct, field, `v1.${type.struct}`);
    const result: JsonObject = {};
    for (const [name, found] of Object.entries(value)) {
      const wanted = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
      if (wanted === undefined) {
        this.#unknown.push(`${path}.${name}`);
        continue;
      }
      const inner = this.decode(
        found ?? null,
        wanted,
        type.struct,
        field === '' ? name : `${field}.${name}`,
        `${path}.${name}`,
      );
      if (inner !== undefined) result[name] = inner;
    }
    return result;
  }

  #list(value: Json, items: GoType, struct: string, field: string, path: string): Json[] | undefined {
    const goName = typeof items === 'object' && 'struct' in items ? `v1.${items.struct}` : 'string';
    if (!Array.isArray(value)) throw this.#mistyped(value, struct, field, `[]${goName}`);
    // An empty managedFields list is a request to reset the recorded managers.
    if (value.length === 0 && field !== 'managedFields') return undefined;
    const zero = typeof items === 'object' ? {} : '';
    return value.map((item, index) => this.decode(item, items, struct, field, `${path}[${index}]`) ?? zero);
  }

  #map(value: Json, struct: string, field: string): JsonObject | undefined {
    if (!isObject(value)) throw this.#mistyped(value, struct, field, 'map[string]string');
    const result: JsonObject = {};
    for (const [key, item] of Object.entries(value)) {
      if (item !== null && typeof item !== 'string')
        throw this.#mistyped(item ?? null, struct, field, 'string');
      setMember(result, key, item ?? '');
    }
    return Object.keys(result).length === 0 ? undefined : result;
  }

  #mistyped(found: Json, struct: string, field: string, wanted: string): Error {
    const into = field === '' ? 'Go value' : `Go struct field ${struct}.${field}`;
    return badRequest(
      `${this.#target}: json: cannot unmarshal ${jsonType(found)} into ${into} of type ${wanted}`,
    );
  }
}

/** Returns the name of the type of a JSON value in encoding/json. */
export function jsonType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
