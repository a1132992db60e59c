import {
  findCondition,
  parseAddress,
  parseCidr,
  resources,
  type Cidr,
  type Subnet,
  type SubnetDHCP,
  type VPC,
} from '../../api/index.ts';
import type { Kind } from '../../reconcile/index.ts';
import { dhcpProblem } from '../common/spec-checks.ts';
import { effectiveDhcp } from '../rows/dhcp.ts';
import { knownCidr } from '../rows/recorded.ts';
import type { Env, Stores } from '../common/env.ts';
import { grantedSegment } from '../providernetwork/index.ts';
import { anySubnetOf, sizedSubnetsOf, vpcKeys, vpcOf } from '../vpc/index.ts';

/** The index key of the Subnets that name a segment of a ProviderNetwork. */
export const segmentIndexKey = (network: string, vlanID: number | undefined): string =>
  `${network}/${vlanID ?? 'untagged'}`;

export const subnetKind: Kind<Subnet> = {
  type: resources.Subnet,
  indexes: {
    mtu: ({ metadata: { namespace = '' }, spec: { mtu } }) => (mtu === undefined ? [] : [namespace]),
    segment: ({ spec: { provider } }) =>
      provider?.networkRef === undefined ? [] : [segmentIndexKey(provider.networkRef.name, provider.vlanID)],
  },
  aliases: ({ metadata: { namespace }, spec: { mtu } }) => [
    anySubnetOf(namespace),
    ...(mtu === undefined ? [] : [sizedSubnetsOf(namespace)]),
  ],
  references: {
    vpc: {
      to: 'VPC',
      keys: vpcKeys,
      wakesTarget: { afterMs: 500 },
    },
    /** The VPC counts the Subnets that OVN contains. Its alias is its UID. */
    switchIn: {
      to: 'VPC',
      keys: ({ status }) =>
        status?.switchName === undefined || status.vpc === undefined ? [] : [status.vpc.uid],
      wakesTarget: { afterMs: 500 },
    },
    /** The ProviderNetwork counts the Subnets that it connects. */
    connectedTo: {
      to: 'ProviderNetwork',
      keys: ({ status }) => (status?.segment === undefined ? [] : [status.segment.name]),
      wakesTarget: { afterMs: 500 },
    },
    provider: {
      to: 'ProviderNetwork',
      keys: ({ spec: { provider } }) =>
        provider?.networkRef === undefined ? [] : [provider.networkRef.name],
      wakesTarget: { afterMs: 500 },
    },
    /** The labels of the namespace decide which ProviderNetworks the Subnet may use. */
    namespace: {
      to: 'Namespace',
      keys: ({ metadata, spec }) => (spec.provider === undefined ? [] : [metadata.namespace ?? '']),
    },
  },
  facts: (subnet) => ({
    uid: subnet.metadata.uid,
    status: subnet.status?.switchName === undefined ? undefined : networkFields(subnet),
    dhcp: subnet.spec.dhcp,
    metadata: subnet.spec.metadata,
    provider: subnet.spec.provider !== undefined,
    // The Ports report that they have no VPC.
    vpcNotFound: findCondition(subnet.status?.conditions, 'ResolvedRefs')?.reason === 'VPCNotFound',
    segment: subnet.status?.segment,
  }),
};

const networkFields = ({ status }: Subnet) => ({
  cidr: status?.cidr,
  gatewayIP: status?.gatewayIP,
  mtu: status?.mtu,
  // The Ports are in groups of the VPC.
  vpc: status?.vpc?.uid,
});

/** Returns the VPC of a Subnet; undefined if it does not exist. */
export const vpcOfSubnet = (stores: Pick<Stores, 'VPC'>, subnet: Subnet): VPC | undefined =>
  vpcOf(stores, subnet);

/** The facts of a Subnet that its Ports need. */
export interface SubnetNetwork {
  readonly subnet: Subnet;
  readonly vpc: VPC;
  /** The range of the VPC. */
  readonly vpcRange: Cidr;
  readonly cidr: Cidr;
  readonly gatewayIP: string | undefined;
  readonly mtu: number;
  readonly dhcp: SubnetDHCP;
  /** Whether Subnets of other tenants may be on the same link. Ports then need full protection against spoofing. */
  readonly isShared: boolean;
}

/**
 * Returns the network of a Subnet from its status; undefined until OVN contains its switch. The network does not
 * change while OVN is not reachable or the spec is invalid, so the Ports keep their rows.
 */
export function subnetNetwork(
  { stores, settings, writer }: Pick<Env, 'stores' | 'settings' | 'writer'>,
  subnet: Subnet,
): SubnetNetwork | undefined {
  const vpc = vpcOf(stores, subnet);
  const { switchName, cidr: text, gatewayIP, mtu, vpc: home } = subnet.status ?? {};
  const vpcRange = vpc && knownCidr(writer, vpc, 'Logical_Router');
  // After the end of its VPC, a Subnet waits until OVN contains it in the next VPC of the namespace.
  const isAtHome = home === undefined || home.uid === vpc?.metadata.uid;
  if (
    vpc === undefined ||
    vpcRange === undefined ||
    !isAtHome ||
    switchName === undefined ||
    text === undefined ||
    mtu === undefined
  )
    return undefined;
  const cidr = parseCidr(text, { family: 4 });
  const gateway = gatewayIP === undefined || parseAddress(gatewayIP).ok;
  return cidr.ok && gateway && dhcpProblem(subnet.spec.dhcp) === undefined
    ? {
        subnet,
        vpc,
        vpcRange,
        cidr: cidr.value,
        gatewayIP,
        mtu,
        dhcp: effectiveDhcp(subnet.spec.dhcp, settings),
        isShared: isShared(stores, subnet),
      }
    : undefined;
}

/**
 * Whether a Subnet may share its segment with other Subnets, now or as soon as it gets the permission. The result is
 * false only if the Subnet is alone for certain.
 */
export function isShared(
  stores: Pick<Stores, 'ProviderNetwork' | 'Namespace'>,
  { metadata: { namespace = '' }, spec: { provider } }: Subnet,
): boolean {
  if (provider === undefined) return false;
  const granted = grantedSegment(stores, namespace, provider);
  return !granted.ok || granted.value.network.spec.subnetsPerSegment !== 'One';
}
