import type { Port } from '../api/index.ts';
import type { Owner } from '../ovn/index.ts';
import type { Kind, KubeObject, MetricsRegistry } from '../reconcile/index.ts';
import type { Env, KindName, PoolSources, Stores } from './common/env.ts';
import type { KindController } from './common/kind-reconciler.ts';
import type { PoolConflict } from './pools/pools.ts';

/** An address that an object's spec names, in the pool of another object. */
export interface NamedClaim {
  readonly object: KubeObject;
  /** Claims the address. A claim that the pool refuses has no effect; the object's own reconcile reports it. */
  readonly claim: () => void;
}

/** Everything that the rest of the operator knows about a kind. `src/controllers/kinds.ts` lists the modules. */
export interface KindModule<T extends KubeObject> {
  /** Where the API serves the kind, its indexes and its references. */
  readonly kind: Kind<T>;
  /** What the kind decides about an object. */
  readonly controller: (env: Env) => KindController<T>;
  /** Whether objects have rows in the Northbound database: drift repair and the sweep of orphans look at the kind. */
  readonly hasRows: boolean;
  /** Whether the operator's finalizer holds an object while others use it. */
  readonly hasFinalizer: boolean;
  /** The kinds of the objects that the controller creates and deletes. */
  readonly creates?: readonly KindName[];
  /** Kinds whose objects an object of this kind keeps from being deleted → the reference that names them. */
  readonly keeps?: { readonly [T in KindName]?: string };
  /** Releases what the object with this UID holds in the pools. The object's rows are gone. */
  readonly release?: (env: Env, uid: string) => void;
  /** Restores what an object holds in the pools, from its status and its rows. */
  readonly adopt?: (sources: PoolSources, object: T) => readonly PoolConflict[];
  /** Restores what the rows of an object that is gone hold, until a sweep removes the rows. */
  readonly adoptOrphan?: (sources: PoolSources, owner: Owner) => readonly PoolConflict[];
  /** The addresses that objects of this kind name in the pool of `parent`; none for a parent of another kind. */
  readonly namedClaims?: (sources: PoolSources, parent: KubeObject) => Iterable<NamedClaim>;
  /** The keys to reconcile again when OVN binds a Port to a host or releases it. */
  readonly followsPort?: (stores: Stores, port: Port) => Iterable<string>;
  /** Whether every object is reconciled again when a host appears, disappears or changes. */
  readonly followsChassis?: boolean;
  /** Registers the kind's own metrics. A scrape reads the values from the stores. */
  readonly metrics?: (metrics: MetricsRegistry, stores: Stores) => void;
}
