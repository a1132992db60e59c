import { OvsdbError } from './errors.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Splits a stream of consecutive JSON objects into one buffer per object. OVSDB has no other framing (RFC
 * 7047 §4). The class works on bytes: a UTF-8 sequence that is split across chunks causes no problem, because
 * the relevant bytes occur in no multi-byte sequence. The class reads every byte once, and does not copy a
 * message that lies in one chunk.
 */
export class Framer {
  readonly #parts: Buffer[] = [];
  #depth = 0;
  #inString = false;
  #escaped = false;

  /**
   * Takes the next chunk and returns the messages that the chunk completes.
   *
   * @throws OvsdbError PROTOCOL_ERROR when a message does not begin with `{`
   */
  push(chunk: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    const end = chunk.length;
    let start = 0;
    let depth = this.#depth;
    let inString = this.#inString;
    let escaped = this.#escaped;
    for (let i = 0; i < end; i++) {
      if (inString) {
        if (escaped) {
          escaped = false;
          continue;
        }
        // Most bytes are inside strings, so this loop determines the speed.
        while (i < end && chunk[i] !== QUOTE && chunk[i] !== BACKSLASH) i++;
        if (chunk[i] === BACKSLASH) escaped = true;
        else if (i < end) inString = false;
        continue;
      }
      const byte = chunk[i] as number;
      if (byte === QUOTE) {
        if (depth === 0) throw notAnObject(chunk, i);
        inString = true;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (depth === 0) {
          if (byte === OPEN_BRACKET) throw notAnObject(chunk, i);
          start = i;
        }
        depth++;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (depth === 0) throw notAnObject(chunk, i);
        if (--depth === 0) {
          messages.push(this.#complete(chunk.subarray(start, i + 1)));
          start = i + 1;
        }
      } else if (depth === 0 && byte > 0x20) {
        throw notAnObject(chunk, i);
      }
    }
    if (depth > 0) this.#parts.push(start === 0 ? chunk : chunk.subarray(start));
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = escaped;
    return messages;
  }

  #complete(last: Buffer): Buffer {
    if (this.#parts.length === 0) return last;
    this.#parts.push(last);
    const message = Buffer.concat(this.#parts);
    this.#parts.length = 0;
    return message;
  }
}

function notAnObject(chunk: Buffer, at: number): OvsdbError {
  const seen = JSON.stringify(chunk.toString('latin1', at, at + 20));
  return new OvsdbError('PROTOCOL_ERROR', `expected a JSON object, got ${seen}: is this an OVSDB server?`);
}
