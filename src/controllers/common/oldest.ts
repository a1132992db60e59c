import type { Steps } from '../../base/index.ts';
import { keyOf, type KubeObject } from '../../reconcile/index.ts';

/** So many objects are put in order in one step. */
const RUN = 512;

type Ranked<T> = readonly [rank: string, object: T];

/**
 * Which of two objects that exclude each other is in effect, for all kinds: the older one; of those of one second
 * (the API server keeps no finer time) the first by `namespace/name`, as the Gateway API has it; of two kinds with
 * one name the lower UID. So it does not depend on how they were listed, nor on a restart, and people can foresee it.
 */
export function oldestFirst<T extends KubeObject>(objects: Iterable<T>): T[] {
  return ranked([...objects]).map(([, object]) => object);
}

/** The same of very many, as they are when it begins: sorted in runs, and those merged two by two. */
export function* oldestFirstInSteps<T extends KubeObject>(objects: Iterable<T>): Steps<T[]> {
  const all = [...objects];
  let runs: Ranked<T>[][] = [];
  for (let at = 0; at < all.length; at += RUN) {
    runs.push(ranked(all.slice(at, at + RUN)));
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
  return objects.map((object) => [rank(object), object] as const).sort(([a], [b]) => (a < b ? -1 : 1));
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
