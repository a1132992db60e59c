import type {
  DeleteOptions,
  JsonPatchOperation,
  KubeClient,
  ListOptions,
  ListPage,
  NewObject,
  PatchOptions,
  RequestOptions,
  WatchEvent,
  WatchOptions,
} from './client.ts';
import { isNotFound } from './errors.ts';
import { readClusterUid } from './cluster-uid.ts';
import type { KubeObject, ObjectRef, ResourceType } from '../types.ts';

/** The address of the API server now leads to another Kubernetes cluster. */
export class OtherClusterError extends Error {
  readonly code = 'OTHER_CLUSTER';

  constructor(expected: string, found: string) {
    super(
      `the API server belongs to the Kubernetes cluster ${found}, but this process began with the cluster ` +
        `${expected}; correct the address in the kubeconfig, or restart the process to use the other cluster`,
    );
    this.name = 'OtherClusterError';
  }
}

/** The time-out of a read of the identity, in ms. */
const IDENTIFY_TIMEOUT_MS = 10_000;

/**
 * A client that accepts answers only from the Kubernetes cluster that answered first. The absence of an object in
 * another cluster proves nothing, and an object with the same name there is another object. So the client reads the
 * identity of the cluster again after it received a list, an object, a 404 or a new watch, and before the caller
 * sees it.
 *
 * Each check uses a new connection. An address can lead to another cluster while old connections to the first cluster
 * stay open; a check on an old connection would not notice this.
 *
 * Writes need no check, because they name the UID of the object.
 */
export class BoundClient implements KubeClient {
  readonly #client: KubeClient;
  readonly #onOther: (error: OtherClusterError) => void;
  readonly #closed = new AbortController();
  #binding: { uid: string | undefined } = { uid: undefined };
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;

  /** @param onOther called each time when another cluster answers */
  constructor(client: KubeClient, onOther: (error: OtherClusterError) => void) {
    this.#client = client;
    this.#onOther = onOther;
  }

  /** Returns a client that sends its requests with `client`, and accepts answers only from the same cluster as this one. */
  alongside(client: KubeClient): BoundClient {
    const other = new BoundClient(client, this.#onOther);
    other.#binding = this.#binding;
    return other;
  }

  /**
   * Returns the UID of the cluster. The first call binds the client to the cluster.
   *
   * @throws ApiError when the API server refuses the request
   * @throws ConnectionError when the API server does not answer
   */
  async identify(): Promise<string> {
    if (this.#binding.uid === undefined) await this.#confirm();
    return this.#binding.uid ?? '';
  }

  async get<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options?: RequestOptions): Promise<T> {
    await this.identify();
    let object: T;
    try {
      object = await this.#client.get<T>(type, ref, options);
    } catch (error) {
      if (isNotFound(error)) await this.#confirm();
      throw error;
    }
    await this.#confirm();
    return object;
  }

  async list<T extends KubeObject>(type: ResourceType, options?: ListOptions): Promise<ListPage<T>> {
    await this.identify();
    const page = await this.#client.list<T>(type, options);
    await this.#confirm();
    return page;
  }

  async watch<T extends KubeObject>(
    type: ResourceType,
    options: WatchOptions,
    handler: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    await this.identify();
    const early: WatchEvent<T>[] = [];
    const refused = new AbortController();
    let check: Promise<void> | undefined;
    let isChecked = false;
    const accept = async (): Promise<void> => {
      await this.#confirm();
      isChecked = true;
      options.onOpen?.();
      for (const event of early) handler(event);
    };
    const onOpen = (): void => {
      check = accept();
      check.catch(() => refused.abort());
    };
    const { signal } = options;
    const signals = signal === undefined ? [refused.signal] : [refused.signal, signal];
    try {
      await this.#client.watch<T>(type, { ...options, onOpen, signal: AbortSignal.any(signals) }, (event) => {
        if (isChecked) handler(event);
        else early.push(event);
      });
    } catch (error) {
      // The failure of the check is the reason of the abort.
      if (refused.signal.aborted) await check;
      throw error;
    }
    await check;
  }

  create<T extends KubeObject>(type: ResourceType, object: NewObject, options?: RequestOptions): Promise<T> {
    return this.#client.create(type, object, options);
  }

  update<T extends KubeObject>(type: ResourceType, object: T, options?: PatchOptions): Promise<T> {
    return this.#client.update(type, object, options);
  }

  patchMerge<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<T> {
    return this.#client.patchMerge(type, ref, patch, options);
  }

  patchJson<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: readonly JsonPatchOperation[],
    options?: PatchOptions,
  ): Promise<T> {
    return this.#client.patchJson(type, ref, patch, options);
  }

  delete(type: ResourceType, ref: ObjectRef, options?: DeleteOptions): Promise<void> {
    return this.#client.delete(type, ref, options);
  }

  serves(type: ResourceType, options?: RequestOptions): Promise<boolean> {
    return this.#client.serves(type, options);
  }

  close(): void {
    this.#closed.abort();
    this.#client.close();
  }

  /**
   * Reads the identity and compares it. Calls share a read only if the read has not begun: it must follow the answer
   * that it confirms.
   */
  #confirm(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#check().finally(() => (this.#running = undefined));
      return this.#running;
    }
    this.#queued ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#queued = undefined;
        return this.#confirm();
      });
    return this.#queued;
  }

  async #check(): Promise<void> {
    const uid = await readClusterUid(this.#client, {
      hasOwnConnection: true,
      timeoutMs: IDENTIFY_TIMEOUT_MS,
      signal: this.#closed.signal,
    });
    this.#binding.uid ??= uid;
    if (uid === this.#binding.uid) return;
    const error = new OtherClusterError(this.#binding.uid, uid);
    this.#onOther(error);
    throw error;
  }
}
