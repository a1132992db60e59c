import type {
  ExternalNetwork,
  FloatingIP,
  NatRule,
  Port,
  SecurityGroup,
  Subnet,
  TrafficPolicy,
  VPC,
  VPCPeering,
} from '../../api/index.ts';
import type { ChassisDirectory, PortBindings, RowWriter } from '../../ovn/index.ts';
import type { Finalizers, KubeClient, KubeObject, ReadStore, StatusWriter } from '../../reconcile/index.ts';
import type { Pools } from '../pools/pools.ts';
import type { NetworkSettings } from './settings.ts';

/** The objects as last heard of. */
export interface Stores {
  readonly namespaces: ReadStore<KubeObject>;
  readonly vpcs: ReadStore<VPC>;
  readonly subnets: ReadStore<Subnet>;
  readonly ports: ReadStore<Port>;
  readonly securityGroups: ReadStore<SecurityGroup>;
  readonly trafficPolicies: ReadStore<TrafficPolicy>;
  readonly externalNetworks: ReadStore<ExternalNetwork>;
  readonly floatingIPs: ReadStore<FloatingIP>;
  readonly natRules: ReadStore<NatRule>;
  readonly vpcPeerings: ReadStore<VPCPeering>;
}

/** All that the reconcilers work with. */
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
  /** Milliseconds since the epoch; only for the times that conditions carry. */
  readonly now: () => number;
  /** Enqueues a key before resyncs. */
  readonly wake: (kind: string, key: string) => void;
  /** The same within half a second, once for a burst: for counters in status. */
  readonly wakeSoon: (kind: string, key: string) => void;
}

/** Held by VPC, Subnet, SecurityGroup, ExternalNetwork and FloatingIP, so that one is not gone while others need its rows. */
export const FINALIZER = 'network.plasmavmc.io/in-use';

/** Marks objects that the operator made, by the convention of Kubernetes' recommended labels. */
export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'overlay-network' } as const;
