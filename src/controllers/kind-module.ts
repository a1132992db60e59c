import type { Port } from '../api/index.ts';
import type { Owner, Retention } from '../ovn/index.ts';
import type { Kind, KubeObject, MetricsRegistry } from '../reconcile/index.ts';
import type { Env, KindName, PoolSources, Stores } from './common/env.ts';
import type { KindController } from './common/kind-reconciler.ts';
import type { PoolConflict } from './pools/pools.ts';

/** An address that the spec of an object names, in the pool of another object. */
export interface NamedClaim {
  readonly object: KubeObject;
  /**
   * Claims the address. If the pool refuses the claim, nothing happens; the reconcile of the object reports the
   * refusal.
   */
  readonly claim: () => void;
}

/** Everything that the rest of the operator knows about a kind. `src/controllers/kinds.ts` lists the modules. */
export interface KindModule<T extends KubeObject> {
  /** The resource in the API, the indexes and the references of the kind. */
  readonly kind: Kind<T>;
  /** Creates the controller, which decides about each object of the kind. */
  readonly controller: (env: Env) => KindController<T>;
  /**
   * Who writes objects of the kind: tenants in their namespaces, or only administrators. The chart's roles follow from
   * it. Tenants can read every namespaced kind.
   */
  readonly writers: 'tenants' | 'administrators';
  /**
   * Whether objects have rows in the Northbound database. If so, the repair of drift and the sweep of orphans cover
   * the kind.
   */
  readonly hasRows: boolean;
  /** Whether the operator's finalizer keeps a deleted object until no other object uses it. */
  readonly hasFinalizer: boolean;
  /**
   * Which port groups of a removed object stay in OVN while rows of other objects need them. A user can remove a
   * finalizer, so the rows of other objects may outlive the object.
   */
  readonly retention?: Retention;
  /** The kinds of the objects that the controller creates and deletes. */
  readonly creates?: readonly KindName[];
  /**
   * An object of this kind prevents the deletion of the objects that it refers to. Maps the kind of these objects to
   * the name of the reference.
   */
  readonly keeps?: { readonly [T in KindName]?: string };
  /**
   * Releases all pool allocations of the object with this UID. The reconciler calls the function after it removed the
   * rows.
   */
  readonly release?: (env: Env, uid: string) => void;
  /** Restores the pool allocations of an object from its status and its rows. */
  readonly adopt?: (sources: PoolSources, object: T) => readonly PoolConflict[];
  /** Restores the pool allocations in the rows of a deleted object. They stay until a sweep removes the rows. */
  readonly adoptOrphan?: (sources: PoolSources, owner: Owner) => readonly PoolConflict[];
  /** Whether an object has a pool in which specs of other objects name addresses. */
  readonly hasPool?: boolean;
  /**
   * Returns the addresses that objects of this kind name in the pool of `parent`. The result is empty if the kind
   * names no addresses in pools of this parent.
   */
  readonly namedClaims?: (sources: PoolSources, parent: KubeObject) => Iterable<NamedClaim>;
  /** Returns the keys to reconcile again after OVN bound a Port to a host or released the Port. */
  readonly followsPort?: (stores: Stores, port: Port) => Iterable<string>;
  /**
   * Returns the keys to reconcile again after the hosts `changed` appeared, disappeared or changed; undefined: all hosts.
   */
  readonly followsChassis?: (
    env: Pick<Env, 'stores' | 'bindings'>,
    changed: ReadonlySet<string> | undefined,
  ) => Iterable<string>;
  /** Registers the metrics of the kind. A scrape reads the values from the stores. */
  readonly metrics?: (metrics: MetricsRegistry, stores: Stores) => void;
}
