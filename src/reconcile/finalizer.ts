import type { JsonPatchOperation, KubeClient } from './client/client.ts';
import { isPerhapsStale } from './client/errors.ts';
import { readAgain } from './client/read-again.ts';
import { jsonEqual } from '../base/index.ts';
import type { Refresh } from './status.ts';
import { withoutManagedFields } from './managed-fields.ts';
import type { KubeObject, ResourceType } from './types.ts';

/**
 * `held`: the object has the finalizer. `released`: the object does not have the finalizer, or does not
 * exist. `changed`: another client changed the finalizers at the same time; the event of that change enqueues
 * the key.
 */
type FinalizerOutcome = 'held' | 'released' | 'changed';

/** Whether `object` has the finalizer `finalizer`. */
export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Whether the object is being deleted. */
export function isLeaving(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/**
 * The patch that adds `finalizer`. The patch tests the UID and the previous list of finalizers.
 *
 * @returns undefined when the object already has the finalizer or is being deleted; the API server rejects
 *   new finalizers on an object that is being deleted
 */
export function addFinalizerPatch(
  object: KubeObject,
  finalizer: string,
): readonly JsonPatchOperation[] | undefined {
  const { uid, finalizers } = object.metadata;
  if (isLeaving(object) || hasFinalizer(object, finalizer)) return undefined;
  return [
    { op: 'test', path: '/metadata/uid', value: uid },
    // A test for null also succeeds when the property is absent.
    { op: 'test', path: '/metadata/finalizers', value: finalizers ?? null },
    { op: 'add', path: '/metadata/finalizers', value: [...(finalizers ?? []), finalizer] },
  ];
}

/** The patch that removes `finalizer`; undefined when the object does not have the finalizer. */
export function removeFinalizerPatch(
  object: KubeObject,
  finalizer: string,
): readonly JsonPatchOperation[] | undefined {
  const { uid, finalizers = [] } = object.metadata;
  if (!hasFinalizer(object, finalizer)) return undefined;
  return [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: '/metadata/finalizers', value: finalizers },
    { op: 'replace', path: '/metadata/finalizers', value: finalizers.filter((name) => name !== finalizer) },
  ];
}

/** Adds and removes finalizers. */
export class Finalizers {
  readonly #client: KubeClient;
  readonly #refresh: Refresh;

  constructor(client: KubeClient, refresh: Refresh) {
    this.#client = client;
    this.#refresh = refresh;
  }

  /**
   * Adds the finalizer unless the object already has it or is being deleted.
   *
   * @throws ApiError when the API server rejects the request, for example because of an admission policy
   * @throws ConnectionError when the API server does not answer
   */
  add(type: ResourceType, object: KubeObject, finalizer: string): Promise<FinalizerOutcome> {
    const settled = hasFinalizer(object, finalizer) ? 'held' : 'released';
    return this.#patch(type, object, addFinalizerPatch(object, finalizer), settled, 'held');
  }

  /**
   * Removes the finalizer. If it was the last finalizer of an object that is being deleted, the object is
   * gone.
   *
   * @throws ApiError when the API server rejects the request, for example because of an admission policy
   * @throws ConnectionError when the API server does not answer
   */
  remove(type: ResourceType, object: KubeObject, finalizer: string): Promise<FinalizerOutcome> {
    return this.#patch(type, object, removeFinalizerPatch(object, finalizer), 'released', 'released');
  }

  async #patch(
    type: ResourceType,
    object: KubeObject,
    patch: readonly JsonPatchOperation[] | undefined,
    settled: FinalizerOutcome,
    done: FinalizerOutcome,
  ): Promise<FinalizerOutcome> {
    if (patch === undefined) return settled;
    try {
      const written = await this.#client.patchJson(type, object.metadata, patch);
      // If this was the last finalizer, the object is deleted and a DELETED event follows. A refresh of the
      // store could then show the deleted object.
      if (written.metadata.deletionTimestamp === undefined)
        this.#refresh(type, withoutManagedFields(written));
      return done;
    } catch (error) {
      if (!isPerhapsStale(error)) throw error;
      const present = await readAgain(this.#client, type, object.metadata);
      if (present === undefined) return 'released';
      if (isSameForFinalizers(present, object)) throw error;
      return 'changed';
    }
  }
}

/** Whether a patch of the finalizers of `object` applies to `present`. */
const isSameForFinalizers = (present: KubeObject, object: KubeObject): boolean =>
  present.metadata.uid === object.metadata.uid &&
  isLeaving(present) === isLeaving(object) &&
  jsonEqual(present.metadata.finalizers ?? [], object.metadata.finalizers ?? []);
