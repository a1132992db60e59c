import type { KubeObject } from '../reconcile/index.ts';

/** By creation time, those of one second by UID: an order that does not depend on how they were listed. */
export function oldestFirst<T extends KubeObject>(objects: Iterable<T>): T[] {
  return [...objects]
    .map((object) => [`${object.metadata.creationTimestamp ?? ''}/${object.metadata.uid}`, object] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, object]) => object);
}
