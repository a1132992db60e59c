import type { JsonPatchOperation, KubeClient } from './client/client.ts';
import { ApiError, isNotFound } from './client/errors.ts';
import { jsonEqual } from '../base/index.ts';
import { trimmed } from './trimmed.ts';
import type { KubeObject, ResourceType } from './types.ts';

/**
 * What became of a status: `unchanged` (equal: nothing was sent), `written`, or `gone` (there is no such object
 * any more, or only a namesake).
 */
export type StatusOutcome = 'unchanged' | 'written' | 'gone';

/** Takes in an object that a write returned, so that the next read shows it before the watch does. */
export type Refresh = (type: ResourceType, object: KubeObject) => void;

/**
 * Writes status: one patch, or nothing. It is a JSON patch that begins with a test of the UID, because the
 * status subresource of a custom resource ignores the metadata of a merge patch: one meant for a deleted object
 * would land on the namesake that took its place.
 */
export class StatusWriter {
  readonly #client: KubeClient;
  readonly #refresh: Refresh;
  /** UID → the status that is being written: its echo may come back through the watch before the answer does. */
  readonly #expected = new Map<string, unknown>();

  constructor(client: KubeClient, refresh: Refresh) {
    this.#client = client;
    this.#refresh = refresh;
  }

  /**
   * Makes the status of `object`, as the caller knows it, be `status`, whole: what it lacks is removed. Throws
   * ApiError or ConnectionError; the call may be repeated as it is.
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
      this.#refresh(type, trimmed(await this.#client.patchJson(type, metadata, patch, options)));
      return 'written';
    } catch (error) {
      if (isNotFound(error) || (await this.#isOther(type, object, error))) return 'gone';
      throw error;
    } finally {
      this.#expected.delete(metadata.uid);
    }
  }

  /** Whether `object` differs from `old` by nothing but the status that is being written at this moment. */
  isEcho(old: KubeObject, object: KubeObject): boolean {
    const expected = this.#expected.get(object.metadata.uid);
    return expected !== undefined && jsonEqual(object.status, expected) && sameButStatus(old, object);
  }

  /** A failed test is a 422, as an invalid status is: only the object can tell which. */
  async #isOther(type: ResourceType, { metadata }: KubeObject, error: unknown): Promise<boolean> {
    if (!(error instanceof ApiError) || error.code !== 422) return false;
    try {
      return (await this.#client.get(type, metadata)).metadata.uid !== metadata.uid;
    } catch (reading) {
      return isNotFound(reading);
    }
  }
}

function sameButStatus(a: KubeObject, b: KubeObject): boolean {
  const { resourceVersion: _a, ...aMetadata } = a.metadata;
  const { resourceVersion: _b, ...bMetadata } = b.metadata;
  return jsonEqual(aMetadata, bMetadata) && jsonEqual(a.spec, b.spec);
}
