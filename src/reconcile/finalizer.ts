import type { JsonPatchOperation, KubeClient } from './client/client.ts';
import { ApiError, isNotFound } from './client/errors.ts';
import type { Refresh } from './status.ts';
import { trimmed } from './trimmed.ts';
import type { KubeObject, ResourceType } from './types.ts';

/**
 * `held`: the finalizer is there. `released`: it is not, or the object is gone. `changed`: somebody else changed
 * the finalizers at the same time; their event wakes the key.
 */
export type FinalizerOutcome = 'held' | 'released' | 'changed';

/** Whether `object` has the finalizer. */
export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Whether somebody asked for the object to be deleted. */
export function isLeaving(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/**
 * The patch that adds `finalizer`, or undefined when there is nothing to add, or when it must not be: the API
 * server refuses new finalizers on an object that is being deleted. It tests the UID and the list it builds on.
 */
export function addFinalizerPatch(
  object: KubeObject,
  finalizer: string,
): readonly JsonPatchOperation[] | undefined {
  const { uid, finalizers } = object.metadata;
  if (isLeaving(object) || hasFinalizer(object, finalizer)) return undefined;
  return [
    { op: 'test', path: '/metadata/uid', value: uid },
    // A test for null also holds where there is no such property.
    { op: 'test', path: '/metadata/finalizers', value: finalizers ?? null },
    { op: 'add', path: '/metadata/finalizers', value: [...(finalizers ?? []), finalizer] },
  ];
}

/** The patch that removes `finalizer`, or undefined when it is not there. */
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

/** Holds objects back from deletion, and lets them go. */
export class Finalizers {
  readonly #client: KubeClient;
  readonly #refresh: Refresh;

  constructor(client: KubeClient, refresh: Refresh) {
    this.#client = client;
    this.#refresh = refresh;
  }

  /** Adds the finalizer unless it is there or the object is leaving. Throws ApiError or ConnectionError. */
  add(type: ResourceType, object: KubeObject, finalizer: string): Promise<FinalizerOutcome> {
    const settled = hasFinalizer(object, finalizer) ? 'held' : 'released';
    return this.#patch(type, object, addFinalizerPatch(object, finalizer), settled, 'held');
  }

  /** Removes the finalizer; an object that was only held by it is gone then. Throws ApiError or ConnectionError. */
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
      // An object whose last finalizer went is as good as deleted: its event comes, and nothing should bring it back.
      if (written.metadata.deletionTimestamp === undefined) this.#refresh(type, trimmed(written));
      return done;
    } catch (error) {
      if (isNotFound(error)) return 'released';
      if (error instanceof ApiError && (error.code === 422 || error.code === 409)) return 'changed';
      throw error;
    }
  }
}
