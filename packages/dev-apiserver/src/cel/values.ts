/** CEL values outside the library: equality, and JSON values without a schema. */
import type { Json } from '../schema/json.ts';
import { Cidr, Ip } from './functions.ts';

/**
 * Compares CEL values: numbers across int and double, lists by order, Sets in any order, maps and objects by
 * key.
 */
export function celEquals(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === 'bigint' || typeof a === 'number') {
    // eslint-disable-next-line eqeqeq -- an int and a double are equal when their numbers are
    return (typeof b === 'bigint' || typeof b === 'number') && a == b;
  }
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => celEquals(item, b[index]));
  }
  if (a instanceof Map) {
    return (
      b instanceof Map &&
      a.size === b.size &&
      [...a].every(([key, value]) => b.has(key) && celEquals(value, b.get(key)))
    );
  }
  if (a instanceof Set) return b instanceof Set && a.size === b.size && [...a].every((item) => b.has(item));
  if (a instanceof Date) return b instanceof Date && a.valueOf() === b.valueOf();
  if (a instanceof Ip || a instanceof Cidr) return a.constructor === b?.constructor && a.equals(b as never);
  return false;
}

/** Converts a JSON value to the CEL type `dyn`. Integers become ints. */
export function toDyn(value: Json): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toDyn);
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.entries(value).map(([key, inner]) => [key, toDyn(inner)]));
  }
  return value;
}
