import type { Steps } from '../../base/index.ts';
import { precedenceOf, type KubeObject } from '../../reconcile/index.ts';

/** The number of objects that one step sorts. */
const RUN_LENGTH = 512;

type Ranked<T> = readonly [rank: string, object: T];

/**
 * Sorts objects by precedence ({@link precedenceOf}): the first of two conflicting objects is in effect, for all kinds.
 * The order is predictable, and depends neither on the order of a list nor on a restart.
 */
export function oldestFirst<T extends KubeObject>(objects: Iterable<T>): T[] {
  return ranked([...objects]).map(([, object]) => object);
}

/**
 * {@link oldestFirst} in steps, for thousands of objects: a merge sort. The result contains the objects that exist at
 * the first step.
 */
export function* oldestFirstInSteps<T extends KubeObject>(objects: Iterable<T>): Steps<T[]> {
  const all = [...objects];
  let runs: Ranked<T>[][] = [];
  for (let at = 0; at < all.length; at += RUN_LENGTH) {
    runs.push(ranked(all.slice(at, at + RUN_LENGTH)));
    yield;
  }
  while (runs.length > 1) {
    const longer: Ranked<T>[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      longer.push(yield* merged(runs[at] ?? [], runs[at + 1] ?? []));
    }
    runs = longer;
  }
  return (runs[0] ?? []).map(([, object]) => object);
}

function ranked<T extends KubeObject>(objects: readonly T[]): Ranked<T>[] {
  return objects
    .map((object) => [precedenceOf(object), object] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function* merged<T>(left: readonly Ranked<T>[], right: readonly Ranked<T>[]): Steps<Ranked<T>[]> {
  const all: Ranked<T>[] = [];
  let at = 0;
  for (const [index, each] of left.entries()) {
    for (let next = right[at]; next !== undefined && next[0] < each[0]; next = right[++at]) all.push(next);
    all.push(each);
    if (index % 64 === 0) yield;
  }
  return all.concat(right.slice(at));
}

/** Whether `a` has precedence over `b`. */
export function isOlder(a: KubeObject, b: KubeObject): boolean {
  return precedenceOf(a) < precedenceOf(b);
}

/** Returns the object with precedence over all others; undefined if there are no objects. */
export function oldestOf<T extends KubeObject>(objects: Iterable<T>): T | undefined {
  let oldest: T | undefined;
  for (const object of objects) if (oldest === undefined || isOlder(object, oldest)) oldest = object;
  return oldest;
}
