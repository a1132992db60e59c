import { OvsdbError } from './errors.ts';
import type { AtomicType, ColumnType } from './schema.ts';
import { ZERO_UUID } from './values.ts';
import type { Atom, Value } from './values.ts';

/** All rows share these empty values: 50,000 rows have half a million empty columns. */
const emptySet: ReadonlySet<Atom> = new Set();
const emptyMap: ReadonlyMap<Atom, Atom> = new Map();

/** Returns the default of a column (RFC 7047 §5.2.1, <table-update2> in ovsdb-server(7)). */
export function defaultValue(type: ColumnType): Value {
  if (type.kind === 'map') return emptyMap;
  if (type.kind === 'set') return type.min === 0 ? emptySet : new Set([defaultAtom(type.key)]);
  return defaultAtom(type.key);
}

function defaultAtom(type: AtomicType): Atom {
  switch (type) {
    case 'integer':
    case 'real':
      return 0;
    case 'boolean':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return ZERO_UUID;
  }
}

/**
 * Converts a value from the notation of RFC 7047 §5.1, in which a set of one element may be a bare atom.
 *
 * @throws OvsdbError PROTOCOL_ERROR when the value does not have the type of the column
 */
export function decodeValue(type: ColumnType, wire: unknown): Value {
  switch (type.kind) {
    case 'atom':
      return decodeAtom(type.key, wire);
    case 'set': {
      const members = tagged(wire, 'set');
      if (!members) return new Set([decodeAtom(type.key, wire)]);
      if (members.length === 0) return emptySet;
      const set = new Set<Atom>();
      for (const member of members) set.add(decodeAtom(type.key, member));
      return set;
    }
    case 'map': {
      const pairs = tagged(wire, 'map');
      if (!pairs) throw malformed(type, wire);
      if (pairs.length === 0) return emptyMap;
      const map = new Map<Atom, Atom>();
      for (const pair of pairs) {
        if (!Array.isArray(pair) || pair.length !== 2) throw malformed(type, wire);
        map.set(decodeAtom(type.key, pair[0]), decodeAtom(type.value ?? 'string', pair[1]));
      }
      return map;
    }
  }
}

function decodeAtom(type: AtomicType, wire: unknown): Atom {
  if (type === 'uuid') {
    if (Array.isArray(wire) && wire.length === 2 && wire[0] === 'uuid' && typeof wire[1] === 'string')
      return wire[1];
  } else if (type === 'string') {
    if (typeof wire === 'string') return wire;
  } else if (type === 'boolean') {
    if (typeof wire === 'boolean') return wire;
  } else if (typeof wire === 'number') return wire;
  throw new OvsdbError(
    'PROTOCOL_ERROR',
    `the server sent ${shorten(wire)} instead of a value of type ${type}`,
  );
}

function tagged(wire: unknown, tag: 'set' | 'map'): readonly unknown[] | undefined {
  return Array.isArray(wire) && wire.length === 2 && wire[0] === tag && Array.isArray(wire[1])
    ? (wire[1] as unknown[])
    : undefined;
}

function malformed(type: ColumnType, wire: unknown): OvsdbError {
  return new OvsdbError('PROTOCOL_ERROR', `the server sent ${shorten(wire)} instead of a ${type.kind}`);
}

function shorten(wire: unknown): string {
  return (JSON.stringify(wire) as string | undefined)?.slice(0, 100) ?? 'nothing';
}

/**
 * Converts a value to the notation of RFC 7047 §5.1.
 *
 * @throws OvsdbError SCHEMA_MISMATCH when the value does not have the type of the column
 */
export function encodeValue(type: ColumnType, value: Value): unknown {
  if (value instanceof Map) {
    if (type.kind !== 'map') throw mismatch(type, value);
    return encodeMap(type, value as ReadonlyMap<Atom, Atom>);
  }
  if (value instanceof Set) {
    if (type.kind !== 'set') throw mismatch(type, value);
    return encodeSet(type, value as ReadonlySet<Atom>);
  }
  if (type.kind === 'map') throw mismatch(type, value);
  return encodeAtom(type.key, value as Atom);
}

/** Encodes atoms as a set, also for a map column: the mutation `delete` of a map takes a set of keys. */
export function encodeSet(type: ColumnType, atoms: Iterable<Atom>): unknown {
  return ['set', Array.from(atoms, (atom) => encodeAtom(type.key, atom))];
}

/** Encodes entries as a map. */
export function encodeMap(type: ColumnType, entries: Iterable<readonly [Atom, Atom]>): unknown {
  return [
    'map',
    Array.from(entries, ([key, value]) => [
      encodeAtom(type.key, key),
      encodeAtom(type.value ?? 'string', value),
    ]),
  ];
}

function encodeAtom(type: AtomicType, atom: Atom): unknown {
  switch (type) {
    case 'uuid':
      if (typeof atom === 'string' && uuidPattern.test(atom)) return ['uuid', atom];
      break;
    case 'string':
      if (typeof atom === 'string') return atom;
      break;
    case 'boolean':
      if (typeof atom === 'boolean') return atom;
      break;
    case 'integer':
      if (Number.isSafeInteger(atom)) return atom;
      break;
    case 'real':
      if (typeof atom === 'number' && Number.isFinite(atom)) return atom;
      break;
  }
  throw new OvsdbError('SCHEMA_MISMATCH', `${JSON.stringify(atom)} is not a valid ${type}`);
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function mismatch(type: ColumnType, value: Value): OvsdbError {
  const shape = value instanceof Map ? 'a map' : value instanceof Set ? 'a set' : 'a single value';
  return new OvsdbError(
    'SCHEMA_MISMATCH',
    `the value is ${shape}, but the column is a ${type.kind} of ${type.key}`,
  );
}

/**
 * Returns the Set of a column that the caller may change in place: a new Set instead of the shared empty Set.
 */
export function ownSet(value: Value | undefined): Set<Atom> {
  return value instanceof Set && value !== emptySet ? (value as Set<Atom>) : new Set();
}
