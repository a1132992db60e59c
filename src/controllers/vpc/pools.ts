import { addressCount, formatCidr, type Cidr, type VPC } from '../../api/index.ts';
import type { Owner } from '../../ovn/index.ts';
import type { Env, PoolSources } from '../common/env.ts';
import { tenantOf } from '../common/tenant.ts';
import { recountAddresses } from '../externalnetwork/index.ts';
import { adoptExternal, recordedAddress } from '../pools/adopt-external.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { adoptOwnRoutes, externalRange } from './own-routes.ts';
import { isRecordedAsRouted } from '../rows/external-filter.ts';
import { knownCidr, recordedCidr, recordedGateway } from '../rows/recorded.ts';

/** The gateway in the rows of a VPC. */
type RecordedGateway = ReturnType<typeof recordedGateway>;

/** Releases a VPC's range and the external address of its gateway. */
export function releaseVpc(env: Env, uid: string): void {
  const { pools } = env;
  const networks = pools.external.networksOf(uid);
  pools.releaseVpc(uid);
  pools.external.release(uid);
  pools.routes.release(uid);
  pools.routed.release(uid);
  recountAddresses(env, networks);
}

/**
 * Restores a VPC's range, the networks that its routes lead to, the external address of its gateway, and the range
 * that its network routes.
 */
export function adoptVpc(sources: PoolSources, vpc: VPC): readonly PoolConflict[] {
  const { uid, namespace = '' } = vpc.metadata;
  const gateway = recordedGateway(sources.writer, uid);
  const range = knownCidr(sources.writer, vpc, 'Logical_Router');
  adoptOwnRoutes(sources, namespace, uid, gateway && externalRange(sources.stores, vpc));
  adoptRouted(sources, uid, range, gateway);
  return [...adoptRange(sources, vpc, range), ...adoptGateway(sources, vpc, gateway)];
}

/** Restores the range that the rows let pass on the ExternalNetwork. */
function adoptRouted(
  { pools, writer }: PoolSources,
  uid: string,
  range: Cidr | undefined,
  gateway: RecordedGateway,
): void {
  if (range === undefined || gateway === undefined) return;
  if (isRecordedAsRouted(writer, uid)) pools.routed.claim(gateway.networkUid, uid, range);
}

/** Restores the external address and the routed range that the rows of a deleted VPC contain. */
export function adoptVpcOrphan(sources: PoolSources, { uid, namespace }: Owner): readonly PoolConflict[] {
  const { stores, pools, writer } = sources;
  adoptOwnRoutes(sources, namespace, uid);
  const record = recordedGateway(writer, uid);
  adoptRouted(sources, uid, recordedCidr(writer, uid, 'Logical_Router'), record);
  const holder = { uid, tenant: tenantOf(stores, namespace), isGateway: true };
  if (record !== undefined) pools.external.adopt(record.networkUid, holder, record.address);
  return [];
}

function adoptRange(
  { stores, pools }: PoolSources,
  vpc: VPC,
  cidr: Cidr | undefined,
): readonly PoolConflict[] {
  const { uid, namespace = '' } = vpc.metadata;
  if (cidr === undefined) return [];
  const tenant = tenantOf(stores, namespace);
  const { ok } = pools.vpcBlocks.adopt(tenant.organization, uid, cidr);
  pools.usage.hold('vpcAddresses', uid, tenant, addressCount(cidr));
  return ok ? [] : [{ kind: 'VPC', uid, value: formatCidr(cidr) }];
}

/** Rows have precedence over the status: an address in OVN must not go to another object. */
function adoptGateway(
  { stores, pools }: PoolSources,
  vpc: VPC,
  record: RecordedGateway,
): readonly PoolConflict[] {
  const { metadata, spec, status } = vpc;
  const name = spec.externalGateway?.externalNetworkRef.name ?? '';
  const networkUid = record?.networkUid ?? stores.ExternalNetwork.get(name)?.metadata.uid;
  const address = record?.address ?? recordedAddress(status?.gatewayIPs?.[0]);
  const holder = { uid: metadata.uid, tenant: tenantOf(stores, metadata.namespace), isGateway: true };
  return adoptExternal(pools, 'VPC', holder, networkUid, address);
}
