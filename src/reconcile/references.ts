import { jsonEqual } from '../base/index.ts';
import type { Change, ReadStore } from './store/store.ts';
import { keyOf, type Kind, type KubeObject, type Priority, type Reference } from './types.ts';

/** A reference with both its ends, as the manager knows them. */
export interface Link {
  /** The referring kind, and its store with the reference's index. */
  readonly from: string;
  readonly reference: string;
  readonly to: string;
  readonly store: Pick<ReadStore<KubeObject>, 'keysByIndex'>;
}

/** What a change may wake. */
export interface Waker {
  enqueue(kind: string, key: string, priority: Priority): void;
  enqueueAfter(kind: string, key: string, afterMs: number): void;
}

/**
 * Enqueues the dependents of an object that changed: those whose reference has its key, when it appeared,
 * disappeared, or its facts are other ones. The cost is that of the facts, and of those woken.
 */
export function wakeDependents<T extends KubeObject>(
  change: Change<T>,
  links: readonly Link[],
  { facts = defaultFacts, aliases = () => [] }: Pick<Kind<T>, 'facts' | 'aliases'>,
  waker: Waker,
): void {
  if (links.length === 0) return;
  const names = new Set([change.key, ...aliases(change.object)]);
  if (change.type === 'updated') {
    const before = aliases(change.old);
    const isRenamed = before.length !== names.size - 1 || before.some((alias) => !names.has(alias));
    if (!isRenamed && jsonEqual(facts(change.old), facts(change.object))) return;
    for (const alias of before) names.add(alias);
  }
  for (const { from, reference, store } of links) {
    for (const name of names) {
      for (const key of store.keysByIndex(reference, name)) waker.enqueue(from, key, 'repair');
    }
  }
}

/**
 * Enqueues what an object refers to, or no longer does, when the reference says that the target cares.
 * `targets` gives the objects that a key or an alias names.
 */
export function wakeTargets<T extends KubeObject>(
  change: Change<T>,
  reference: Reference<T>,
  targets: (name: string) => Iterable<KubeObject>,
  waker: Waker,
): void {
  const { wakesTarget, to } = reference;
  if (wakesTarget === undefined || wakesTarget === false) return;
  const before =
    change.type === 'added' ? [] : reference.keys(change.type === 'updated' ? change.old : change.object);
  const after = change.type === 'deleted' ? [] : reference.keys(change.object);
  const afterMs = wakesTarget === true ? 0 : wakesTarget.afterMs;
  for (const name of new Set([...before, ...after])) {
    if (before.includes(name) && after.includes(name)) continue;
    for (const target of targets(name)) {
      const isLeaving = target.metadata.deletionTimestamp !== undefined;
      if (isLeaving || afterMs === 0) waker.enqueue(to, keyOf(target), 'repair');
      else waker.enqueueAfter(to, keyOf(target), afterMs);
    }
  }
}

/** The facts of a kind that declares none. */
export function defaultFacts({ metadata }: KubeObject): unknown {
  const { generation, labels, deletionTimestamp } = metadata;
  return { generation, labels, deletionTimestamp };
}
