import { OvsdbError } from './errors.ts';

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * Cuts a byte stream of JSON objects, back to back and split anywhere, into one buffer an object (RFC 7047 §4:
 * OVSDB has no other framing). Works on bytes: UTF-8 sequences split across chunks never matter, because the
 * bytes it looks for occur in no multi-byte sequence. Every byte is looked at once, and a message that lies in
 * one chunk is not copied.
 */
export class Framer {
  readonly #parts: Buffer[] = [];
  #depth = 0;
  #inString = false;
  #escaped = false;

  /**
   * Takes the next chunk and returns the messages that it completes.
   *
   * @throws OvsdbError PROTOCOL_ERROR when a message begins with anything but `{`.
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
        // Most bytes are inside strings: this loop is what the speed of the whole depends on.
        while (i < end && chunk[i] !== quote && chunk[i] !== backslash) i++;
        if (chunk[i] === backslash) escaped = true;
        else if (i < end) inString = false;
        continue;
      }
      const byte = chunk[i] as number;
      if (byte === quote) {
        if (depth === 0) throw notAnObject(chunk, i);
        inString = true;
      } else if (byte === openBrace || byte === openBracket) {
        if (depth === 0) {
          if (byte === openBracket) throw notAnObject(chunk, i);
          start = i;
        }
        depth++;
      } else if (byte === closeBrace || byte === closeBracket) {
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
