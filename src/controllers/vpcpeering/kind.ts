import { resources, type VPCPeering } from '../../api/index.ts';
import { refKey, type Kind } from '../../reconcile/index.ts';
import { anyVpcOf, vpcKeys } from '../vpc/index.ts';

/** The key of all peerings from one namespace to another. */
export const directionKey = (namespace: string, peerNamespace: string): string =>
  `${namespace}>${peerNamespace}`;

export const vpcPeeringKind: Kind<VPCPeering> = {
  type: resources.VPCPeering,
  aliases: ({ metadata: { namespace = '' }, spec: { peer } }) => [directionKey(namespace, peer.namespace)],
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
    /** The consent applies to the namespace with this UID, until it applies to a VPC. */
    peerNamespace: { to: 'Namespace', keys: ({ spec: { peer } }) => [peer.namespace] },
    /** The peerings of the other side. */
    peers: {
      to: 'VPCPeering',
      keys: ({ metadata: { namespace = '' }, spec: { peer } }) => [directionKey(peer.namespace, namespace)],
    },
    /** Other peerings of the same side: the oldest one is in effect. */
    siblings: {
      to: 'VPCPeering',
      keys: ({ metadata: { namespace = '' }, spec: { peer } }) => [directionKey(namespace, peer.namespace)],
    },
  },
  facts: ({ metadata: { uid }, spec, status }) => ({ uid, spec, consent: status?.consent }),
};
