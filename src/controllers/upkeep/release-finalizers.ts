import { resources } from '../../api/index.ts';
import {
  Finalizers,
  hasFinalizer,
  type KubeClient,
  type KubeObject,
  type ResourceType,
} from '../../reconcile/index.ts';
import { FINALIZER } from '../common/env.ts';
import { kindsWithFinalizer } from './permissions.ts';

/** The number of attempts for an object that another client changes at the same time. */
const MAX_ATTEMPTS = 5;

/**
 * Removes the operator's finalizer from every object, so that objects and namespaces can be deleted without a running
 * operator. A running operator would add the finalizer again. The function can be repeated.
 *
 * @returns the number of objects of each kind that had the finalizer
 * @throws ApiError or ConnectionError when a request fails
 * @throws the reason of `signal` after it is aborted, before the next write
 */
export async function releaseFinalizers(
  client: KubeClient,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const kind of kindsWithFinalizer()) {
    let count = 0;
    for await (const object of listed(client, resources[kind])) {
      signal.throwIfAborted();
      if (!hasFinalizer(object, FINALIZER)) continue;
      await releaseFinalizer(client, resources[kind], object, signal);
      count += 1;
    }
    counts.set(kind, count);
  }
  return counts;
}

async function* listed(client: KubeClient, type: ResourceType): AsyncGenerator<KubeObject> {
  let page = await client.list(type, { limit: 500 });
  yield* page.items;
  while (page.continueToken !== undefined) {
    page = await client.list(type, { limit: 500, continueToken: page.continueToken });
    yield* page.items;
  }
}

async function releaseFinalizer(
  client: KubeClient,
  type: ResourceType,
  listedObject: KubeObject,
  signal: AbortSignal,
): Promise<void> {
  const finalizers = new Finalizers(client, () => undefined);
  let object = listedObject;
  for (let tries = 1; (await finalizers.remove(type, object, FINALIZER)) === 'changed'; tries++) {
    if (tries === MAX_ATTEMPTS)
      throw new Error(
        `cannot remove the finalizer of ${type.kind} ${object.metadata.name}, because another client changes the object all the time; try again`,
      );
    object = await client.get(type, object.metadata);
    signal.throwIfAborted();
  }
}
