import type { Atom, Value } from '../ovsdb/index.ts';
import type { ColumnSpec } from './tables.ts';

/** A value does not fit its column. The caller adds the column's name to the message. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
  readonly code = 'INVALID_VALUE';
}

/**
 * Returns whether the column has the desired value. `want` undefined means the column's default: an empty set or map,
 * `''`, `0` or `false` (RFC 7047 §5.2.1).
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
 * Converts a desired value into the shape that the replica uses. `value` undefined means the column's default.
 *
 * The function rejects text with a NUL or a lone surrogate, because the JSON parser of OVS closes the connection when
 * it reads such text. That would also fail the transactions of all other owners.
 *
 * @throws ValueError when the value does not fit the column
 */
export function fitValue(spec: ColumnSpec, value: Value | undefined): Value {
  if (spec.kind === 'map') {
    if (value !== undefined && !(value instanceof Map)) throw new ValueError('must be a map');
    const map: ReadonlyMap<Atom, Atom> = value ?? none;
    for (const [key, entry] of map) {
      checkAtom('string', key);
      checkAtom(spec.of, entry);
    }
    return map;
  }
  if (value instanceof Map) throw new ValueError('must not be a map');
  if (spec.kind === 'set' || spec.kind === 'optional') {
    const set: ReadonlySet<Atom> =
      value instanceof Set ? value : new Set(value === undefined ? [] : [value as Atom]);
    if (spec.kind === 'optional' && set.size > 1) throw new ValueError('must have at most one value');
    for (const atom of set) checkAtom(spec.of, atom);
    return set;
  }
  if (value instanceof Set) throw new ValueError('must not be a set');
  const atom = (value ?? defaults[spec.kind]) as Atom;
  checkAtom(spec.of, atom);
  return atom;
}

const none: ReadonlyMap<Atom, Atom> = new Map();
const defaults = { string: '', integer: 0, boolean: false } as const;
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function checkAtom(type: ColumnSpec['of'], atom: Atom): void {
  switch (type) {
    case 'uuid':
      if (typeof atom !== 'string' || !uuidPattern.test(atom))
        throw new ValueError('must be the UUID of a row');
      return;
    case 'string':
      if (typeof atom !== 'string') throw new ValueError('must be a string');
      if (atom.includes('\0') || !atom.isWellFormed())
        throw new ValueError('contains a NUL or text that is not valid Unicode');
      return;
    case 'integer':
      if (!Number.isSafeInteger(atom)) throw new ValueError('must be an integer');
      return;
    case 'boolean':
      if (typeof atom !== 'boolean') throw new ValueError('must be true or false');
  }
}
