import type { ResourceType } from '../../api/index.ts';
import { isLeaving, type KubeObject, type Result } from '../../reconcile/index.ts';
import { ownerOf } from './converge.ts';
import { FINALIZER, type Env } from './env.ts';
import type { Problem } from './problem.ts';

/** How many names a message lists. */
const MAX_NAMES = 10;

/** Why a deleted object still exists: its users, as `Kind name`. Undefined without users. */
export function inUse(kind: string, users: readonly string[]): Problem | undefined {
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
 * Sets the finalizer, so that an object outlives its deletion while others need it. False when the object changed at
 * the same time: that change enqueues the object again.
 */
export async function hold(env: Env, type: ResourceType, object: KubeObject): Promise<boolean> {
  if (isLeaving(object)) return true;
  return (await env.finalizers.add(type, object, FINALIZER)) === 'held';
}

/** Removes the rows and the allocations of objects that are gone, also when a user removed the finalizer by hand. */
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
