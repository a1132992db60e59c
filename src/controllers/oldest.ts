import { keyOf, type KubeObject } from '../reconcile/index.ts';

/**
 * Which of two objects that exclude each other is in effect, for all kinds: the older one; of those of one second
 * (the API server keeps no finer time) the first by `namespace/name`, as the Gateway API has it; of two kinds with
 * one name the lower UID. So it does not depend on how they were listed, nor on a restart, and people can foresee it.
 */
export function oldestFirst<T extends KubeObject>(objects: Iterable<T>): T[] {
  return [...objects]
    .map((object) => [rank(object), object] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, object]) => object);
}

/** Whether `a` goes before `b`. */
export function isOlder(a: KubeObject, b: KubeObject): boolean {
  return rank(a) < rank(b);
}

/** The first of them; undefined when there is none. */
export function oldestOf<T extends KubeObject>(objects: Iterable<T>): T | undefined {
  let oldest: T | undefined;
  for (const object of objects) if (oldest === undefined || isOlder(object, oldest)) oldest = object;
  return oldest;
}

/** Spaces sort before all characters of names, so a name goes before those that begin with it. */
function rank({ metadata }: KubeObject): string {
  return `${metadata.creationTimestamp ?? ''} ${keyOf({ metadata })} ${metadata.uid}`;
}
