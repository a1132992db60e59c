/**
 * Writes are counted where they change objects of our group. Leases are the process's own, and Events are written in
 * the background at a limited rate: those of one round may come in the next.
 */
const counted = /^\/apis\/network\.plasmavmc\.io\b/;

/** Whether a request to the API server counts as a write. */
export function isCounted(method: string, path: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && counted.test(path);
}
