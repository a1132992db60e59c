/**
 * The part of the Kubernetes API that the unit tests of the runtime need, in memory and with injected
 * failures.
 */
import { jsonEqual } from '../../../src/base/index.ts';
import {
  ApiError,
  ConnectionError,
  keyOf,
  refKey,
  type DeleteOptions,
  type JsonPatchOperation,
  type KubeClient,
  type KubeObject,
  type ListOptions,
  type ListPage,
  type NewObject,
  type ObjectRef,
  type PatchOptions,
  type ResourceType,
  type WatchEvent,
  type WatchOptions,
} from '../../../src/reconcile/index.ts';

/** A request as text, for example `patch widgets/status default/one`. */
export type Call = string;

interface Watcher {
  readonly plural: string;
  readonly handler: (event: WatchEvent<KubeObject>) => void;
  readonly end: () => void;
  readonly fail: (error: Error) => void;
}

interface HistoryEntry {
  readonly plural: string;
  readonly version: number;
  readonly event: WatchEvent<KubeObject>;
}

export class FakeCluster implements KubeClient {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #watchers = new Set<Watcher>();
  readonly #history: HistoryEntry[] = [];
  #version = 10;
  #uids = 0;
  /** All requests except watches, in order. */
  readonly calls: Call[] = [];
  /** Called before each request. If the function returns an error, the request fails with that error. */
  failing: (call: Call) => Error | undefined = () => undefined;
  /** Called after each request took effect. If the function returns an error, the response is lost. */
  losing: (call: Call) => Error | undefined = () => undefined;
  isClosed = false;

  get writes(): Call[] {
    return this.calls.filter((call) => !/^(get|list) /.test(call));
  }

  get version(): string {
    return String(this.#version);
  }

  get watching(): number {
    return this.#watchers.size;
  }

  get<T extends KubeObject>(type: ResourceType, ref: ObjectRef): Promise<T> {
    return this.#respond(`get ${type.plural} ${refKey(ref)}`, () => this.#find(type, ref) as T);
  }

  list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ListPage<T>> {
    return this.#respond(`list ${type.plural}`, () => {
      const name = /^metadata\.name=(.*)$/.exec(options.fieldSelector ?? '')?.[1];
      const all = [...this.#of(type).values()]
        .filter(({ metadata }) => name === undefined || metadata.name === name)
        .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) as T[];
      const from = Number(options.continueToken ?? 0);
      const to = from + (options.limit ?? Infinity);
      const continueToken = to < all.length ? String(to) : undefined;
      return { items: all.slice(from, to), resourceVersion: String(this.#version), continueToken };
    });
  }

  create<T extends KubeObject>(type: ResourceType, object: NewObject): Promise<T> {
    return this.#respond(`create ${type.plural} ${refKey(object.metadata as ObjectRef)}`, () => {
      const key = refKey(object.metadata as ObjectRef);
      if (this.#of(type).has(key)) throw refusal(409, 'AlreadyExists');
      const metadata = { ...object.metadata, uid: `uid-${++this.#uids}`, generation: 1 };
      return this.#store(type, { ...object, metadata } as unknown as KubeObject, 'ADDED') as T;
    });
  }

