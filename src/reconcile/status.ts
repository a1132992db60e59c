import type { JsonPatchOperation, KubeClient } from './client/client.ts';
import { isPerhapsStale } from './client/errors.ts';
import { readAgain } from './client/read-again.ts';
import { jsonEqual } from '../base/index.ts';
import { withoutManagedFields } from './managed-fields.ts';
import type { KubeObject, ResourceType } from './types.ts';

/**
 * The result of a status write. `unchanged`: the status was already equal, so the writer sent no request.
 * `written`: the server stored the status. `gone`: the object does not exist, or another object has its name.
 */
export type StatusOutcome = 'unchanged' | 'written' | 'gone';

/** Updates a store with the response of a write, so that a read does not have to wait for the watch event. */
export type Refresh = (type: ResourceType, object: KubeObject) => void;

/**
 * Writes the status of objects with one patch, and only after a change.
 *
 * The patch is a JSON patch that tests the UID. A merge patch cannot do that, because the status subresource
 * of a custom resource ignores the metadata of a merge patch. A merge patch for a deleted object could
 * therefore change a new object with the same name.
 */
export class StatusWriter {
  readonly #client: KubeClient;
  readonly #refresh: Refresh;
  /**
   * UID → the status of the write in progress. The watch event can arrive before the response of the write.
   */
  readonly #expected = new Map<string, unknown>();

  constructor(client: KubeClient, refresh: Refresh) {
    this.#client = client;
    this.#refresh = refresh;
  }

  /**
   * Replaces the whole status of `object`. The caller can repeat the call after an error.
   *
   * @throws ApiError when the API server rejects the request
   * @throws ConnectionError when the API server does not answer
   */
  async write(type: ResourceType, object: KubeObject, status: object): Promise<StatusOutcome> {
    if (jsonEqual(object.status ?? {}, status)) return 'unchanged';
    const { metadata } = object;
    const patch: JsonPatchOperation[] = [
      { op: 'test', path: '/metadata/uid', value: metadata.uid },
      { op: 'add', path: '/status', value: status },
    ];
    this.#expected.set(metadata.uid, status);
    try {
      const options = { subresource: 'status', idempotent: true } as const;
      this.#refresh(type, withoutManagedFields(await this.#client.patchJson(type, metadata, patch, options)));
      return 'written';
    } catch (error) {
      if (isPerhapsStale(error) && (await this.#isGone(type, object))) return 'gone';
      throw error;
    } finally {
      this.#expected.delete(metadata.uid);
    }
  }

  /** Whether the only difference between `old` and `object` is the status of a write in progress. */
  isEcho(old: KubeObject, object: KubeObject): boolean {
    const expected = this.#expected.get(object.metadata.uid);
    return expected !== undefined && jsonEqual(object.status, expected) && sameButStatus(old, object);
  }

  /** Whether the object does not exist, or another object has its name. */
  async #isGone(type: ResourceType, { metadata }: KubeObject): Promise<boolean> {
    return (await readAgain(this.#client, type, metadata))?.metadata.uid !== metadata.uid;
  }
}

function sameButStatus(a: KubeObject, b: KubeObject): boolean {
  const { resourceVersion: _a, ...aMetadata } = a.metadata;
  const { resourceVersion: _b, ...bMetadata } = b.metadata;
  return jsonEqual(aMetadata, bMetadata) && jsonEqual(a.spec, b.spec);
}
