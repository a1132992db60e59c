/** Returns a value for comparison and printing: sets are sorted arrays, maps are objects with sorted keys. */
export function printable(value: unknown): unknown {
  if (value instanceof Set) return [...value].sort();
  if (value instanceof Map) return Object.fromEntries([...value].sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(value);
}

/** Returns a copy whose objects have sorted keys. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(printable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, printable(each)]),
  );
}
