import { realClock, Turn } from '../../base/index.ts';
import { OvsdbError } from './errors.ts';

/** Messages up to this many bytes are parsed in one go (about 2 ms); larger ones in slices. */
export const sliceThreshold = 256 * 1024;

/** Bytes given to one JSON.parse. */
const defaultSliceBytes = 64 * 1024;

/** Parses a whole message at once. @throws OvsdbError PROTOCOL_ERROR when it is not JSON. */
export function parseJson(bytes: Buffer): unknown {
  return parseText(bytes.toString('utf8'));
}

/**
 * Parses a large JSON object or array without holding the event loop: containers that exceed a slice are walked member by
 * member, and runs of small members go to JSON.parse together. The dump of a database of 50,000 ports is one
 * message of 26 MB, which JSON.parse alone takes 0.3 s for. Large objects come back without a prototype.
 *
 * @throws OvsdbError PROTOCOL_ERROR when it is not JSON.
 */
export async function parseJsonInSlices(bytes: Buffer, sliceBytes = defaultSliceBytes): Promise<unknown> {
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

  /** An object (`close` is `}`) or array (`]`) that does not fit a slice. */
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
        // Not even one member fits: go into it.
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

  /** Steps over as many whole members as fit a slice, and their separators; `last`: the container ended there. */
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

  /** Steps over `,` (true: another member follows) or the closing bracket (false). */
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

/** Index after the value that begins at `start`; undefined when it does not end before `limit`. */
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
