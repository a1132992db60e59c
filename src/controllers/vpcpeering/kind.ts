import { resources, type VPCPeering } from '../../api/index.ts';
import { refKey, type Kind } from '../../reconcile/index.ts';
import { anyVpcOf, vpcKeys } from '../vpc/index.ts';

/** The key of all peerings of one namespace with another. */
export const towards = (namespace: string, peerNamespace: string): string => `${namespace}>${peerNamespace}`;

export const vpcPeeringKind: Kind<VPCPeering> = {
  type: resources.VPCPeering,
  aliases: ({ metadata: { namespace = '' }, spec: { peer } }) => [towards(namespace, peer.namespace)],
  indexes: { namespace: ({ metadata: { namespace = '' } }) => [namespace] },
  references: {
    vpc: { to: 'VPC', keys: vpcKeys, wakesTarget: { afterMs: 500 } },
    /** Nothing is told of it before its own namespace has agreed. */
    peerVPC: {
      to: 'VPC',
      keys: ({ spec: { peer } }) => [
        peer.name === undefined
          ? anyVpcOf(peer.namespace)
          : refKey({ namespace: peer.namespace, name: peer.name }),
      ],
    },
    /** The other side. */
    peers: {
      to: 'VPCPeering',
      keys: ({ metadata: { namespace = '' }, spec: { peer } }) => [towards(peer.namespace, namespace)],
    },
    /** Others of the same side: the oldest is in effect. */
    siblings: {
      to: 'VPCPeering',
      keys: ({ metadata: { namespace = '' }, spec: { peer } }) => [towards(namespace, peer.namespace)],
    },
  },
  facts: ({ metadata: { uid }, spec }) => ({ uid, spec }),
};
