import { parseCidr, type VPC } from '../../api/index.ts';
import type { Env } from '../common/env.ts';
import type { AddressScope } from './allowed.ts';

/**
 * Returns the networks outside a VPC that its router reaches directly: its ExternalNetwork, and the networks of peers.
 * The statuses of the VPC and of its VPCPeerings show them to the tenant.
 */
export function networksAround(
  stores: Pick<Env['stores'], 'ExternalNetwork' | 'VPCPeering'>,
  { metadata: { namespace = '' }, spec, status }: VPC,
): AddressScope['around'] {
  const network =
    status?.gatewayIPs === undefined
      ? undefined
      : stores.ExternalNetwork.get(spec.externalGateway?.externalNetworkRef.name ?? '');
  const external =
    network === undefined ? [] : [[network.spec.cidr, 'the ExternalNetwork of the VPC'] as const];
  const peers = [...stores.VPCPeering.byIndex('namespace', namespace)].flatMap((peering) =>
    (peering.status?.acceptedRoutes ?? []).map(
      (text) => [text, `the peer of the VPCPeering "${peering.metadata.name}"`] as const,
    ),
  );
  return [...external, ...peers].flatMap(([text, name]) => {
    const cidr = parseCidr(text, { family: 4 });
    return cidr.ok ? [{ network: cidr.value, name }] : [];
  });
}
