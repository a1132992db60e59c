import { resources, type VPCPeering } from '../../api/index.ts';
import { refKey, type Kind } from '../../reconcile/index.ts';
import type { Stores } from '../common/env.ts';
import { MAX_NAMED } from '../pools/contenders.ts';
import { anyVpcOf, sizedSubnetsOf, vpcKeys } from '../vpc/index.ts';

/** The alias of the peering in effect from one namespace to another. */
export const directionKey = (namespace: string, peerNamespace: string): string =>
  `${namespace}>${peerNamespace}`;

/** The key of all peerings from one namespace to another, of which only the oldest one is in effect. */
const siblingsKey = (namespace: string, peerNamespace: string): string =>
  `${directionKey(namespace, peerNamespace)} all`;

/** Yields the peerings from one namespace to another, the oldest one, which is in effect, first. */
export function peeringsOf(
  stores: Pick<Stores, 'VPCPeering'>,
  namespace: string,
  peerNamespace: string,
): Iterable<VPCPeering> {
  return stores.VPCPeering.oldestFirst('siblings', siblingsKey(namespace, peerNamespace));
}

export const vpcPeeringKind: Kind<VPCPeering> = {
  type: resources.VPCPeering,
  /** Ports refer to all peerings of their namespace. */
  aliases: ({ metadata: { namespace = '' }, spec: { peer } }) => [
    siblingsKey(namespace, peer.namespace),
    `${namespace}/*`,
  ],
  aliasesOfOldest: ({ metadata: { namespace = '' }, spec: { peer } }) => [
    directionKey(namespace, peer.namespace),
  ],
  indexes: { namespace: ({ metadata: { namespace = '' } }) => [namespace] },
  references: {
    vpc: { to: 'VPC', keys: vpcKeys, wakesTarget: { afterMs: 500 } },
    /** The status reveals nothing about this VPC until its own namespace agrees. */
    peerVPC: {
      to: 'VPC',
      keys: ({ spec: { peer } }) => [
        peer.name === undefined
          ? anyVpcOf(peer.namespace)
          : refKey({ namespace: peer.namespace, name: peer.name }),
      ],
    },
    /** The router tells its machines the smallest MTU of the Subnets on the other side. */
    peerSubnets: { to: 'Subnet', keys: ({ spec: { peer } }) => [sizedSubnetsOf(peer.namespace)] },
    /** The consent applies to the namespace with this UID, until it applies to a VPC. */
    peerNamespace: { to: 'Namespace', keys: ({ spec: { peer } }) => [peer.namespace] },
    /** The peering of the other side. It affects only the oldest peering of this side. */
    peers: {
      to: 'VPCPeering',
      keys: ({ metadata: { namespace = '' }, spec: { peer } }) => [directionKey(peer.namespace, namespace)],
      wakesOldest: 1,
    },
    /** Other peerings of the same side: the oldest one is in effect. The messages of the next ones name it. */
    siblings: {
      to: 'VPCPeering',
      keys: ({ metadata: { namespace = '' }, spec: { peer } }) => [siblingsKey(namespace, peer.namespace)],
      wakesOldest: MAX_NAMED + 2,
    },
  },
  facts: ({ metadata: { uid }, spec, status }) => ({
    uid,
    spec,
    consent: status?.consent,
    routes: status?.acceptedRoutes,
  }),
};
