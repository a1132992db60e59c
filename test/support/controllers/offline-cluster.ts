import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { resources, withDefaults } from '../../../src/api/index.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { ownerOf, type Conditioned } from '../../../src/controllers/common/converge.ts';
import type { Env, Stores } from '../../../src/controllers/common/env.ts';
import { KindReconciler } from '../../../src/controllers/common/kind-reconciler.ts';
import { namespaceKind } from '../../../src/controllers/common/namespace.ts';
import { networkSettings } from '../../../src/controllers/settings.ts';
import { isKind, kindNames, modules } from '../../../src/controllers/kinds.ts';
import { Pools } from '../../../src/controllers/pools/pools.ts';
import { createEnv } from '../../../src/controllers/upkeep/environment.ts';
import { followersOfChassis } from '../../../src/controllers/upkeep/hosts.ts';
import { sweepOrphans } from '../../../src/controllers/upkeep/orphans.ts';
import { rebuildPools } from '../../../src/controllers/upkeep/rebuild.ts';
import { storesFrom } from '../../../src/controllers/upkeep/stores.ts';
import { ApplyError, rowUuid, type RowWriter } from '../../../src/ovn/index.ts';
import { ApiError, keyOf, refKey, type KubeObject, type Reconciler } from '../../../src/reconcile/index.ts';
import {
  enqueueDependents,
  enqueueTargets,
  type Enqueuer,
  type Link,
} from '../../../src/reconcile/references.ts';
import { indexesOf, objectsNamed } from '../../../src/reconcile/kinds.ts';
import type { Change, Kind } from '../../../src/reconcile/index.ts';
import type { Store } from '../../../src/reconcile/store/store.ts';
import { takeAll } from '../reconcile/steps.ts';
import { CountingStore, type Visits } from './counting-store.ts';
import { MapWriter } from './map-writer.ts';
import { sorted } from './printable.ts';
import { endsWithRemedy } from './remedy.ts';

export { printable } from './printable.ts';

/** An object in a test. `apply` adds the fields that the API server would add. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly spec?: object;
}

const silent = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 };

const clusterScoped: ReadonlySet<string> = new Set([
  'Namespace',
  ...kindNames.filter((kind) => !resources[kind].namespaced),
]);

/** Every message about something that is not in effect ends with what to do, in all scenarios of all tests. */
function expectRemedies({ kind, metadata }: KubeObject, status: Conditioned['status']): void {
  for (const { type, status: is, reason, message } of status?.conditions ?? [])
    if ((is !== 'True' || type === 'Stalled' || reason === 'AdminDown') && !endsWithRemedy(message)) {
      throw new Error(
        `${kind} ${metadata.name}: the message of ${type} does not end with what to do: ${message}`,
      );
    }
}

/**
 * The controllers with an environment in memory, without API server, database and clock. `settle` reconciles every
 * object repeatedly until nothing changes. So it shows the final state, and not the steps in between.
 */
