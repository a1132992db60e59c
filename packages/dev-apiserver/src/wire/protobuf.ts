import { metaTime, setMember } from '../model/objects.ts';
import type { Json, JsonObject } from '../model/objects.ts';

/**
 * Reads Kubernetes' protobuf encoding of the few built-in kinds that kubectl sends in it (`create namespace`,
 * `create configmap`, `create secret`, `auth can-i`). Source: the generated.proto files of k8s.io/api and apimachinery;
 * the envelope is runtime.Unknown behind four magic bytes (Kubernetes documentation, "API Concepts", "Protobuf encoding").
 */

/** How the field of a message becomes JSON. */
type Field =
  | {
      readonly name: string;
      readonly type: 'string' | 'bytes' | 'bool' | 'int' | 'time' | 'microTime' | 'stringMap' | 'bytesMap';
      readonly repeated?: boolean;
    }
  | { readonly name: string; readonly type: Message; readonly repeated?: boolean };
type Message = Readonly<Record<number, Field>>;

const string = (name: string): Field => ({ name, type: 'string' });
const int = (name: string): Field => ({ name, type: 'int' });

const ownerReference: Message = {
  1: string('kind'),
  3: string('name'),
  4: string('uid'),
  5: string('apiVersion'),
  6: { name: 'controller', type: 'bool' },
  7: { name: 'blockOwnerDeletion', type: 'bool' },
};

const objectMeta: Message = {
  1: string('name'),
  2: string('generateName'),
  3: string('namespace'),
  5: string('uid'),
  6: string('resourceVersion'),
  7: int('generation'),
  8: { name: 'creationTimestamp', type: 'time' },
  9: { name: 'deletionTimestamp', type: 'time' },
  10: int('deletionGracePeriodSeconds'),
  11: { name: 'labels', type: 'stringMap' },
  12: { name: 'annotations', type: 'stringMap' },
  13: { name: 'ownerReferences', type: ownerReference, repeated: true },
  14: { name: 'finalizers', type: 'string', repeated: true },
};

const metadata: Field = { name: 'metadata', type: objectMeta };

const messages: Readonly<Record<string, Message>> = {
  'v1/Namespace': {
    1: metadata,
    2: { name: 'spec', type: { 1: { name: 'finalizers', type: 'string', repeated: true } } },
    3: { name: 'status', type: { 1: string('phase') } },
  },
  'v1/ConfigMap': {
    1: metadata,
    2: { name: 'data', type: 'stringMap' },
    3: { name: 'binaryData', type: 'bytesMap' },
    4: { name: 'immutable', type: 'bool' },
  },
  'v1/Secret': {
    1: metadata,
    2: { name: 'data', type: 'bytesMap' },
    3: string('type'),
    4: { name: 'stringData', type: 'stringMap' },
    5: { name: 'immutable', type: 'bool' },
  },
  'coordination.k8s.io/v1/Lease': {
    1: metadata,
    2: {
      name: 'spec',
      type: {
        1: string('holderIdentity'),
        2: int('leaseDurationSeconds'),
        3: { name: 'acquireTime', type: 'microTime' },
        4: { name: 'renewTime', type: 'microTime' },
        5: int('leaseTransitions'),
      },
    },
  },
  'authorization.k8s.io/v1/SelfSubjectAccessReview': {
    1: metadata,
    2: {
      name: 'spec',
      type: {
        1: {
          name: 'resourceAttributes',
          type: {
            1: string('namespace'),
            2: string('verb'),
            3: string('group'),
            4: string('version'),
            5: string('resource'),
            6: string('subresource'),
            7: string('name'),
          },
        },
        2: { name: 'nonResourceAttributes', type: { 1: string('path'), 2: string('verb') } },
      },
    },
  },
};

const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** Reads an object; undefined when it is none, or of a kind that is not known here. */
export function decodeProtobuf(body: Buffer): JsonObject | undefined {
  if (!body.subarray(0, 4).equals(magic)) return undefined;
  try {
    const envelope = read(body.subarray(4), {
      1: { name: 'typeMeta', type: { 1: string('apiVersion'), 2: string('kind') } },
      2: { name: 'raw', type: 'bytes' },
    });
    const { apiVersion = '', kind = '' } = envelope['typeMeta'] as { apiVersion?: string; kind?: string };
    const message = messages[`${apiVersion}/${kind}`];
    if (message === undefined) return undefined;
    return { apiVersion, kind, ...read(Buffer.from((envelope['raw'] ?? '') as string, 'base64'), message) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function read(bytes: Buffer, message: Message): JsonObject {
  const object: JsonObject = {};
  for (const { number, value } of fields(bytes)) {
    const field = message[number];
    if (field === undefined) continue;
    if (field.type === 'stringMap' || field.type === 'bytesMap') {
      const map = (object[field.name] ??= {}) as JsonObject;
      // An absent or empty value of a map's entry is the empty string.
      const entry = read(asBytes(value), {
        1: string('key'),
        2: { name: 'value', type: field.type === 'stringMap' ? 'string' : 'bytes' },
      });
      setMember(map, (entry['key'] ?? '') as string, entry['value'] ?? '');
      continue;
    }
    const converted = convert(field, value);
    if (converted === undefined) continue;
    if (field.repeated === true) ((object[field.name] ??= []) as Json[]).push(converted);
    else object[field.name] = converted;
  }
  return object;
}

function convert(field: Field, value: Buffer | bigint): Json | undefined {
  switch (field.type) {
    case 'string': {
      const text = asBytes(value).toString('utf8');
      return text === '' && field.repeated !== true ? undefined : text;
    }
    case 'bytes':
      return asBytes(value).toString('base64');
    case 'bool':
      return value !== 0n;
    case 'int':
      return Number(BigInt.asIntN(64, value as bigint));
    case 'time':
    case 'microTime': {
      const { seconds, nanos = 0 } = read(asBytes(value), { 1: int('seconds'), 2: int('nanos') }) as {
        seconds?: number;
        nanos?: number;
      };
      // The zero time of Go is a time that was not set.
      if (seconds === undefined || seconds < 0) return undefined;
      const whole = metaTime(new Date(seconds * 1000));
      return field.type === 'time'
        ? whole
        : whole.replace('Z', `.${String(Math.trunc(nanos / 1000)).padStart(6, '0')}Z`);
    }
    case 'stringMap':
    case 'bytesMap':
      return undefined;
    default:
      return read(asBytes(value), field.type);
  }
}

/** The fields of a message in the wire format. @throws RangeError when it is none */
function* fields(bytes: Buffer): Generator<{ number: number; value: Buffer | bigint }> {
  let at = 0;
  const varint = (): bigint => {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at];
      if (byte === undefined) break;
      at += 1;
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
    throw new RangeError('not a protobuf message: a number without end');
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new RangeError('not a protobuf message: it ends too early');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        yield { number, value: take(8) };
        break;
      case 2:
        yield { number, value: take(Number(varint())) };
        break;
      case 5:
        yield { number, value: take(4) };
        break;
      default:
        throw new RangeError('not a protobuf message: an unknown wire type');
    }
  }
}

function asBytes(value: Buffer | bigint): Buffer {
  if (typeof value === 'bigint')
    throw new RangeError('not a message of this kind: a number where bytes are due');
  return value;
}
