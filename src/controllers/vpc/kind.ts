import { isTrue, parseCidr, resources, type Cidr, type VPC } from '../../api/index.ts';
import type { RowWriter } from '../../ovn/index.ts';
import type { Kind } from '../../reconcile/index.ts';
import { recordedCidr } from '../rows/recorded.ts';

/** The key that stands for whichever VPC a namespace has: what a Subnet without a `vpcRef` refers to. */
export const anyVpcOf = (namespace = ''): string => `${namespace}/*`;

/** The key that stands for all Subnets of a namespace. */
export const anySubnetOf = (namespace = ''): string => `${namespace}/*`;

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
export function vpcNetwork({ status }: VPC): Cidr | undefined {
  if (status?.routerName === undefined || status.cidr === undefined) return undefined;
  const cidr = parseCidr(status.cidr, { family: 4 });
  return cidr.ok ? cidr.value : undefined;
}

/** The range of a VPC whose router is in OVN, as {@link vpcNetwork}, but also known while its status is lost. */
export function vpcRange(writer: Pick<RowWriter, 'ownedBy'>, vpc: VPC): Cidr | undefined {
  return vpcNetwork(vpc) ?? recordedCidr(writer, vpc.metadata.uid, 'Logical_Router');
}
