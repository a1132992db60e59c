import { findCondition, isTrue, parseCidr, resources, type Cidr, type VPC } from '../../api/index.ts';
import type { RowWriter } from '../../ovn/index.ts';
import type { Kind } from '../../reconcile/index.ts';
import type { Stores } from '../common/env.ts';
import { MAX_NAMED } from '../pools/contenders.ts';
import { anyPolicy } from '../common/policies.ts';
import { recordedCidr } from '../rows/recorded.ts';

/** The alias of the VPC in effect of a namespace. A Subnet without `vpcRef` refers to this key. */
export const anyVpcOf = (namespace = ''): string => `${namespace}/*`;

/** The alias of all VPCs of a namespace, of which only the oldest one is in effect. */
const allVpcsOf = (namespace = ''): string => `${namespace}/*all`;

/** The alias of all Subnets of a namespace. */
export const anySubnetOf = (namespace = ''): string => `${namespace}/*`;

/** The alias of the Subnets of a namespace that have an MTU of their own. */
export const sizedSubnetsOf = (namespace = ''): string => `${namespace}/*mtu`;

export const vpcKind: Kind<VPC> = {
  type: resources.VPC,
  aliases: ({ metadata }) => [allVpcsOf(metadata.namespace), metadata.uid],
  aliasesOfOldest: ({ metadata }) => [anyVpcOf(metadata.namespace)],
  references: {
    namespace: { to: 'Namespace', keys: ({ metadata }) => [metadata.namespace ?? ''] },
    /** Administrators decide which ranges a VPC may have. */
    projectPolicies: { to: 'ProjectPolicy', keys: () => [anyPolicy] },
    /** A younger VPC waits for the deletion of the oldest one. The messages of the next ones name the oldest one. */
    siblings: {
      to: 'VPC',
      keys: ({ metadata }) => [allVpcsOf(metadata.namespace)],
      wakesOldest: MAX_NAMED + 2,
    },
    externalNetwork: {
      to: 'ExternalNetwork',
      keys: ({ spec: { externalGateway } }) =>
        externalGateway === undefined ? [] : [externalGateway.externalNetworkRef.name],
      wakesTarget: { afterMs: 500 },
    },
    /** The next hops of static routes are in Subnets. */
    routeSubnets: {
      to: 'Subnet',
      keys: ({ metadata, spec }) =>
        (spec.staticRoutes ?? []).length === 0 ? [] : [anySubnetOf(metadata.namespace)],
      // Only the oldest VPC of a namespace has Subnets.
      wakesOldest: 1,
    },
    /** The gateway tells senders outside the smallest MTU of the Subnets. */
    sizedSubnets: {
      to: 'Subnet',
      keys: ({ metadata, spec }) =>
        spec.externalGateway === undefined ? [] : [sizedSubnetsOf(metadata.namespace)],
      wakesOldest: 1,
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
    // VPCPeerings give way to the static routes that are in effect.
    routes: findCondition(vpc.status?.conditions, 'RoutesResolved')?.message,
  }),
};

/** Yields the VPCs of a namespace, the oldest one, which is in effect, first. */
export function vpcsOf(stores: Pick<Stores, 'VPC'>, namespace: string | undefined): Iterable<VPC> {
  return stores.VPC.oldestFirst('siblings', allVpcsOf(namespace));
}

/**
 * Returns the range of a VPC from its status; undefined until OVN contains its router. The range does not change
 * while OVN is not reachable, so dependent objects keep their rows.
 */
export function vpcNetwork({ status }: VPC): Cidr | undefined {
  if (status?.routerName === undefined || status.cidr === undefined) return undefined;
  const cidr = parseCidr(status.cidr, { family: 4 });
  return cidr.ok ? cidr.value : undefined;
}

/** Returns the range of a VPC like {@link vpcNetwork}, or the range in the mark of its router if the status is lost. */
export function vpcRange(writer: Pick<RowWriter, 'ownedBy'>, vpc: VPC): Cidr | undefined {
  return vpcNetwork(vpc) ?? recordedCidr(writer, vpc.metadata.uid, 'Logical_Router');
}
