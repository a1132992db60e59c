import { ApplyError, type RowWriter } from '../../ovn/index.ts';
import { Turn, realClock, silentLogger } from '../../base/index.ts';
import {
  keyOf,
  storeOf,
  type Kind,
  type KubeObject,
  type NewObject,
  type Reconciler,
} from '../../reconcile/index.ts';
import type { Env, Stores } from '../common/env.ts';
import { externalNetworkKind } from '../externalnetwork/kind.ts';
import { floatingIPKind } from '../floatingip/kind.ts';
import { addKinds } from '../kinds.ts';
import { natRuleKind } from '../natrule/kind.ts';
import { Pools } from '../pools/pools.ts';
import { portKind } from '../port/kind.ts';
import { rebuildPools } from './rebuild.ts';
import { securityGroupKind } from '../securitygroup/kind.ts';
import { subnetKind } from '../subnet/kind.ts';
import { trafficPolicyKind } from '../trafficpolicy/kind.ts';
import { namespaceKind, vpcKind } from '../vpc/kind.ts';
import { vpcPeeringKind } from '../vpcpeering/kind.ts';

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
  const env: Env = {
    stores: storesOf(objects),
    pools: new Pools(settings, () => undefined),
    settings,
    writer,
    bindings,
    chassis,
    client: {
      get: () => Promise.reject(new Error('a rehearsal asks nobody')),
      create: (_type, object: NewObject) => Promise.resolve(object as never),
      delete: () => Promise.resolve(),
    },
    status: { write: () => Promise.resolve('unchanged') },
    finalizers: { add: () => Promise.resolve('held'), remove: () => Promise.resolve('released') },
    now: () => Date.now(),
    wake: () => undefined,
    wakeSoon: () => undefined,
  };
  await new Turn(() => realClock.now()).run(rebuildPools(env));
  const kinds: (() => Promise<void>)[] = [];
  addKinds(env, (kind, reconciler) => {
    if (reconciler !== undefined) kinds.push(() => reconcileAll(kind, reconciler, objects));
  });
  for (const reconcileKind of kinds) await reconcileKind();
}

async function reconcileAll<T extends KubeObject>(
  { type }: Kind<T>,
  reconciler: Reconciler<T>,
  objects: RehearsalOptions['objects'],
): Promise<void> {
  const { signal } = new AbortController();
  for (const object of objects(type.kind)) {
    try {
      await reconciler.reconcile(keyOf(object), object as T, {
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

function storesOf(objects: RehearsalOptions['objects']): Stores {
  const store = <T extends KubeObject>(kind: Kind<T>) =>
    storeOf(kind, objects(kind.type.kind) as readonly T[]);
  return {
    namespaces: store(namespaceKind),
    vpcs: store(vpcKind),
    subnets: store(subnetKind),
    ports: store(portKind),
    securityGroups: store(securityGroupKind),
    trafficPolicies: store(trafficPolicyKind),
    externalNetworks: store(externalNetworkKind),
    floatingIPs: store(floatingIPKind),
    natRules: store(natRuleKind),
    vpcPeerings: store(vpcPeeringKind),
  };
}
