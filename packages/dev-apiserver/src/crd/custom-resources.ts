import { builtInResource } from '../builtin/core.ts';
import { customResourceDefinitionSchema } from '../builtin/crd-schema.ts';
import { customResource } from './resource.ts';
import { applyCrdDefaults, specOf, statusOf, validateCrd } from './definition.ts';
import type { CrdCondition, CrdSpec, CrdStatus } from './definition.ts';
import { present, storedForm } from '../wire/encode.ts';
import { ApiError } from '../model/errors.ts';
import { clone, equalJson, metaTime } from '../model/objects.ts';
import type { ApiObject } from '../model/objects.ts';
import { remove } from '../verbs/remove.ts';
import type { WriteOptions } from '../verbs/request.ts';
import type { Resource } from '../storage/resource.ts';
import type { ServerState } from '../storage/state.ts';
import { column, nameColumn } from '../wire/table.ts';
import { update } from '../verbs/write.ts';

const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';
const DEFINITIONS_KEY = 'customresourcedefinitions.apiextensions.k8s.io';
const asServer: WriteOptions = {
  dryRun: false,
  fieldValidation: 'Ignore',
  manager: 'kube-apiserver',
  force: false,
};

/**
 * Implements CustomResourceDefinitions: the kind itself, and the resources that its objects define. A new
 * definition is served, with its conditions set, before the server answers the write.
 */
export class CustomResources {
  readonly #state: ServerState;
  readonly #definitions: Resource;
  /** The spec with which each definition is served. */
  readonly #served = new Map<string, CrdSpec>();

