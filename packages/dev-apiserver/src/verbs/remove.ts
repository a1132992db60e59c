import { conflict } from '../model/errors.ts';
import { present, storedForm } from '../wire/encode.ts';
import { clone, equalJson, metaTime } from '../model/objects.ts';
import type { ApiObject } from '../model/objects.ts';
import type { DeleteOptions } from './request.ts';
import type { Resource } from '../storage/resource.ts';
import type { ServerState } from '../storage/state.ts';
import type { Entry } from '../storage/collection.ts';
import { isReleased } from './write.ts';

/** The finalizers with which the garbage collector keeps an object until it has processed the dependents. */
export const FOREGROUND_DELETION = 'foregroundDeletion';
export const ORPHAN_DEPENDENTS = 'orphan';

/** The result of a delete. */
export interface Removed {
  /** The last state of the object, or its terminating state when finalizers keep it. */
  readonly object: ApiObject;
  readonly gone: boolean;
}

/**
 * Deletes an object, or marks the object as terminating when finalizers keep it.
 *
 * @throws ApiError 409 when a precondition fails
 */
export function remove(
  state: ServerState,
  resource: Resource,
  entry: Entry,
  options: DeleteOptions,
): Removed {
  const live = present(resource, entry.object);
  const old = live.metadata;
  const name = old.name ?? '';
  resource.rules.admitDelete?.(name);
  const subject = { group: resource.group, kind: resource.kind, name };
  if (options.uid !== undefined && options.uid !== old.uid) {
    throw conflict(
      subject,
      `the UID in the precondition (${options.uid}) does not match the UID in record (${old.uid ?? ''}). The object might have been deleted and then recreated`,
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== old.resourceVersion) {
    throw conflict(
      subject,
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${old.resourceVersion ?? ''}). The object might have been modified`,
    );
  }
  const next = clone(live);
  const meta = next.metadata;
  const finalizers = finalizersFor(meta.finalizers ?? [], options.propagation);
  if (finalizers.length > 0) meta.finalizers = finalizers;
  else delete meta.finalizers;
  resource.rules.prepareDelete?.(next);
  if (meta.deletionTimestamp === undefined) {
    meta.deletionTimestamp = metaTime(state.clock.now());
    if (resource.rules.isHeld === undefined) meta.deletionGracePeriodSeconds = 0;
    if (meta.generation !== undefined) meta.generation += 1;
  } else if (equalJson(meta.finalizers, old.finalizers)) {
    return { object: live, gone: false };
  }
  if (isReleased(resource, next)) {
    if (!options.dryRun) resource.collection.delete(entry.key);
    return { object: live, gone: true };
  }
  if (options.dryRun) return { object: next, gone: false };
  const marked = resource.collection.put(entry.key, storedForm(resource, next));
  const removed = { object: present(resource, marked.object), gone: false };
  resource.rules.afterWrite?.(entry.key);
  return removed;
}

function finalizersFor(current: readonly string[], propagation: DeleteOptions['propagation']): string[] {
  const others = current.filter(
    (finalizer) => finalizer !== FOREGROUND_DELETION && finalizer !== ORPHAN_DEPENDENTS,
  );
  if (propagation === 'Foreground') return [...others, FOREGROUND_DELETION];
  if (propagation === 'Orphan') return [...others, ORPHAN_DEPENDENTS];
  return others;
}
