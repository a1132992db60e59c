import { jsonEqual } from '../base/index.ts';
import type { Change, ReadStore } from './store/store.ts';
import { precedenceOf } from './precedence.ts';
import { keyOf, type Kind, type KubeObject, type Priority, type Reference } from './types.ts';

/** The names of the indexes of {@link Kind.aliases} and {@link Kind.aliasesOfOldest} in every store. */
export const ALIAS_INDEX = 'aliases';
export const OLDEST_ALIAS_INDEX = 'aliasesOfOldest';

/** A reference from one kind to another kind. */
export interface Link {
  /** The referring kind. */
  readonly from: string;
  /** The name of the reference and of its index in `store`. */
  readonly reference: string;
  readonly to: string;
  /** The store of the referring kind. */
  readonly store: Pick<ReadStore<KubeObject>, 'keysByIndex' | 'oldestFirst'>;
  /** {@link Reference.wakesOldest} */
  readonly wakesOldest?: number | undefined;
  /** {@link Reference.ignores} */
  readonly ignores?: readonly string[] | undefined;
}

/** Adds keys to the queues of the kinds. */
export interface Enqueuer {
  enqueue(kind: string, key: string, priority: Priority): void;
  enqueueAfter(kind: string, key: string, afterMs: number): void;
}

/**
 * Enqueues the objects that refer to a changed object by its key or an alias, when the object was created,
 * was deleted or changed its facts or aliases. The cost is the comparison of the facts plus the number of
 * enqueued keys.
 *
 * @param store the store of the changed object, after the change
 */
export function enqueueDependents<T extends KubeObject>(
  change: Change<T>,
  links: readonly Link[],
  kind: Pick<Kind<T>, 'facts' | 'aliases' | 'aliasesOfOldest'>,
  store: Pick<ReadStore<KubeObject>, 'oldestFirst'>,
  enqueuer: Enqueuer,
): void {
  if (links.length === 0) return;
  const { facts = defaultFacts } = kind;
  const names = new Set([change.key, ...namesOf(kind, store, change.object)]);
  let isSame: (ignored: readonly string[]) => boolean = () => false;
  if (change.type === 'updated') {
    const before = namesOf(kind, store, change.old);
    const isRenamed = before.length !== names.size - 1 || before.some((alias) => !names.has(alias));
    const [old, now] = [facts(change.old), facts(change.object)];
    if (!isRenamed && jsonEqual(old, now)) return;
    if (!isRenamed) isSame = (ignored) => jsonEqual(without(old, ignored), without(now, ignored));
    for (const alias of before) names.add(alias);
  }
  for (const link of links) {
    if (link.ignores !== undefined && isSame(link.ignores)) continue;
    for (const name of names) {
      for (const key of referrers(link, name)) enqueuer.enqueue(link.from, key, 'repair');
    }
  }
}

function without(facts: unknown, fields: readonly string[]): unknown {
  return Object.fromEntries(Object.entries(facts ?? {}).filter(([field]) => !fields.includes(field)));
}

/** Returns the aliases of an object, including those that name the object only because it is the oldest one. */
function namesOf<T extends KubeObject>(
  { aliases = () => [], aliasesOfOldest = () => [] }: Pick<Kind<T>, 'aliases' | 'aliasesOfOldest'>,
  store: Pick<ReadStore<KubeObject>, 'oldestFirst'>,
  object: T,
): readonly string[] {
  const isOldest = (alias: string): boolean => {
    const [oldest] = store.oldestFirst(OLDEST_ALIAS_INDEX, alias);
    // A deleted object was the oldest one if it has precedence over the oldest of the remaining objects.
    return oldest === undefined || precedenceOf(object) <= precedenceOf(oldest);
  };
  return [...aliases(object), ...aliasesOfOldest(object).filter(isOldest)];
}

function referrers({ store, reference, wakesOldest }: Link, name: string): Iterable<string> {
  if (wakesOldest === undefined) return store.keysByIndex(reference, name);
  const keys: string[] = [];
  for (const referrer of store.oldestFirst(reference, name)) {
    if (keys.length >= wakesOldest) break;
    keys.push(keyOf(referrer));
  }
  return keys;
}

/**
 * Enqueues the objects to which a changed object started or stopped referring, if the reference has
 * `wakesTarget`.
 *
 * @param targets returns the objects that a key or an alias names
 */
export function enqueueTargets<T extends KubeObject>(
  change: Change<T>,
  reference: Reference<T>,
  targets: (name: string) => Iterable<KubeObject>,
  enqueuer: Enqueuer,
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
      if (isLeaving || afterMs === 0) enqueuer.enqueue(to, keyOf(target), 'repair');
      else enqueuer.enqueueAfter(to, keyOf(target), afterMs);
    }
  }
}

/** The facts of a kind without a declaration of facts. */
function defaultFacts({ metadata }: KubeObject): unknown {
  const { generation, labels, deletionTimestamp } = metadata;
  return { generation, labels, deletionTimestamp };
}
