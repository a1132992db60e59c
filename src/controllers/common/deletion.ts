import type { ResourceType } from '../../api/index.ts';
import { isLeaving, type KubeObject, type Result } from '../../reconcile/index.ts';
import { ownerOf } from './converge.ts';
import { FINALIZER, type Env } from './env.ts';
import type { Problem } from './problem.ts';

/** The number of names that a message lists at most. */
const MAX_NAMES = 10;

/** Returns why a deleted object still exists. `users` are its users, each as `Kind name`. Undefined without users. */
export function inUseProblem(kind: string, users: readonly string[]): Problem | undefined {
  if (users.length === 0) return undefined;
  const shown = users.toSorted().slice(0, MAX_NAMES).join(', ');
  const more = users.length > MAX_NAMES ? ` and ${users.length - MAX_NAMES} more` : '';
  const message =
    `The ${kind} is being deleted, but is still used by ${shown}${more}. ` +
    `The deletion finishes when no object uses the ${kind}.`;
  return { reason: 'InUse', message };
}

/** Finishes the deletion of an unused object: removes its rows, releases its allocations, then removes the finalizer. */
export async function finishDeletion(
  env: Env,
  type: ResourceType,
  object: KubeObject,
  release: () => void,
): Promise<Result> {
  await env.writer.remove(ownerOf(object));
  release();
  await env.finalizers.remove(type, object, FINALIZER);
  return { kind: 'done' };
}

/**
 * Sets the finalizer, so that a deleted object exists until no other object uses it.
 *
 * @returns false when the object changed at the same time: that change enqueues the object again
 */
export async function ensureFinalizer(env: Env, type: ResourceType, object: KubeObject): Promise<boolean> {
  if (isLeaving(object)) return true;
  return (await env.finalizers.add(type, object, FINALIZER)) === 'held';
}

/**
 * Removes the rows and the allocations of objects that no longer exist. A finalizer does not make this unnecessary,
 * because a user can remove the finalizer by hand.
 */
export async function removeGone(
  env: Env,
  gone: readonly KubeObject[],
  release: (uid: string) => void,
): Promise<void> {
  for (const object of gone) {
    await env.writer.remove(ownerOf(object));
    release(object.metadata.uid);
  }
}
