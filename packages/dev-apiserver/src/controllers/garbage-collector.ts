import { present } from '../wire/encode.ts';
import { clone, equalJson, objectKey } from '../model/objects.ts';
import type { ApiObject, OwnerReference } from '../model/objects.ts';
import { FOREGROUND_DELETION, ORPHAN_DEPENDENTS, remove } from '../verbs/remove.ts';
import type { DeleteOptions, WriteOptions } from '../verbs/request.ts';
import { resourceKey } from '../storage/resource.ts';
import type { Resource } from '../storage/resource.ts';
import type { ServerState } from '../storage/state.ts';
import type { Change, Entry } from '../storage/collection.ts';
import { update } from '../verbs/write.ts';

const asController: WriteOptions = {
  dryRun: false,
  fieldValidation: 'Ignore',
  manager: 'kube-controller-manager',
  force: false,
};

/** Identifies an object by its resource ("plural.group") and its key. */
interface Reference {
  readonly resource: string;
  readonly key: string;
}

/**
 * Collects garbage by owner references, like the controller manager of a cluster (Kubernetes documentation,
 * "Garbage Collection"). The collector deletes dependents whose owners are all deleted. It removes references
 * to deleted owners from dependents that have other owners. A foreground deletion waits for the dependents
 * that block it. An orphaning deletion removes the references. The collector runs after the server has
 * answered the write that caused the work.
 *
 * The collector ignores a reference to a kind that the server does not serve, and a reference from a
 * cluster-scoped object to a namespaced owner.
 */
export class GarbageCollector {
  readonly #state: ServerState;
  /** Dependents by the UID of their owner. */
  readonly #dependents = new Map<string, Map<string, Reference>>();
  readonly #due = new Map<string, Reference>();
  #scheduled = false;

