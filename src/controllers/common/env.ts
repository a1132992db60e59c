import type { Kinds } from '../../api/index.ts';
import type { ChassisDirectory, PortBindings, RowWriter } from '../../ovn/index.ts';
import type { Finalizers, KubeClient, KubeObject, ReadStore, StatusWriter } from '../../reconcile/index.ts';
import type { Pools } from '../pools/pools.ts';
import type { NetworkSettings } from '../settings.ts';

/** The name of a kind of this API group. */
export type KindName = keyof Kinds;

/** The objects of each kind, as the watches last reported them. Namespaces are watched, not reconciled. */
export type Stores = { readonly [K in KindName]: ReadStore<Kinds[K]> } & {
  readonly Namespace: ReadStore<KubeObject>;
};

/** Everything that the controllers work with. */
export interface Env {
  readonly stores: Stores;
  readonly pools: Pools;
  readonly settings: NetworkSettings;
  readonly writer: RowWriter;
  readonly bindings: Pick<PortBindings, 'isKnown' | 'hostOf'>;
  readonly chassis: Pick<ChassisDirectory, 'isKnown' | 'chassis'>;
  readonly client: Pick<KubeClient, 'get' | 'create' | 'delete'>;
  readonly status: Pick<StatusWriter, 'write'>;
  readonly finalizers: Pick<Finalizers, 'add' | 'remove'>;
  /** Milliseconds since the epoch; only for the timestamps in conditions. */
  readonly now: () => number;
  /** Enqueues a key before resyncs. */
  readonly wake: (kind: string, key: string) => void;
  /** Enqueues a key within half a second, once for a burst of calls: for counters in a status. */
  readonly wakeSoon: (kind: string, key: string) => void;
  /** The objects that keep an object of `kind` from being deleted, found by the keys that references name it by. */
  readonly usersOf: (kind: KindName, keys: readonly string[]) => readonly KubeObject[];
  /** Claims the addresses that specs name in the pool of `parent`, the oldest object first, before any is allocated. */
  readonly claimNamed: (parent: KubeObject) => void;
}

/** What the pools are rebuilt from at a start. */
export type PoolSources = Pick<Env, 'stores' | 'pools' | 'writer'>;

/** Set on objects that others need, so that an object in use outlives its deletion. */
export const FINALIZER = 'network.plasmavmc.io/in-use';

/** Labels objects that the operator created, by the convention of Kubernetes' recommended labels. */
export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'overlay-network' } as const;