export class OfflineCluster {
  readonly writer = new MapWriter();
  readonly stores: Stores;
  readonly env: Env;
  /** The status writes, as `Kind/namespace/name`. */
  readonly statusWrites: string[] = [];
  /** The interfaces that OVN reports up: logical port → chassis. Undefined: unknown. */
  bindings: ReadonlyMap<string, string> | undefined = new Map();
  /** The hosts that OVN knows. All of them have the physical network `physnet1`. Undefined: unknown. */
  chassis: readonly string[] | undefined = ['gw1', 'gw2'];
  /** Called when a controller waits for a host. */
  waitsFor: ((host: string) => void) | undefined;
  readonly #kinds: ReadonlyMap<
    string,
    { store: Store<KubeObject>; reconciler: Reconciler<KubeObject> | undefined }
  >;
  /** The objects that the controllers read, and the reconciles of {@link runQueue}. */
  readonly visits: Visits = { count: 0 };
  reconciles = 0;
  /** The largest number of objects that one of these reconciles read. */
  mostVisits = 0;
  /** `Kind/key` → the objects that were deleted and not cleaned up yet. */
  readonly #gone = new Map<string, KubeObject[]>();
  readonly #queue = new Map<string, readonly [kind: string, key: string]>();
  readonly #links = new Map<string, Link[]>();
  readonly #enqueuer: Enqueuer = {
    enqueue: (kind, key) => isKind(kind) && this.#queue.set(`${kind}/${key}`, [kind, key]),
    enqueueAfter: (kind, key) => isKind(kind) && this.#queue.set(`${kind}/${key}`, [kind, key]),
  };
  /** The UID of the object whose status the controllers are writing. */
  #writing: string | undefined;
  #clock = 0;

  /** `rows` replaces {@link writer}. */
  constructor(config: Partial<Parameters<typeof networkSettings>[0]> = {}, rows: RowWriter = this.writer) {
    const stores = new Map(
      [namespaceKind, ...kindNames.map((name) => modules[name].kind)].map((kind) => [
        kind.type.kind,
        new CountingStore(this.visits, indexesOf(kind)),
      ]),
    );
    for (const kind of [namespaceKind, ...kindNames.map((name) => modules[name].kind)]) {
      const store = stores.get(kind.type.kind)!;
      for (const [reference, { to, wakesOldest, ignores }] of Object.entries(kind.references ?? {})) {
        const links = this.#links.get(to) ?? [];
        this.#links.set(to, [...links, { from: kind.type.kind, reference, to, store, wakesOldest, ignores }]);
      }
      store.subscribe((change) => this.#onChange(kind, change));
    }
    rows.onDrift((owner) => this.#enqueuer.enqueue(owner.kind, refKey(owner), 'repair'));
    const settings = networkSettings({ ...loadConfig(), ...config });
    this.stores = storesFrom((kind) => stores.get(kind)!);
    this.env = createEnv({
      stores: this.stores,
      settings,
      pools: new Pools(settings, (kind, key) => this.#enqueuer.enqueue(kind, key, 'repair')),
      writer: rows,
      bindings: this.#portBindings(),
      chassis: this.#chassisDirectory(),
      hosts: {
        caughtUp: async (host) => {
          // The object needs another reconcile, so the cluster is not settled.
          this.#clock++;
          this.waitsFor?.(host);
          await Promise.resolve();
        },
      },
      client: {
        get: (type, { name, namespace }) => {
          const found = this.get(type.kind, keyOf({ metadata: { name, ...(namespace && { namespace }) } }));
          return found === undefined
            ? Promise.reject(new ApiError(404, { reason: 'NotFound' }))
            : Promise.resolve(found as never);
        },
        create: (_type, object) => Promise.resolve(this.apply(object as unknown as Manifest) as never),
        delete: (type, { name, namespace = '' }) => {
          this.delete(type.kind, `${namespace}/${name}`);
          return Promise.resolve();
        },
      },
      status: { write: (_type, object, status) => Promise.resolve(this.#writeStatus(object, status)) },
      finalizers: {
        add: (_type, object, finalizer) => Promise.resolve(this.#setFinalizers(object, [finalizer])),
        remove: (_type, object) => Promise.resolve(this.#setFinalizers(object, [])),
      },
      now: () => Date.UTC(2026, 0, 1),
      wake: (kind, key) => this.#enqueuer.enqueue(kind, key, 'repair'),
      wakeSoon: (kind, key) => this.#enqueuer.enqueueAfter(kind, key, 500),
    });
    this.#kinds = new Map(
      [...stores].map(([kind, store]) => [
        kind,
        { store, reconciler: isKind(kind) ? new KindReconciler(this.env, modules[kind]) : undefined },
      ]),
    );
  }

  /**
   * Creates an object, or changes its spec and labels. The UID is a function of the name, so the rows are the same in
   * each run.
   */
  apply(manifest: Manifest): KubeObject {
    const namespace = clusterScoped.has(manifest.kind)
      ? {}
      : { namespace: manifest.metadata.namespace ?? 'default' };
    const key = keyOf({ metadata: { ...namespace, name: manifest.metadata.name } });
    this.#createNamespace(namespace.namespace);
    const live = this.#store(manifest.kind).get(key);
    const object = withDefaults({
      apiVersion: 'network.plasmavmc.io/v1alpha1',
      ...manifest,
      spec: manifest.spec ?? {},
      ...(live?.status === undefined ? {} : { status: live.status }),
      metadata: {
        uid: rowUuid(`${manifest.kind}/${key}`, 'test'),
        creationTimestamp: new Date(++this.#clock * 1000).toISOString(),
        ...live?.metadata,
        ...manifest.metadata,
        ...namespace,
        generation: (live?.metadata.generation ?? 0) + 1,
        resourceVersion: '',
      },
    }) as KubeObject;
    return this.#put(object);
  }

  /** Creates the namespace of an object, without which an API server would not accept the object. */
  #createNamespace(name: string | undefined): void {
    if (name !== undefined && this.get('Namespace', name) === undefined)
      this.apply({ kind: 'Namespace', metadata: { name } });
  }

  /** Changes the hosts that OVN knows, and enqueues the objects that depend on these hosts. */
  changeChassis(names: readonly string[]): void {
    const before = this.chassis ?? [];
    this.chassis = names;
    const changed = [...before, ...names].filter((name) => !before.includes(name) || !names.includes(name));
    for (const [kind, key] of followersOfChassis(this.env, new Set(changed)))
      this.#enqueuer.enqueue(kind, key, 'repair');
  }

  /** Applies all documents of a YAML file, except Secrets, which no controller uses. */
  applyFile(path: string): void {
    for (const document of parseAllDocuments(readFileSync(path, 'utf8'))) {
      const manifest = document.toJS() as Manifest;
      if (manifest.kind !== 'Secret') this.apply(manifest);
    }
  }

  /** Requests the deletion of an object. An object with finalizers exists until they are removed. */
  delete(kind: string, key: string): void {
    const object = this.#store(kind).get(key);
    if (object === undefined) return;
    if ((object.metadata.finalizers ?? []).length === 0) this.#forget(object);
    else
      this.#put({ ...object, metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
  }

  /** Deletes an object whose finalizers a user has removed. */
  forceDelete(kind: string, key: string): void {
    const object = this.#store(kind).get(key);
    if (object !== undefined) this.#forget(object);
  }

  /**
   * Simulates the takeover by another operator while the database is reachable: it rebuilds its state from statuses
   * and rows.
   */
  async restart({ ignoreConflicts = false } = {}): Promise<void> {
    this.writer.down = false;
    this.writer.seeAll();
    this.#gone.clear();
    const wake = (kind: string, key: string) => this.#enqueuer.enqueue(kind, key, 'repair');
    Object.assign(this.env, { pools: new Pools(this.env.settings, wake) });
    for (const conflict of takeAll(rebuildPools(this.env)))
      if (!ignoreConflicts) throw new Error(`two objects have the same value: ${JSON.stringify(conflict)}`);
    await sweepOrphans(this.env, 1, silent);
  }

  get(kind: string, key: string): KubeObject | undefined {
    return this.#store(kind).get(key);
  }

  /**
   * Returns the Ready condition: `Reason` if its status is True, otherwise `!Reason: message`; `-` if there is none.
   */
  ready(kind: string, key: string): string {
    return this.condition('Ready', kind, key);
  }

  condition(type: string, kind: string, key: string): string {
    const status = this.get(kind, key)?.status as
      { conditions?: { type: string; status: string; reason: string; message: string }[] } | undefined;
    const found = status?.conditions?.find((each) => each.type === type);
    if (found === undefined) return '-';
    return found.status === 'True' ? found.reason : `!${found.reason}: ${found.message}`;
  }

  /** Reconciles all objects, in the order that `order` returns, until nothing changes. */
  async settle(order: (objects: KubeObject[]) => KubeObject[] = (objects) => objects): Promise<void> {
    for (let round = 0; round < 50; round++) {
      const before = this.#clock + this.writer.applied.length;
      await this.reconcileOnce(order);
      if (this.#clock + this.writer.applied.length === before) return;
    }
    throw new Error('the cluster does not settle: each round changes an object');
  }

  async reconcileOnce(order: (objects: KubeObject[]) => KubeObject[] = (objects) => objects): Promise<void> {
    const objects = [...this.#kinds.values()].flatMap(({ store, reconciler }) =>
      reconciler ? [...store.values()] : [],
    );
    const gone = [...this.#gone.values()].flat();
    this.#gone.clear();
    for (const object of gone) await this.#reconcile(object.kind, keyOf(object), [object]);
    for (const object of order(objects)) await this.#reconcile(object.kind, keyOf(object), []);
    this.#queue.clear();
  }

  /**
   * Reconciles the keys that changes and wake-ups enqueued, until the queue is empty. Unlike `settle`, an object that
   * nothing wakes keeps its state.
   *
   * @param pick returns the position of the next key among the waiting keys
   */
  async runQueue(pick?: (size: number) => number): Promise<void> {
    for (let left = 2_000_000; this.#queue.size > 0; left--) {
      if (left === 0) throw new Error('the queue does not become empty: objects wake each other endlessly');
      const keys =
        pick === undefined ? this.#queue.keys() : [...this.#queue.keys()].slice(pick(this.#queue.size));
      const [next] = keys;
      const [kind, key] = this.#queue.get(next!)!;
      this.#queue.delete(next!);
      const gone = this.#gone.get(next!) ?? [];
      this.#gone.delete(next!);
      this.reconciles++;
      const before = this.visits.count;
      await this.#reconcile(kind, key, gone);
      this.mostVisits = Math.max(this.mostVisits, this.visits.count - before);
    }
  }

  /** Whether changes and wake-ups enqueued keys that are not reconciled yet. */
  get isBusy(): boolean {
    return this.#queue.size > 0;
  }

  /** Reconciles one key, and cleans up the deleted objects that had the key. */
  async reconcile(kind: string, key: string): Promise<void> {
    const id = `${kind}/${key}`;
    const gone = this.#gone.get(id) ?? [];
    this.#gone.delete(id);
    this.#queue.delete(id);
    await this.#reconcile(kind, key, gone);
  }

  /** The deleted objects whose keys have not been reconciled yet. */
  get gone(): readonly KubeObject[] {
    return [...this.#gone.values()].flat();
  }

  #onChange(kind: Kind<KubeObject>, change: Change<KubeObject>): void {
    const name = kind.type.kind;
    if (change.object.metadata.uid !== this.#writing) this.#enqueuer.enqueue(name, change.key, 'edit');
    const store = this.#store(name);
    enqueueDependents(change, this.#links.get(name) ?? [], kind, store, this.#enqueuer);
    for (const reference of Object.values(kind.references ?? {})) {
      const targets = (named: string) => objectsNamed(this.#store(reference.to), named);
      enqueueTargets(change, reference, targets, this.#enqueuer);
    }
  }

  async #reconcile(kind: string, key: string, gone: readonly KubeObject[]): Promise<void> {
    const { store, reconciler } = this.#kind(kind);
    const context = { priority: 'repair', attempt: 0, gone, signal: new AbortController().signal } as const;
    try {
      await reconciler?.reconcile(key, store.get(key), { ...context, log: silent });
    } catch (error) {
      if (!(error instanceof ApplyError) || error.retry !== 'backoff') throw error;
      if (gone.length > 0) this.#gone.set(`${kind}/${key}`, [...gone]);
    }
  }

  #chassisDirectory(): Env['chassis'] {
    const current = () => this.chassis;
    return {
      get isKnown() {
        return current() !== undefined;
      },
      chassis: () =>
        (current() ?? []).map((name) => ({ name, isGateway: true, physicalNetworks: ['physnet1'] })),
    };
  }

  #portBindings(): Env['bindings'] {
    const current = () => this.bindings;
    return {
      get isKnown() {
        return current() !== undefined;
      },
      hostOf: (logicalPort) => current()?.get(logicalPort),
    };
  }

  #writeStatus(object: KubeObject, status: object): 'unchanged' | 'written' | 'gone' {
    expectRemedies(object, status);
    const live = this.#store(object.kind).byUid(object.metadata.uid);
    if (live === undefined) return 'gone';
    if (JSON.stringify(sorted(live.status)) === JSON.stringify(sorted(status))) return 'unchanged';
    const { kind, namespace, name } = ownerOf(object);
    this.statusWrites.push(`${kind}/${namespace}/${name}`);
    this.#writing = live.metadata.uid;
    this.#put({ ...live, status });
    this.#writing = undefined;
    return 'written';
  }

  #setFinalizers(object: KubeObject, finalizers: readonly string[]): 'held' | 'released' {
    const live = this.#store(object.kind).byUid(object.metadata.uid);
    if (live === undefined) return 'released';
    if (finalizers.length === 0 && live.metadata.deletionTimestamp !== undefined) this.#forget(live);
    else if (live.metadata.finalizers?.length !== finalizers.length) {
      this.#put({ ...live, metadata: { ...live.metadata, finalizers } });
    }
    return finalizers.length === 0 ? 'released' : 'held';
  }

  #put(object: KubeObject): KubeObject {
    const next = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#clock) } };
    this.#store(object.kind).upsert(next);
    return next;
  }

  #forget(object: KubeObject): void {
    this.#clock++;
    const id = `${object.kind}/${keyOf(object)}`;
    this.#gone.set(id, [...(this.#gone.get(id) ?? []), object]);
    this.#store(object.kind).delete(object);
  }

  #kind(kind: string) {
    const found = this.#kinds.get(kind);
    if (found === undefined) throw new Error(`the offline cluster has no kind ${kind}`);
    return found;
  }

  #store(kind: string): Store<KubeObject> {
    return this.#kind(kind).store;
  }
}
