import { condition, type ResourceType } from '../../api/index.ts';
import type { Retention } from '../../ovn/index.ts';
import {
  ApiError,
  isLeaving,
  refKey,
  type Kind,
  type KubeObject,
  type Result,
} from '../../reconcile/index.ts';
import { ownerOf, writeCondition, type Conditioned } from './converge.ts';
import { FINALIZER, type Env } from './env.ts';
import type { Problem } from './problem.ts';

/** The parts of a kind's module that decide how rows are removed. */
interface Removed {
  readonly kind: Pick<Kind<never>, 'type'>;
  readonly retention?: Retention;
}

/** The number of names that a message lists at most. */
const MAX_NAMES = 10;

/** The number of users that a reconcile reads at most, so that its cost does not grow with their number. */
const MAX_USERS = 100;

/**
 * Returns the names of the first users, each as `Kind name`: at most one more than the limit of a reconcile. Users for
 * which `counts` is false do not prevent the deletion.
 */
export function namesOfUsers(
  users: Iterable<KubeObject>,
  counts: (user: KubeObject) => boolean = () => true,
  name: (user: KubeObject) => string = ({ metadata }) => metadata.name,
): readonly string[] {
  const names: string[] = [];
  for (const user of users) {
    if (counts(user)) names.push(`${user.kind} ${name(user)}`);
    if (names.length > MAX_USERS) break;
  }
  return names;
}

/** Returns the sorted names, separated by commas; after the first ones, only the number of the others. */
export function listNames(names: readonly string[]): string {
  const shown = names.toSorted().slice(0, MAX_NAMES).join(', ');
  const others = names.length > MAX_USERS ? `more than ${MAX_USERS - MAX_NAMES}` : names.length - MAX_NAMES;
  return names.length > MAX_NAMES ? `${shown} and ${others} more` : shown;
}

/** Returns why a deleted object still exists. `users` are its users, each as `Kind name`. Undefined without users. */
export function inUseProblem(kind: string, users: readonly string[]): Problem | undefined {
  if (users.length === 0) return undefined;
  const message =
    `The ${kind} is being deleted, but is still used by ${listNames(users)}. ` +
    `The deletion finishes when no object uses the ${kind}: delete or change these objects.`;
  return { reason: 'InUse', message };
}

/** Finishes the deletion of an unused object: removes its rows, releases its allocations, then removes the finalizer. */
export async function finishDeletion(
  env: Env,
  { kind: { type }, retention }: Removed,
  object: Conditioned,
  release: () => void,
): Promise<Result> {
  await removeRows(env, object, retention);
  release();
  await reportRefusal(env, type, object, env.finalizers.remove(type, object, FINALIZER));
  return { kind: 'done' };
}

/**
 * Sets the finalizer, so that a deleted object exists until no other object uses it.
 *
 * @returns false when the object changed at the same time: that change enqueues the object again
 */
export async function ensureFinalizer(env: Env, type: ResourceType, object: Conditioned): Promise<boolean> {
  if (isLeaving(object)) return true;
  return (await reportRefusal(env, type, object, env.finalizers.add(type, object, FINALIZER))) === 'held';
}

/** Returns the result of a change of the finalizer. If the API server refuses the change, reports that in the status. */
async function reportRefusal<R>(
  env: Env,
  type: ResourceType,
  object: Conditioned,
  change: Promise<R>,
): Promise<R> {
  try {
    return await change;
  } catch (error) {
    if (error instanceof ApiError && error.code < 500 && error.code !== 429) {
      const message =
        `The API server refuses to let the operator change the finalizers of the object: ${error.message}. ` +
        'Correct the admission policy or the webhook; the operator retries automatically.';
      await writeCondition(env, type, object, condition('Ready', 'False', 'FinalizerRefused', message));
    }
    throw error;
  }
}

/**
 * Removes the rows and the allocations of objects that no longer exist. A finalizer does not make this unnecessary,
 * because a user can remove the finalizer by hand.
 */
export async function removeGone(
  env: Env,
  { retention }: Removed,
  gone: readonly KubeObject[],
  release: (uid: string) => void,
): Promise<void> {
  for (const object of gone) {
    await removeRows(env, object, retention);
    release(object.metadata.uid);
  }
}

/** Removes the rows of an object. Objects whose rows need some of them are reconciled, and report that. */
async function removeRows(
  { writer, wake }: Env,
  object: KubeObject,
  retention: Retention | undefined,
): Promise<void> {
  const { heldBy = [] } = await writer.remove(ownerOf(object), retention);
  for (const holder of heldBy) wake(holder.kind, refKey(holder));
}
