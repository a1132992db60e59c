import { present } from '../wire/encode.ts';
import { clone, metaTime, part, text } from '../model/objects.ts';
import type { ApiObject } from '../model/objects.ts';
import { remove } from '../verbs/remove.ts';
import type { WriteOptions } from '../verbs/request.ts';
import type { Resource } from '../storage/resource.ts';
import type { ServerState } from '../storage/state.ts';
import { create, update } from '../verbs/write.ts';

const asController: WriteOptions = {
  dryRun: false,
  fieldValidation: 'Ignore',
  manager: 'kube-controller-manager',
  force: false,
};
const background = {
  dryRun: false,
  propagation: 'Background',
  uid: undefined,
  resourceVersion: undefined,
} as const;

/** The namespaces of every cluster. */
const initialNamespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/**
 * Implements the namespace controller: empties a terminating namespace, then removes the namespace. As on a
 * real cluster, the conditions of the namespace name the objects that finalizers keep.
 */
export class NamespaceController {
  readonly #state: ServerState;
  readonly #namespaces: Resource;
  readonly #terminating = new Set<string>();
  readonly #due = new Set<string>();

  constructor(state: ServerState, namespaces: Resource) {
    this.#state = state;
    this.#namespaces = namespaces;
    state.observe((key, change) => {
      const { metadata } = change.entry.object;
      if (key === 'namespaces') {
        const name = metadata.name ?? '';
        if (change.type === 'DELETED' || metadata.deletionTimestamp === undefined)
          this.#terminating.delete(name);
        else {
          this.#terminating.add(name);
          this.#schedule(name);
        }
      } else if (
        this.#terminating.size > 0 &&
        metadata.namespace !== undefined &&
        this.#terminating.has(metadata.namespace)
      ) {
        if (
          change.type === 'DELETED' ||
          change.previous?.object.metadata.deletionTimestamp !== metadata.deletionTimestamp
        )
          this.#schedule(metadata.namespace);
      }
    });
  }

  /** Creates the initial namespaces. */
  createInitial(): void {
    for (const name of initialNamespaces)
      create(
        this.#state,
        this.#namespaces,
        undefined,
        { kind: 'Namespace', apiVersion: 'v1', metadata: { name } },
        asController,
        false,
      );
  }

  /** Schedules the emptying of a namespace. It runs after the server has answered the delete request. */
  #schedule(name: string): void {
    if (this.#due.has(name)) return;
    this.#due.add(name);
    setImmediate(() => {
      this.#due.delete(name);
      this.#empty(name);
    });
  }

  #empty(name: string): void {
    const entry = this.#namespaces.collection.get(name);
    if (entry?.object.metadata.deletionTimestamp === undefined) return;
    const left = new Map<string, number>();
    const finalizers = new Map<string, number>();
    for (const key of this.#state.collections().keys()) {
      const resource = this.#state.anyVersion(key);
      if (resource?.namespaced !== true) continue;
      for (const object of resource.collection.list(name)) {
        if (remove(this.#state, resource, object, background).gone) continue;
        left.set(
          `${resource.plural}.${resource.group}`,
          (left.get(`${resource.plural}.${resource.group}`) ?? 0) + 1,
        );
        for (const finalizer of object.object.metadata.finalizers ?? [])
          finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
      }
    }
    const next = clone(present(this.#namespaces, entry.object));
    if (left.size === 0) {
      if (part(next, 'spec')['finalizers'] === undefined) return;
      next['spec'] = {};
      update(this.#state, this.#namespaces, entry, next, 'finalize', asController, false);
      return;
    }
    next['status'] = { ...part(next, 'status'), conditions: this.#conditions(next, left, finalizers) };
    update(this.#state, this.#namespaces, entry, next, 'status', asController, false);
  }

  #conditions(
    namespace: ApiObject,
    left: ReadonlyMap<string, number>,
    finalizers: ReadonlyMap<string, number>,
  ): object[] {
    const old = part(namespace, 'status')['conditions'];
    const now = metaTime(this.#state.clock.now());
    const counted = (counts: ReadonlyMap<string, number>, word: string): string =>
      [...counts]
        .map(([what, count]) => `${what} ${word} ${count} resource instances`)
        .sort()
        .join(', ');
    const condition = (type: string, message: string, reason: string): object => {
      const before = Array.isArray(old)
        ? old.find((condition) => text((condition as Record<string, unknown>)['type']) === type)
        : undefined;
      const lastTransitionTime =
        before === undefined || before === null
          ? now
          : text((before as Record<string, unknown>)['lastTransitionTime']);
      return { type, status: 'True', lastTransitionTime, reason, message };
    };
    return [
      condition(
        'NamespaceContentRemaining',
        `Some resources are remaining: ${counted(left, 'has')}`,
        'SomeResourcesRemain',
      ),
      ...(finalizers.size === 0
        ? []
        : [
            condition(
              'NamespaceFinalizersRemaining',
              `Some content in the namespace has finalizers remaining: ${counted(finalizers, 'in')}`,
              'SomeFinalizersRemain',
            ),
          ]),
    ];
  }
}
