import { resources, segmentKey, type Address, type Cidr, type ExternalNetwork } from '../../api/index.ts';
import { keyOf, type Kind, type KubeObject } from '../../reconcile/index.ts';
import type { Env, Stores } from '../common/env.ts';
import { allowsNamespace } from '../common/namespace.ts';
import { bad, good, type Checked, type Problem } from '../common/problem.ts';
import { waitForQuota } from '../common/quota.ts';
import type { CapacityRefusal } from '../pools/external-pool.ts';
import { externalAddressing, isInPools } from './ranges.ts';
import { externalSegment, onPhysicalNetwork } from '../common/segments.ts';

export const externalNetworkKind: Kind<ExternalNetwork> = {
  type: resources.ExternalNetwork,
  indexes: {
    physicalNetwork: ({ spec }) => [spec.physicalNetwork],
    segment: (network) => [segmentKey(externalSegment(network))],
  },
  aliases: (network) => [
    onPhysicalNetwork(network.spec.physicalNetwork),
    segmentKey(externalSegment(network)),
  ],
  references: {
    /** Subnets may not use the segment of the network. */
    providerNetworks: {
      to: 'ProviderNetwork',
      keys: ({ spec }) => [onPhysicalNetwork(spec.physicalNetwork)],
    },
    /** Other networks on the segment may not allocate the same addresses. */
    neighbours: { to: 'ExternalNetwork', keys: (network) => [segmentKey(externalSegment(network))] },
  },
  facts: ({ metadata: { uid }, spec, status }) => ({
    uid,
    spec,
    switchName: status?.switchName,
    chassis: status?.gatewayChassis,
  }),
};

/** An ExternalNetwork that OVN contains. */
export interface ReadyNetwork {
  readonly uid: string;
  readonly name: string;
  readonly cidr: Cidr;
  /** The address of the next-hop router. */
  readonly gateway: string;
  /** The chassis that carry its traffic; at least one. */
  readonly chassis: readonly string[];
  /** The ranges of VPCs that may use the network without translation. */
  readonly routedRanges: readonly Cidr[];
  /** Whether a VPC or a FloatingIP may get this address of the network. */
  readonly isAllocatable: (address: Address) => boolean;
}

/**
 * Returns the ExternalNetwork of this name if objects of the namespace may use it. Without permission, the message
 * does not reveal whether the network exists.
 */
export function allowedNetwork(
  stores: Pick<Stores, 'ExternalNetwork' | 'Namespace'>,
  namespace: string,
  name: string,
): Checked<ExternalNetwork> {
  const network = stores.ExternalNetwork.get(name);
  if (network !== undefined && allowsNamespace(stores, network, namespace)) return good(network);
  return bad(
    'ExternalNetworkNotAllowed',
    `The ExternalNetwork "${name}" does not exist, or this namespace may not use it; ` +
      'correct the name, or ask an administrator to allow the namespace.',
  );
}

/** The problem of an object whose ExternalNetwork is not ready. */
export const networkNotReady = (name: string): Checked<never> =>
  bad(
    'ExternalNetworkNotReady',
    `The ExternalNetwork "${name}" is not ready; ask an administrator to check its conditions.`,
  );

/** The problem of an object that needs an address of an ExternalNetwork without free addresses. */
export const networkExhausted = (name: string) =>
  bad(
    'PoolExhausted',
    `The ExternalNetwork "${name}" has no free address; delete an unused FloatingIP, or ask an administrator for more addresses.`,
  );

/** The line in which the objects of a namespace wait for any further address of a network. */
export const anyAddressOf = (namespace = ''): string => `any address for ${namespace}`;

/**
 * Returns the problem of an object that gets no address, and lets the object wait. Messages reveal nothing about other
 * tenants: not how many addresses they hold.
 */
export function noCapacity(
  env: Pick<Env, 'stores' | 'pools' | 'policies'>,
  object: KubeObject,
  network: ExternalNetwork,
  refused: CapacityRefusal,
): Problem {
  const { name, uid } = network.metadata;
  const line = anyAddressOf(object.metadata.namespace);
  env.pools.waiting.add(uid, object.kind, keyOf(object), line);
  if (refused === 'exhausted') return networkExhausted(name).problem;
  if (refused.network !== true) return waitForQuota(env, object, 'externalAddresses', refused);
  const message =
    `FloatingIPs and NatRules of this namespace hold ${refused.used} addresses of the ExternalNetwork "${name}", and ` +
    `the limit is ${refused.limit} (maxAddressesPerNamespace); delete an unused FloatingIP, or ask an administrator ` +
    'for a higher limit.';
  return { reason: 'QuotaExceeded', message };
}

/** Returns the facts of a network that routers need, from its status. The network must be in OVN and have chassis. */
export function readyNetwork(network: ExternalNetwork): Checked<ReadyNetwork> {
  const { metadata, spec, status } = network;
  const { uid, name } = metadata;
  const addressing = externalAddressing(network);
  const chassis = status?.gatewayChassis ?? [];
  if (!addressing.ok || status?.switchName === undefined) return networkNotReady(name);
  if (chassis.length === 0) {
    return bad(
      'ExternalNetworkNotReady',
      `No gateway chassis can carry the traffic of the ExternalNetwork "${name}"; ` +
        'ask an administrator to check its conditions.',
    );
  }
  const { cidr, ranges, routedRanges } = addressing.value;
  const isAllocatable = (address: Address): boolean => isInPools(cidr, ranges, address);
  return good({ uid, name, cidr, gateway: spec.gateway, chassis, routedRanges, isAllocatable });
}
