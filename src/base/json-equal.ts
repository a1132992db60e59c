/**
 * Returns whether two values are the same JSON. The order of properties is irrelevant. As in JSON.stringify,
 * a property with the value undefined counts as absent.
 */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && arraysEqual(a, b);
  return !Array.isArray(b) && objectsEqual(a as JsonObject, b as JsonObject);
}

type JsonObject = Readonly<Record<string, unknown>>;

function arraysEqual(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!jsonEqual(a[i], b[i])) return false;
  return true;
}

function objectsEqual(a: JsonObject, b: JsonObject): boolean {
  let present = 0;
  for (const name in a) {
    if (a[name] === undefined) continue;
    present++;
    if (!Object.hasOwn(b, name) || !jsonEqual(a[name], b[name])) return false;
  }
  for (const name in b) if (b[name] !== undefined) present--;
  return present === 0;
}
