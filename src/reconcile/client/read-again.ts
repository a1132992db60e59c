import type { KubeObject, ObjectRef, ResourceType } from '../types.ts';
import type { KubeClient, RequestOptions } from './client.ts';
import { isNotFound } from './errors.ts';

/**
 * Reads an object after a failed write, to distinguish a change of the object from a refusal of the write.
 *
 * @returns undefined when the object does not exist
 */
export async function readAgain<T extends KubeObject>(
  client: Pick<KubeClient, 'get'>,
  type: ResourceType,
  ref: ObjectRef,
  options?: RequestOptions,
): Promise<T | undefined> {
  try {
    return await client.get<T>(type, ref, options);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
