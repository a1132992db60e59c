import type { ResourceType } from '../../api/index.ts';
import { isLeaving, type KubeObject, type Result } from '../../reconcile/index.ts';
import { ownerOf } from './converge.ts';
import { FINALIZER, type Env } from './env.ts';
import type { Problem } from './problem.ts';

/** Most names that a message lists. */
const MOST_NAMES = 10;

/** Why a deleted object is still there: who uses it, by name (they are of the same namespace). */
export function inUse(kind: string, users: readonly string[]): Problem | undefined {
  if (users.length === 0) return undefined;
  const shown = users.toSorted().slice(0, MOST_NAMES).join(', ');
  const more = users.length > MOST_NAMES ? ` and ${users.length - MOST_NAMES} more` : '';
  return { reason: 'InUse', message: `The ${kind} is to be deleted, and is still used by ${shown}${more}.` };
}

/** Lets a deleted object go that nothing uses any more: its rows first, then what it held, then itself. */
export async function letGo(
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
 * Sees that an object which others may come to need cannot vanish from under them. False when it must be looked at
 * anew first, because somebody changed it at the same time; that change wakes it.
 */
export async function hold(env: Env, type: ResourceType, object: KubeObject): Promise<boolean> {
  if (isLeaving(object)) return true;
  return (await env.finalizers.add(type, object, FINALIZER)) === 'held';
}

/** Cleans up after objects that are gone without having been let go (a finalizer taken off by hand). */
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
