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

/** The inputs of a rehearsal. */
interface RehearsalOptions extends Pick<Env, 'settings' | 'bindings' | 'chassis'> {
  /** Returns all objects of a kind from the API server, Namespaces included. */
  readonly objects: (kind: string) => readonly KubeObject[];
  /** Receives the rows that the operator would write. */
  readonly writer: RowWriter;
}

/**
 * Does the same as an operator at start: rebuilds the pools and reconciles every object once. It writes no status,
 * and creates and deletes no object. `writer` receives the rows, and does not need to write them. If an operator
 * finished its work before, the received rows equal the rows in OVN.
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
    hosts: undefined,
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
      // The writer records its own errors.
      if (!(error instanceof ApplyError)) throw error;
    }
  }
}
