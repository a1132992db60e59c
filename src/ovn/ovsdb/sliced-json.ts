import { realClock, Turn } from '../../base/index.ts';
import { OvsdbError } from './errors.ts';

/** The session parses a larger message in slices, and a smaller message at once (about 2 ms). */
export const SLICE_THRESHOLD_BYTES = 256 * 1024;

/** The size of the text for one JSON.parse. */
const DEFAULT_SLICE_BYTES = 64 * 1024;

/**
 * Parses a message at once.
 *
 * @throws OvsdbError PROTOCOL_ERROR when the text is not JSON
 */
export function parseJson(bytes: Buffer): unknown {
  return parseText(bytes.toString('utf8'));
}

/**
 * Parses a large JSON object or array without blocking the event loop. The parser steps through containers
 * that are larger than a slice, and gives sequences of small members to one JSON.parse. The dump of a
 * database with 50,000 ports is one message of 26 MB; JSON.parse needs 0.3 s for it. Large objects have no
 * prototype.
 *
 * @throws OvsdbError PROTOCOL_ERROR when the text is not JSON
 */
export async function parseJsonInSlices(bytes: Buffer, sliceBytes = DEFAULT_SLICE_BYTES): Promise<unknown> {
  return new SlicedParser(bytes, sliceBytes).parse();
}

class SlicedParser {
  readonly #bytes: Buffer;
  readonly #sliceBytes: number;
  readonly #turn = new Turn(() => realClock.now());
  #at = 0;

  constructor(bytes: Buffer, sliceBytes: number) {
    this.#sliceBytes = sliceBytes;
    this.#bytes = bytes;
  }

  async parse(): Promise<unknown> {
    const value = await this.#value();
    this.#skipSpace();
    if (this.#at !== this.#bytes.length) throw malformed('text after the end');
    return value;
  }

  async #value(): Promise<unknown> {
    this.#skipSpace();
    const first = this.#bytes[this.#at];
    const end = endOfValue(this.#bytes, this.#at, this.#at + this.#sliceBytes);
    if (end === undefined && first === 0x7b) return this.#container(0x7d);
    if (end === undefined && first === 0x5b) return this.#container(0x5d);
    const stop = end ?? endOfValue(this.#bytes, this.#at, this.#bytes.length);
    if (stop === undefined) throw malformed('unexpected end');
    const value = parseText(this.#bytes.toString('utf8', this.#at, stop));
    this.#at = stop;
    return value;
  }

  /** Parses an object (`close` is `}`) or array (`]`) that is larger than a slice. */
  async #container(close: number): Promise<unknown> {
    const isObject = close === 0x7d;
    const array: unknown[] = [];
    const object = Object.create(null) as Record<string, unknown>;
    this.#at++;
    for (let isFirst = true; ; isFirst = false) {
      const { from, to, last } = this.#run(isObject, close, isFirst);
      if (to > from) {
        const text = this.#bytes.toString('utf8', from, to);
        if (isObject) Object.assign(object, parseText(`{${text}}`));
        else for (const member of parseText(`[${text}]`) as unknown[]) array.push(member);
      } else if (!last) {
        // The next member is larger than a slice: parse it member by member.
        const key = isObject ? this.#key() : '';
        const member = await this.#value();
        if (isObject) object[key] = member;
        else array.push(member);
        if (!this.#separator(close)) return isObject ? object : array;
      }
      if (last) return isObject ? object : array;
      const others = this.#turn.over();
      if (others !== undefined) await others;
    }
  }

  /**
   * Skips the complete members that fit into a slice, and their separators. `last` is true if the container
   * ends after them.
   */
  #run(isObject: boolean, close: number, isFirst: boolean): { from: number; to: number; last: boolean } {
    this.#skipSpace();
    const from = this.#at;
    if (this.#bytes[from] === close) {
      if (!isFirst) throw malformed('a comma before the end of a container');
      this.#at++;
      return { from, to: from, last: true };
    }
    const limit = from + this.#sliceBytes;
    let to = from;
    for (;;) {
      const memberStart = this.#at;
      if (isObject) this.#key();
      this.#skipSpace();
      const end = endOfValue(this.#bytes, this.#at, limit);
      if (end === undefined) {
        this.#at = memberStart;
        return { from, to, last: false };
      }
      this.#at = end;
      to = end;
      if (!this.#separator(close)) return { from, to, last: true };
      this.#skipSpace();
    }
  }

  #key(): string {
    this.#skipSpace();
    const end = endOfValue(this.#bytes, this.#at, this.#bytes.length);
    if (end === undefined) throw malformed('unexpected end');
    const key = parseText(this.#bytes.toString('utf8', this.#at, end));
    if (typeof key !== 'string') throw malformed('a member without a name');
    this.#at = end;
    this.#skipSpace();
    if (this.#bytes[this.#at] !== 0x3a) throw malformed('a member without a colon');
    this.#at++;
    return key;
  }

  /** Skips `,` (true: another member follows) or the closing bracket (false). */
  #separator(close: number): boolean {
    this.#skipSpace();
    const byte = this.#bytes[this.#at++];
    if (byte === 0x2c) return true;
    if (byte === close) return false;
    throw malformed('expected a comma or the end of the container');
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || byte > 0x20) return;
      this.#at++;
    }
  }
}

/**
 * Returns the index after the value that begins at `start`; undefined if the value does not end before
 * `limit`.
 */
function endOfValue(bytes: Buffer, start: number, limit: number): number | undefined {
  const stop = Math.min(limit, bytes.length);
  let depth = 0;
  let inString = false;
  for (let i = start; i < stop; i++) {
    if (inString) {
      while (i < stop && bytes[i] !== 0x22 && bytes[i] !== 0x5c) i++;
      if (bytes[i] === 0x5c) i++;
      else if (i < stop) {
        inString = false;
        if (depth === 0) return i + 1;
      }
      continue;
    }
    const byte = bytes[i];
    if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return i;
      if (--depth === 0) return i + 1;
    } else if (depth === 0 && byte === 0x2c) return i;
    else if (depth === 0 && byte === 0x3a) return i;
  }
  return undefined;
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : String(error), error);
  }
}

function malformed(reason: string, cause?: unknown): OvsdbError {
  return new OvsdbError('PROTOCOL_ERROR', `malformed JSON from the server: ${reason}`, { cause });
}