  constructor(state: ServerState) {
    this.#state = state;
    state.observe((resource, change) => this.#observe({ resource, key: change.entry.key }, change));
  }

  #observe(reference: Reference, change: Change): void {
    const { metadata } = change.entry.object;
    const before = change.previous?.object.metadata.ownerReferences;
    const owners = change.type === 'DELETED' ? undefined : metadata.ownerReferences;
    const rewired = before !== owners && !equalJson(before, owners);
    if (rewired) {
      for (const owner of before ?? []) this.#forget(owner.uid, reference);
      for (const owner of owners ?? []) this.#remember(owner.uid, reference);
      if (owners !== undefined) this.#schedule(reference);
    }
    if (change.type === 'DELETED') {
      for (const dependent of this.#dependentsOf(metadata.uid)) this.#schedule(dependent);
      for (const owner of before ?? []) this.#scheduleOwner(owner, metadata.namespace);
    } else if (metadata.deletionTimestamp !== undefined && isHeldHere(change.entry.object))
      this.#schedule(reference);
  }

  #schedule(reference: Reference): void {
    this.#due.set(`${reference.resource}/${reference.key}`, reference);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const due = [...this.#due.values()];
      this.#due.clear();
      for (const reference of due) this.#collect(reference);
    });
  }

  /** Schedules an owner that may wait for the deletion of this dependent. */
  #scheduleOwner(owner: OwnerReference, namespace: string | undefined): void {
    const found = this.#find(owner, namespace);
    if (found !== undefined && typeof found === 'object' && isHeldHere(found.entry.object)) {
      this.#schedule({ resource: found.resourceKey, key: found.entry.key });
    }
  }

  #collect(reference: Reference): void {
    const resource = this.#state.anyVersion(reference.resource);
    const entry = resource?.collection.get(reference.key);
    if (resource === undefined || entry === undefined) return;
    const { deletionTimestamp, finalizers = [] } = entry.object.metadata;
    if (deletionTimestamp !== undefined) {
      if (finalizers.includes(ORPHAN_DEPENDENTS)) this.#orphan(resource, entry);
      else if (finalizers.includes(FOREGROUND_DELETION)) this.#deleteForeground(resource, entry);
      return;
    }
    this.#deleteIfUnowned(resource, entry);
  }

  #deleteIfUnowned(resource: Resource, entry: Entry): void {
    const { ownerReferences = [], namespace, finalizers = [] } = entry.object.metadata;
    if (ownerReferences.length === 0) return;
    const kept = ownerReferences.filter((owner) => this.#find(owner, namespace) !== undefined);
    if (kept.length === ownerReferences.length) return;
    if (kept.length > 0) {
      this.#rewrite(resource, entry, (object) => {
        object.metadata.ownerReferences = kept;
      });
      return;
    }
    const propagation = finalizers.includes(ORPHAN_DEPENDENTS)
      ? 'Orphan'
      : finalizers.includes(FOREGROUND_DELETION)
        ? 'Foreground'
        : 'Background';
    remove(this.#state, resource, entry, deletion(propagation));
  }

  #deleteForeground(resource: Resource, entry: Entry): void {
    const { uid } = entry.object.metadata;
    let blocked = false;
    for (const reference of this.#dependentsOf(uid)) {
      const dependents = this.#state.anyVersion(reference.resource);
      const dependent = dependents?.collection.get(reference.key);
      if (dependents === undefined || dependent === undefined) continue;
      const { ownerReferences = [], deletionTimestamp } = dependent.object.metadata;
      const blocks = ownerReferences.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true);
      const gone =
        deletionTimestamp === undefined &&
        remove(this.#state, dependents, dependent, deletion('Foreground')).gone;
      if (blocks && !gone) blocked = true;
    }
    if (!blocked) this.#release(resource, entry.key, FOREGROUND_DELETION);
  }

  #orphan(resource: Resource, entry: Entry): void {
    const { uid } = entry.object.metadata;
    for (const reference of this.#dependentsOf(uid)) {
      const dependents = this.#state.anyVersion(reference.resource);
      const dependent = dependents?.collection.get(reference.key);
      if (dependents === undefined || dependent === undefined) continue;
      this.#rewrite(dependents, dependent, ({ metadata }) => {
        metadata.ownerReferences = (metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
      });
    }
    this.#release(resource, entry.key, ORPHAN_DEPENDENTS);
  }

  #release(resource: Resource, key: string, finalizer: string): void {
    const entry = resource.collection.get(key);
    if (entry === undefined) return;
    this.#rewrite(resource, entry, ({ metadata }) => {
      metadata.finalizers = (metadata.finalizers ?? []).filter((other) => other !== finalizer);
    });
  }

  #rewrite(resource: Resource, entry: Entry, change: (object: ApiObject) => void): void {
    const next = clone(present(resource, entry.object));
    change(next);
    if (next.metadata.ownerReferences?.length === 0) delete next.metadata.ownerReferences;
    if (next.metadata.finalizers?.length === 0) delete next.metadata.finalizers;
    update(this.#state, resource, entry, next, '', asController);
  }

  /**
   * Returns the owner of a reference. Returns "unknown" when the collector cannot determine it, and undefined
   * when the owner is deleted.
   */
  #find(
    owner: OwnerReference,
    namespace: string | undefined,
  ): { resourceKey: string; entry: Entry } | 'unknown' | undefined {
    const resource = this.#state.resourceOfKind(owner.apiVersion, owner.kind);
    if (resource === undefined || (resource.namespaced && namespace === undefined)) return 'unknown';
    const entry = resource.collection.get(objectKey(resource.namespaced ? namespace : undefined, owner.name));
    if (entry === undefined || entry.object.metadata.uid !== owner.uid) return undefined;
    return { resourceKey: resourceKey(resource), entry };
  }

  #dependentsOf(uid: string | undefined): Reference[] {
    return [...(this.#dependents.get(uid ?? '')?.values() ?? [])];
  }

  #remember(uid: string, reference: Reference): void {
    let references = this.#dependents.get(uid);
    if (references === undefined) this.#dependents.set(uid, (references = new Map<string, Reference>()));
    references.set(`${reference.resource}/${reference.key}`, reference);
  }

  #forget(uid: string, reference: Reference): void {
    const references = this.#dependents.get(uid);
    references?.delete(`${reference.resource}/${reference.key}`);
    if (references?.size === 0) this.#dependents.delete(uid);
  }
}

function isHeldHere(object: ApiObject): boolean {
  const { finalizers = [] } = object.metadata;
  return finalizers.includes(FOREGROUND_DELETION) || finalizers.includes(ORPHAN_DEPENDENTS);
}

function deletion(propagation: DeleteOptions['propagation']): DeleteOptions {
  return { dryRun: false, propagation, uid: undefined, resourceVersion: undefined };
}
