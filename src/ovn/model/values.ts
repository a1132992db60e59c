import type { ColumnSpec } from './tables.ts';
import type { Atom, Value } from '../ovsdb/index.ts';

/** A value that the database could not hold; the column's name is the caller's to add. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
  readonly code = 'INVALID_VALUE';
}

/**
 * Whether the column holds what is wanted, where wanting nothing (undefined) means the column's default: an empty
 * set or map, `''`, `0`, `false` (RFC 7047 §5.2.1).
 */
export function holds(spec: ColumnSpec, want: Value | undefined, have: Value): boolean {
  switch (spec.kind) {
    case 'string':
      return have === (want ?? '');
    case 'integer':
      return have === (want ?? 0);
    case 'boolean':
      return have === (want ?? false);
    case 'map':
      return have instanceof Map && sameMap(want, have);
    case 'optional':
    case 'set':
      return have instanceof Set && sameSet(want, have);
  }
}

function sameSet(want: Value | undefined, have: ReadonlySet<Atom>): boolean {
  if (want === undefined) return have.size === 0;
  if (!(want instanceof Set)) return have.size === 1 && have.has(want as Atom);
  if (want.size !== have.size) return false;
  for (const atom of want as ReadonlySet<Atom>) if (!have.has(atom)) return false;
  return true;
}

function sameMap(want: Value | undefined, have: ReadonlyMap<Atom, Atom>): boolean {
  if (want === undefined) return have.size === 0;
  if (!(want instanceof Map) || want.size !== have.size) return false;
  for (const [key, value] of want as ReadonlyMap<Atom, Atom>) if (have.get(key) !== value) return false;
  return true;
}

/**
 * What the column should hold, in the shape in which the replica holds it; undefined is the column's default.
 *
 * @throws ValueError when the value does not fit the column, or holds text that would break the connection: OVS's
 * JSON parser ends the session at a NUL or a lone surrogate, so one such string would take everybody down.
 */
export function fitValue(spec: ColumnSpec, value: Value | undefined): Value {
  if (spec.kind === 'map') {
    if (value !== undefined && !(value instanceof Map)) throw new ValueError('takes a map');
    const map: ReadonlyMap<Atom, Atom> = value ?? none;
    for (const [key, entry] of map) {
      checkAtom('string', key);
      checkAtom(spec.of, entry);
    }
    return map;
  }
  if (value instanceof Map) throw new ValueError('takes no map');
  if (spec.kind === 'set' || spec.kind === 'optional') {
    const set: ReadonlySet<Atom> =
      value instanceof Set ? value : new Set(value === undefined ? [] : [value as Atom]);
    if (spec.kind === 'optional' && set.size > 1) throw new ValueError('takes one value at most');
    for (const atom of set) checkAtom(spec.of, atom);
    return set;
  }
  if (value instanceof Set) throw new ValueError('takes no set');
  const atom = (value ?? defaults[spec.kind]) as Atom;
  checkAtom(spec.of, atom);
  return atom;
}

const none: ReadonlyMap<Atom, Atom> = new Map();
const defaults = { string: '', integer: 0, boolean: false } as const;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function checkAtom(type: ColumnSpec['of'], atom: Atom): void {
  switch (type) {
    case 'uuid':
      if (typeof atom !== 'string' || !UUID.test(atom)) throw new ValueError('takes the UUID of a row');
      return;
    case 'string':
      if (typeof atom !== 'string') throw new ValueError('takes text');
      if (atom.includes('\0') || !atom.isWellFormed())
        throw new ValueError('holds text that is not valid Unicode');
      return;
    case 'integer':
      if (!Number.isSafeInteger(atom)) throw new ValueError('takes an integer');
      return;
    case 'boolean':
      if (typeof atom !== 'boolean') throw new ValueError('takes true or false');
  }
}