  update<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    return this.#respond(`update ${type.plural} ${keyOf(object)}`, () => {
      const old = this.#find(type, object.metadata);
      if (old.metadata.resourceVersion !== object.metadata.resourceVersion) throw refusal(409, 'Conflict');
      return this.#replace(type, old, object) as T;
    });
  }

  patchMerge<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    return this.#respond(`patch ${name(type, options)} ${refKey(ref)}`, () => {
      const old = this.#find(type, ref);
      return this.#replace(type, old, { ...old, ...(patch as object) }) as T;
    });
  }

  patchJson<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: readonly JsonPatchOperation[],
    options: PatchOptions = {},
  ): Promise<T> {
    return this.#respond(`patch ${name(type, options)} ${refKey(ref)}`, () => {
      const old = this.#find(type, ref);
      const changed = structuredClone(old);
      for (const operation of patch) applyOperation(changed, operation);
      return this.#replace(type, old, changed) as T;
    });
  }

  async delete(type: ResourceType, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    await this.#respond(`delete ${type.plural} ${refKey(ref)}`, () => {
      const old = this.#find(type, ref);
      if (options.uid !== undefined && options.uid !== old.metadata.uid) throw refusal(409, 'Conflict');
      if ((old.metadata.finalizers ?? []).length === 0) {
        this.#remove(type, old);
      } else {
        const metadata = { ...old.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' };
        this.#store(type, { ...old, metadata }, 'MODIFIED');
      }
    });
  }

  watch<T extends KubeObject>(
    type: ResourceType,
    options: WatchOptions,
    handler: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    const error = this.failing(`watch ${type.plural} ${options.resourceVersion}`);
    if (error !== undefined) return Promise.reject(error);
    return new Promise((resolve, reject) => {
      const remove = (): void => {
        this.#watchers.delete(watcher);
      };
      const watcher: Watcher = {
        plural: type.plural,
        handler: handler as (event: WatchEvent<KubeObject>) => void,
        end: () => {
          remove();
          resolve();
        },
        fail: (problem) => {
          remove();
          reject(problem);
        },
      };
      this.#watchers.add(watcher);
      options.onOpen?.();
      options.signal?.addEventListener('abort', () =>
        watcher.fail(new ConnectionError('ABORTED', 'aborted', { sent: true })),
      );
      for (const { plural, version, event } of this.#history) {
        if (plural === type.plural && version > Number(options.resourceVersion)) watcher.handler(event);
      }
    });
  }

  serves(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): void {
    this.isClosed = true;
  }

  /** Ends every watch, regularly or with an error. */
  endWatches(error?: Error): void {
    for (const watcher of [...this.#watchers]) {
      if (error === undefined) watcher.end();
      else watcher.fail(error);
    }
  }

  /** Changes an object without a request, like another client. */
  edit(type: ResourceType, ref: ObjectRef, change: (object: KubeObject) => KubeObject): void {
    const old = this.#find(type, ref);
    this.#replace(type, old, change(old));
  }

  /** Deletes the event history, so that a new watch does not receive earlier events. */
  compact(): void {
    this.#history.length = 0;
  }

  async #respond<R>(call: Call, work: () => R): Promise<R> {
    await Promise.resolve();
    this.calls.push(call);
    const error = this.failing(call);
    if (error !== undefined) throw error;
    const result = work();
    const lost = this.losing(call);
    if (lost !== undefined) throw lost;
    return result;
  }

  #of(type: ResourceType): Map<string, KubeObject> {
    let objects = this.#objects.get(type.plural);
    if (objects === undefined) this.#objects.set(type.plural, (objects = new Map<string, KubeObject>()));
    return objects;
  }

  #find(type: ResourceType, ref: ObjectRef): KubeObject {
    const object = this.#of(type).get(refKey(ref));
    if (object === undefined) throw refusal(404, 'NotFound');
    return object;
  }

  #replace(type: ResourceType, old: KubeObject, changed: KubeObject): KubeObject {
    if (jsonEqual(old, changed)) return old;
    const { deletionTimestamp, finalizers = [] } = changed.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0) return this.#remove(type, changed);
    const isNewSpec = !jsonEqual(old.spec, changed.spec);
    const generation = (old.metadata.generation ?? 1) + (isNewSpec ? 1 : 0);
    return this.#store(type, { ...changed, metadata: { ...changed.metadata, generation } }, 'MODIFIED');
  }

  #store(type: ResourceType, object: KubeObject, event: 'ADDED' | 'MODIFIED'): KubeObject {
    const resourceVersion = String(++this.#version);
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion } };
    this.#of(type).set(keyOf(stored), stored);
    this.#notify(type, { type: event, object: stored });
    return stored;
  }

  #remove(type: ResourceType, object: KubeObject): KubeObject {
    this.#of(type).delete(keyOf(object));
    const resourceVersion = String(++this.#version);
    const last = { ...object, metadata: { ...object.metadata, resourceVersion } };
    this.#notify(type, { type: 'DELETED', object: last });
    return last;
  }

  #notify({ plural }: ResourceType, event: WatchEvent<KubeObject>): void {
    this.#history.push({ plural, version: this.#version, event });
    for (const watcher of this.#watchers) if (watcher.plural === plural) watcher.handler(event);
  }
}

/** An error response of the server. */
export function refusal(code: number, reason: string, retryAfterSeconds?: number): ApiError {
  return new ApiError(code, { reason, message: reason }, retryAfterSeconds);
}

/** The error of a request whose response was lost. */
export function lostReply(): ConnectionError {
  return new ConnectionError('ECONNRESET', 'the response was lost', { sent: true });
}

const name = (type: ResourceType, { subresource }: PatchOptions): string =>
  subresource === undefined ? type.plural : `${type.plural}/${subresource}`;

function applyOperation(object: object, { op, path, value }: JsonPatchOperation): void {
  const segments = path.split('/').slice(1);
  const last = segments.pop()!;
  let at = object as Record<string, unknown>;
  for (const segment of segments) at = at[segment] as Record<string, unknown>;
  // As on a real server, a test for null succeeds when the property is absent.
  if (op === 'test' && !jsonEqual(at[last] ?? null, value)) throw refusal(422, 'Invalid');
  if (op === 'add' || op === 'replace') at[last] = value;
  if (op === 'remove') Reflect.deleteProperty(at, last);
}
