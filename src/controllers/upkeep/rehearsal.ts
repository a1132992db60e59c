import { ApplyError, type RowWriter } from '../../ovn/index.ts';
import { Turn, realClock, silentLogger } from '../../base/index.ts';
import { keyOf, storeOf, type KubeObject, type NewObject, type Reconciler } from '../../reconcile/index.ts';
import type { Env } from '../common/env.ts';
import { KindReconciler } from '../common/kind-reconciler.ts';
import { namespaceKind } from '../common/namespace.ts';
import { kindNames, modules } from '../kinds.ts';
import { Pools } from '../pools/pools.ts';
import { createEnv } from './environment.ts';
import { rebuildPools } from './rebuild.ts';
import { storesFrom } from './stores.ts';

/** What a rehearsal works with. */
export interface RehearsalOptions extends Pick<Env, 'settings' | 'bindings' | 'chassis'> {
  /** All objects of a kind, Namespaces too, as the API server has them. */
  readonly objects: (kind: string) => readonly KubeObject[];
  /** Is given what would be written. */
  readonly writer: RowWriter;
}

/**
 * Does what an operator does when it starts: rebuilds the pools and reconciles every object once. No status is written
 * and no object made or deleted; rows go to `writer`, which need not write them either. When an operator had finished
 * its work, nothing of what it is given differs from what there is.
 */
export async function rehearse({
  objects,
  writer,
  settings,
  bindings,
  chassis,
}: RehearsalOptions): Promise<void> {
  const stores = new Map(
    [namespaceKind, ...kindNames.map((name) => modules[name].kind)].map((kind) => [
      kind.type.kind,
      storeOf(kind, objects(kind.type.kind)),
    ]),
  );
  const env = createEnv({
    stores: storesFrom((kind) => stores.get(kind) ?? storeOf(namespaceKind, [])),
    pools: new Pools(settings, () => undefined),
    settings,
    writer,
    bindings,
    chassis,
    client: {
      get: () => Promise.reject(new Error('a rehearsal reads no object from the API server')),
      create: (_type, object: NewObject) => Promise.resolve(object as never),
      delete: () => Promise.resolve(),
    },
    status: { write: () => Promise.resolve('unchanged') },
    finalizers: { add: () => Promise.resolve('held'), remove: () => Promise.resolve('released') },
    now: () => Date.now(),
    wake: () => undefined,
    wakeSoon: () => undefined,
  });
  await new Turn(() => realClock.now()).run(rebuildPools(env));
  for (const kind of kindNames) await reconcileAll(new KindReconciler(env, modules[kind]), objects(kind));
}

async function reconcileAll(
  reconciler: Reconciler<KubeObject>,
  objects: readonly KubeObject[],
): Promise<void> {
  const { signal } = new AbortController();
  for (const object of objects) {
    try {
      await reconciler.reconcile(keyOf(object), object, {
        priority: 'resync',
        attempt: 0,
        gone: [],
        signal,
        log: silentLogger,
      });
    } catch (error) {
      // The writer knows.
      if (!(error instanceof ApplyError)) throw error;
    }
  }
}
