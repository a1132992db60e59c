import type { Kinds } from '../../api/index.ts';
import type { ChassisDirectory, HostProgress, PortBindings, RowWriter } from '../../ovn/index.ts';
import type { Finalizers, KubeClient, KubeObject, ReadStore, StatusWriter } from '../../reconcile/index.ts';
import type { Pools } from '../pools/pools.ts';
import type { Policies } from './policies.ts';
import type { NetworkSettings } from '../settings.ts';

/** The name of a kind of this API group. */
export type KindName = keyof Kinds;

/**
 * The objects of each kind, as the watches last reported them. The operator watches Namespaces and does not reconcile
 * them.
 */
export type Stores = { readonly [K in KindName]: ReadStore<Kinds[K]> } & {
  readonly Namespace: ReadStore<KubeObject>;
};

/** Everything that the controllers work with. */
export interface Env {
  readonly stores: Stores;
  readonly pools: Pools;
  /** The ProjectPolicy of each namespace. */
  readonly policies: Policies;
  readonly settings: NetworkSettings;
  readonly writer: RowWriter;
  readonly bindings: Pick<PortBindings, 'isKnown' | 'hostOf'>;
  readonly chassis: Pick<ChassisDirectory, 'isKnown' | 'chassis'>;
  /** Undefined in a rehearsal, which writes nothing to OVN. */
  readonly hosts: HostProgress | undefined;
  readonly client: Pick<KubeClient, 'get' | 'create' | 'delete'>;
  readonly status: Pick<StatusWriter, 'write'>;
  readonly finalizers: Pick<Finalizers, 'add' | 'remove'>;
  /** Returns the time in ms since the epoch, for the timestamps of conditions only. */
  readonly now: () => number;
  /** Enqueues a key with a higher priority than resyncs. */
  readonly wake: (kind: string, key: string) => void;
  /** Enqueues a key after half a second, once for a burst of calls. This is for counters in a status. */
  readonly wakeSoon: (kind: string, key: string) => void;
  /**
   * Yields the objects that prevent the deletion of an object of `kind`, the oldest ones of each kind first. `keys`
   * are the keys by which references name that object.
   */
  readonly usersOf: (kind: KindName, keys: readonly string[]) => Iterable<KubeObject>;
  /**
   * Claims the addresses that specs name in the pool of `parent`, the oldest object first. This happens before the
   * first allocation.
   */
  readonly claimNamed: (parent: KubeObject) => void;
}

/** The sources for the rebuild of the pools at start. */
export type PoolSources = Pick<Env, 'stores' | 'pools' | 'policies' | 'writer'>;

/** The finalizer of objects that other objects use. It keeps a deleted object until no object uses it. */
export const FINALIZER = 'network.plasmavmc.io/in-use';

/** The label of objects that the operator created (one of the recommended labels of Kubernetes). */
export const managedByLabel = { 'app.kubernetes.io/managed-by': 'overlay-network' } as const;
