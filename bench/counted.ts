/**
 * Only writes to objects of the project's API group count. Leases do not depend on the objects. Events are written in
 * the background at a limited rate, so the Events of one round can arrive in the next round.
 */
const counted = /^\/apis\/network\.plasmavmc\.io\b/;

/** Whether a request to the API server counts as a write. */
export function isCounted(method: string, path: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && counted.test(path);
}
