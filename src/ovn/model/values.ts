import type { Atom, Value } from '../ovsdb/index.ts';
import type { ColumnSpec } from './tables.ts';

/** A value does not fit its column. The caller adds the column's name to the message. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
  readonly code = 'INVALID_VALUE';
}

/**
 * Returns whether the column has the desired value. `desired` undefined means the column's default: an empty
 * set or map, `''`, `0` or `false` (RFC 7047 §5.2.1).
 */
export function holds(spec: ColumnSpec, desired: Value | undefined, actual: Value): boolean {
  switch (spec.kind) {
    case 'string':
      return actual === (desired ?? '');
    case 'integer':
      return actual === (desired ?? 0);
    case 'boolean':
      return actual === (desired ?? false);
    case 'map':
      return actual instanceof Map && sameMap(desired, actual);
    case 'optional':
    case 'set':
      return actual instanceof Set && sameSet(desired, actual);
  }
}

function sameSet(desired: Value | undefined, actual: ReadonlySet<Atom>): boolean {
  if (desired === undefined) return actual.size === 0;
  if (!(desired instanceof Set)) return actual.size === 1 && actual.has(desired as Atom);
  if (desired.size !== actual.size) return false;
  for (const atom of desired as ReadonlySet<Atom>) if (!actual.has(atom)) return false;
  return true;
}

function sameMap(desired: Value | undefined, actual: ReadonlyMap<Atom, Atom>): boolean {
  if (desired === undefined) return actual.size === 0;
  if (!(desired instanceof Map) || desired.size !== actual.size) return false;
  for (const [key, value] of desired as ReadonlyMap<Atom, Atom>) if (actual.get(key) !== value) return false;
  return true;
}

/**
 * Converts a desired value into the shape that the replica uses. `value` undefined means the column's
 * default.
 *
 * The function rejects text with a NUL or a lone surrogate, because the JSON parser of OVS closes the
 * connection when it reads such text. That would also fail the transactions of all other owners.
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
