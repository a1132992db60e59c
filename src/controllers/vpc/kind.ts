import { isTrue, resources, type VPC } from '../../api/index.ts';
import { parseCidr } from '../../api/index.ts';
import type { Kind, KubeObject } from '../../reconcile/index.ts';

/** The key that stands for whichever VPC a namespace has: what a Subnet without a `vpcRef` refers to. */
export const anyVpcOf = (namespace = ''): string => `${namespace}/*`;

/** The key that stands for all Subnets of a namespace. */
export const anySubnetOf = (namespace = ''): string => `${namespace}/*`;

/** Namespaces are only watched: their labels say whose the objects in them are, and which networks they may use. */
export const namespaceKind: Kind<KubeObject> = {
  type: { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
  facts: ({ metadata }) => metadata.labels ?? {},
};

export const vpcKind: Kind<VPC> = {
  type: resources.VPC,
  aliases: ({ metadata }) => [anyVpcOf(metadata.namespace)],
  references: {
    namespace: { to: 'Namespace', keys: ({ metadata }) => [metadata.namespace ?? ''] },
    /** One of several waits for the oldest to go. */
    siblings: { to: 'VPC', keys: ({ metadata }) => [anyVpcOf(metadata.namespace)] },
    externalNetwork: {
      to: 'ExternalNetwork',
      keys: ({ spec: { externalGateway } }) =>
        externalGateway === undefined ? [] : [externalGateway.externalNetworkRef.name],
      wakesTarget: { afterMs: 500 },
    },
    /** Next hops of static routes are in them. */
    routeSubnets: {
      to: 'Subnet',
      keys: ({ metadata, spec }) =>
        (spec.staticRoutes ?? []).length === 0 ? [] : [anySubnetOf(metadata.namespace)],
    },
  },
  facts: (vpc) => ({
    uid: vpc.metadata.uid,
    cidr: vpc.status?.cidr,
    network: vpcNetwork(vpc) !== undefined,
    accepted: isTrue(vpc.status?.conditions, 'Accepted'),
    gateway: vpc.spec.externalGateway,
    gatewayIPs: vpc.status?.gatewayIPs,
    staticRoutes: vpc.spec.staticRoutes,
  }),
};

/**
 * The range of a VPC whose router is in OVN, as the VPC's status says; undefined before. It stays what it was when
 * OVN cannot be reached: what depends on the VPC need not be told.
 */
export function vpcNetwork({ status }: VPC) {
  if (status?.routerName === undefined || status.cidr === undefined) return undefined;
  const cidr = parseCidr(status.cidr, { family: 4 });
  return cidr.ok ? cidr.value : undefined;
}
