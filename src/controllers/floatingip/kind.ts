import { resources, type FloatingIP } from '../../api/index.ts';
import type { Kind } from '../../reconcile/index.ts';

/** The index key of the FloatingIPs of a namespace with this address. */
export const addressKey = (namespace: string, address: string): string => `${namespace}/${address}`;

export const floatingIPKind: Kind<FloatingIP> = {
  type: resources.FloatingIP,
  indexes: {
    address: ({ metadata: { namespace = '' }, status }) =>
      status?.address === undefined ? [] : [addressKey(namespace, status.address)],
  },
  references: {
    externalNetwork: {
      to: 'ExternalNetwork',
      keys: ({ spec }) => [spec.externalNetworkRef.name],
      wakesTarget: { afterMs: 500 },
      ignores: ['chassis'],
    },
    /** The labels of the namespace decide which ExternalNetworks the FloatingIP may use. */
    namespace: { to: 'Namespace', keys: ({ metadata }) => [metadata.namespace ?? ''] },
  },
  facts: ({ metadata: { uid }, status }) => ({ uid, address: status?.address }),
};
