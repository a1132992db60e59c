import { resources, type FloatingIP } from '../../api/index.ts';
import type { Kind } from '../../reconcile/index.ts';

/** The key under which FloatingIPs of a namespace are found by their address. */
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
    },
    /** Its labels say which networks the FloatingIP may be of. */
    namespace: { to: 'Namespace', keys: ({ metadata }) => [metadata.namespace ?? ''] },
  },
  facts: ({ metadata: { uid }, status }) => ({ uid, address: status?.address }),
};
