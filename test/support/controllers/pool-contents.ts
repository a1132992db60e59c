import { formatAddress, formatCidr, parseCidr } from '../../../src/api/index.ts';
import { tenantOf } from '../../../src/controllers/common/tenant.ts';
import type { Pools } from '../../../src/controllers/pools/pools.ts';
import type { AddressPool } from '../../../src/ipam/index.ts';
import { keyOf } from '../../../src/reconcile/index.ts';
import type { OfflineCluster } from './offline-cluster.ts';

/**
 * Returns everything that objects hold in the pools, and the settings of the pools, as lines of text. A Subnet without
 * rows may hold a segment or not, because nothing is in effect.
 */
export function poolContents({ stores, writer }: OfflineCluster, pools: Pools): readonly string[] {
  const all = Object.values(stores).flatMap((store) => [...store.values()]);
  const names = new Map(all.map((object) => [object.metadata.uid, `${object.kind} ${keyOf(object)}`]));
  const nameOf = (uid: string | undefined): string => names.get(uid ?? '') ?? uid ?? 'nobody';
  const networks = [...stores.Subnet.values(), ...stores.ExternalNetwork.values()];
  const lines = networks.flatMap(({ metadata: { uid } }) => {
    const pool = pools.subnet(uid)?.addresses ?? (pools.external.network(uid) as AddressPool | undefined);
    const isConnected = writer.ownedBy(uid).length > 0 && pools.segments.isHolder(uid);
    const contents = pool === undefined ? ['no pool'] : addressesOf(pool, nameOf);
    return [...contents, `holds a segment: ${isConnected}`].map((line) => `${nameOf(uid)}: ${line}`);
  });
  for (const { metadata, status } of stores.VPC.values()) {
    const { uid } = metadata;
    const held = pools.vpcBlocks.heldBy(uid);
    const home = pools.vpcBlocks.homeOf(uid) ?? 'no organization';
    lines.push(`${nameOf(uid)} has ${held === undefined ? 'no range' : formatCidr(held)} of ${home}`);
    const range = parseCidr(status?.cidr ?? '', { family: 4 });
    for (const { owner, cidr } of range.ok ? pools.subnetBlocks(uid, range.value).blocks() : [])
      lines.push(`${nameOf(uid)}: ${nameOf(owner)} has ${formatCidr(cidr)}`);
  }
  for (const { metadata } of [...stores.VPC.values(), ...stores.VPCPeering.values()])
    for (const { network, exact = false } of pools.routes.heldBy(metadata.uid))
      lines.push(`${nameOf(metadata.uid)} routes to ${formatCidr(network)}, exactly: ${exact}`);
  for (const { metadata } of stores.Namespace.values()) {
    const tenant = tenantOf(stores, metadata.name);
    for (const resource of ['vpcAddresses', 'externalAddresses', 'natRules', 'securityRules'] as const)
      for (const scope of ['namespace', 'organization'] as const)
        lines.push(`${metadata.name}: ${resource} of ${scope}: ${pools.usage.used(resource, tenant, scope)}`);
  }
  return lines;
}

function addressesOf(pool: AddressPool, nameOf: (uid: string | undefined) => string): readonly string[] {
  const { cidr, gateway, allocatable } = pool;
  const settings = {
    cidr: formatCidr(cidr),
    gateway,
    allocatable,
    blocked: pool.blocked(),
    counts: pool.counts(),
  };
  const text = JSON.stringify(settings, (_key, each: unknown) =>
    typeof each === 'bigint' ? String(each) : each,
  );
  const held = [...pool.held()].map((value) => {
    const address = { family: cidr.family, value };
    return `${nameOf(pool.holder(address))} has ${formatAddress(address)}`;
  });
  return [text, ...held];
}
