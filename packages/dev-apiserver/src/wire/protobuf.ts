import { metaTime, setMember } from '../model/objects.ts';
import type { Json, JsonObject } from '../model/objects.ts';
import { int, messageOf, string } from './protobuf-messages.ts';
import type { Field, Message } from './protobuf-messages.ts';

/**
 * Reads Kubernetes' protobuf encoding. Go clients use it for built-in kinds: kubectl (`create configmap`), the typed
 * clients of client-go, and controller-runtime. The server answers them with JSON, which they accept.
 * Source: Kubernetes documentation, "API Concepts", "Protobuf encoding". The body starts with four magic bytes, followed
 * by a runtime.Unknown message with the kind and the encoded object.
 */

const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** Decodes an object. Returns undefined for invalid protobuf and for a kind without a known message. */
export function decodeProtobuf(body: Buffer): JsonObject | undefined {
  if (!body.subarray(0, 4).equals(magic)) return undefined;
  try {
    const envelope = read(body.subarray(4), {
      1: { name: 'typeMeta', type: { 1: string('apiVersion'), 2: string('kind') } },
      2: { name: 'raw', type: 'bytes' },
    });
    const { apiVersion = '', kind = '' } = envelope['typeMeta'] as { apiVersion?: string; kind?: string };
    const message = messageOf(apiVersion, kind);
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
      // In protobuf, an absent value of a map entry means the empty string.
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
      // A negative time is the zero time of Go (year 1), which means that the time is not set.
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

/**
 * Iterates over the fields of a message in the wire format.
 *
 * @throws RangeError when the bytes are not a message
 */
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
    throw new RangeError('invalid protobuf message: a varint has no last byte');
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length)
      throw new RangeError('invalid protobuf message: it ends in the middle of a field');
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
        throw new RangeError('invalid protobuf message: unknown wire type');
    }
  }
}

function asBytes(value: Buffer | bigint): Buffer {
  if (typeof value === 'bigint')
    throw new RangeError('invalid protobuf message: expected bytes, found a number');
  return value;
}