  constructor(state: ServerState) {
    this.#state = state;
    this.#definitions = builtInResource(state, {
      group: 'apiextensions.k8s.io',
      version: 'v1',
      kind: 'CustomResourceDefinition',
      plural: 'customresourcedefinitions',
      namespaced: false,
      shortNames: ['crd', 'crds'],
      categories: ['api-extensions'],
      subresources: ['status'],
      openAPISchema: customResourceDefinitionSchema,
      columns: [
        nameColumn,
        { ...column('Created At', (object) => object.metadata.creationTimestamp ?? ''), type: 'date' },
      ],
      rules: {
        createOnUpdate: false,
        unconditionalUpdate: false,
        generation: true,
        prepareCreate: (object) => {
          applyCrdDefaults(object);
          object['status'] = {
            conditions: null,
            acceptedNames: { plural: '', kind: '' },
            storedVersions: storageVersions(object),
          };
        },
        prepareUpdate: (object, _previous, subresource) => {
          applyCrdDefaults(object);
          const status = statusOf(object);
          const stored = status.storedVersions ?? [];
          const added = storageVersions(object).filter((version) => !stored.includes(version));
          if (subresource === '' && added.length > 0)
            object['status'] = { ...status, storedVersions: [...stored, ...added] };
        },
        validate: validateCrd,
        prepareDelete: (object) => {
          object.metadata.finalizers ??= [];
          if (
            !object.metadata.finalizers.includes(CLEANUP_FINALIZER) &&
            object.metadata.deletionTimestamp === undefined
          )
            object.metadata.finalizers.push(CLEANUP_FINALIZER);
          const condition = this.#condition(
            'Terminating',
            'True',
            'InstanceDeletionPending',
            'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
          );
          object['status'] = { ...statusOf(object), conditions: merged(statusOf(object), [condition]) };
        },
        afterWrite: (name) => this.#reconcile(name),
      },
    });
    state.serve(DEFINITIONS_KEY, [this.#definitions]);
    state.observe((changed, change) => {
      if (changed === DEFINITIONS_KEY && change.type === 'DELETED') this.#withdraw(change.entry.key);
      else if (change.type === 'DELETED' && this.#served.has(changed)) this.#finishDeletion(changed);
    });
  }

  #reconcile(name: string): void {
    const entry = this.#definitions.collection.get(name);
    if (entry === undefined) return;
    if (entry.object.metadata.deletionTimestamp !== undefined) {
      this.#deleteInstances(name);
      this.#finishDeletion(name);
      return;
    }
    const spec = specOf(entry.object);
    const conflicts = this.#nameConflicts(spec);
    if (conflicts === undefined && !equalJson(this.#served.get(name), spec)) this.#serve(name, spec);
    this.#publishStatus(name, spec, conflicts);
  }

  #serve(name: string, spec: CrdSpec): void {
    const upgraded = this.#served.has(name);
    this.#served.set(name, spec);
    const collection = this.#state.collection(name);
    const resources = spec.versions.map((version, index) =>
      customResource(spec, version, index, collection, () => this.#admitCreate(name, spec)),
    );
    this.#state.serve(
      name,
      resources.filter((_, index) => spec.versions[index]?.served === true),
    );
    const storage = resources[spec.versions.findIndex((version) => version.storage)];
    if (upgraded && storage !== undefined) {
      // Objects that were stored under another schema are read with the new schema, as from etcd: without an
      // event or a new resourceVersion.
      collection.reread((stored) => {
        const object = clone(present(storage, stored));
        storage.schema.prune(object);
        storage.schema.applyDefaults(object);
        return storedForm(storage, object);
      });
    }
  }

  #publishStatus(
    name: string,
    spec: CrdSpec,
    conflicts: { reason: string; message: string } | undefined,
  ): void {
    const entry = this.#definitions.collection.get(name);
    if (entry === undefined) return;
    const live = present(this.#definitions, entry.object);
    const status = statusOf(live);
    const conditions =
      conflicts === undefined
        ? [
            this.#condition('NamesAccepted', 'True', 'NoConflicts', 'no conflicts found'),
            this.#condition(
              'Established',
              'True',
              'InitialNamesAccepted',
              'the initial names have been accepted',
            ),
          ]
        : [
            this.#condition('NamesAccepted', 'False', conflicts.reason, conflicts.message),
            this.#condition('Established', 'False', 'NotAccepted', 'not all names are accepted'),
          ];
    const next = clone(live);
    next['status'] = {
      ...status,
      conditions: merged(status, conditions),
      ...(conflicts === undefined ? { acceptedNames: spec.names } : {}),
    } satisfies CrdStatus;
    if (!equalJson(next['status'], status))
      update(this.#state, this.#definitions, entry, next, 'status', asServer);
  }

  /** Returns the conflict with a name that another resource of the group uses. */
  #nameConflicts(spec: CrdSpec): { reason: string; message: string } | undefined {
    const { names, group } = spec;
    for (const other of this.#state.resources()) {
      if (other.group !== group || other.plural === names.plural) continue;
      const taken = new Set([other.plural, other.singular, ...other.shortNames]);
      for (const [reason, name] of [
        ['PluralConflict', names.plural],
        ['SingularConflict', names.singular ?? ''],
        ...(names.shortNames ?? []).map((short) => ['ShortNamesConflict', short]),
      ]) {
        if (taken.has(name ?? ''))
          return { reason: reason ?? '', message: `${JSON.stringify(name)} is already in use` };
      }
      for (const [reason, kind] of [
        ['KindConflict', names.kind],
        ['ListKindConflict', names.listKind ?? ''],
      ]) {
        if (kind === other.kind || kind === other.listKind)
          return { reason: reason ?? '', message: `${JSON.stringify(kind)} is already in use` };
      }
    }
    return undefined;
  }

  #admitCreate(name: string, { group, names }: CrdSpec): void {
    if (this.#definitions.collection.get(name)?.object.metadata.deletionTimestamp === undefined) return;
    const message = 'create not allowed while custom resource definition is terminating';
    throw new ApiError(405, 'MethodNotAllowed', message, { group, kind: names.plural });
  }

  #deleteInstances(name: string): void {
    const resource = this.#state.anyVersion(name);
    if (resource === undefined) return;
    const options = {
      dryRun: false,
      propagation: 'Background',
      uid: undefined,
      resourceVersion: undefined,
    } as const;
    for (const entry of [...resource.collection.values()]) remove(this.#state, resource, entry, options);
  }

  /** Removes the finalizer of a terminating definition that has no objects left. */
  #finishDeletion(name: string): void {
    const entry = this.#definitions.collection.get(name);
    if (entry?.object.metadata.deletionTimestamp === undefined) return;
    if ((this.#state.anyVersion(name)?.collection.size ?? 0) > 0) return;
    const next = clone(present(this.#definitions, entry.object));
    if (next.metadata.finalizers?.includes(CLEANUP_FINALIZER) !== true) return;
    next.metadata.finalizers = next.metadata.finalizers.filter(
      (finalizer) => finalizer !== CLEANUP_FINALIZER,
    );
    update(this.#state, this.#definitions, entry, next, '', asServer);
  }

  #withdraw(name: string): void {
    if (this.#served.delete(name)) this.#state.retire(name);
  }

  #condition(type: string, status: string, reason: string, message: string): CrdCondition {
    return { type, status, lastTransitionTime: metaTime(this.#state.clock.now()), reason, message };
  }
}

/**
 * Returns the conditions with the given ones replaced. A condition whose status does not change keeps its
 * transition time.
 */
function merged(status: CrdStatus, conditions: readonly CrdCondition[]): CrdCondition[] {
  const result = [...(status.conditions ?? [])];
  for (const condition of conditions) {
    const index = result.findIndex((old) => old.type === condition.type);
    const old = result[index];
    if (old === undefined) result.push(condition);
    else
      result[index] =
        old.status === condition.status
          ? { ...condition, lastTransitionTime: old.lastTransitionTime }
          : condition;
  }
  return result;
}

function storageVersions(definition: ApiObject): string[] {
  const spec = definition['spec'] as Partial<CrdSpec> | undefined;
  return Array.isArray(spec?.versions)
    ? spec.versions.filter((version) => version.storage).map((version) => version.name)
    : [];
}
