import { addressCount, formatCidr, type Cidr, type VPC } from '../../api/index.ts';
import type { Owner } from '../../ovn/index.ts';
import type { Env, PoolSources } from '../common/env.ts';
import { tenantOf } from '../common/tenant.ts';
import { recountAddresses } from '../externalnetwork/index.ts';
import { adoptExternal, recordedAddress } from '../pools/adopt-external.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { adoptOwnRoutes } from './own-routes.ts';
import { isRecordedAsRouted } from '../rows/external-filter.ts';
import {
  knownCidr,
  recordedCidr,
  recordedGateway,
  recordedKept,
  recordedOrganization,
} from '../rows/recorded.ts';

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
  adoptOwnRoutes(sources, namespace, uid, gateway?.networkUid);
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

/** Restores the range, the external address and the routed range that the rows of a deleted VPC contain. */
export function adoptVpcOrphan(sources: PoolSources, { uid, namespace }: Owner): readonly PoolConflict[] {
  const { stores, pools, writer } = sources;
  const tenant = tenantOf(stores, namespace);
  const record = recordedGateway(writer, uid);
  const range = recordedCidr(writer, uid, 'Logical_Router');
  adoptOwnRoutes(sources, namespace, uid, record?.networkUid);
  adoptRouted(sources, uid, range, record);
  const home = recordedOrganization(writer, uid) ?? tenant.organization;
  if (range !== undefined) pools.vpcBlocks.adopt(home, uid, range);
  const holder = { uid, tenant, isGateway: true };
  if (record !== undefined) pools.external.adopt(record.networkUid, holder, record.address);
  return [];
}

function adoptRange(
  { stores, pools, writer }: PoolSources,
  vpc: VPC,
  cidr: Cidr | undefined,
): readonly PoolConflict[] {
  const { uid, namespace = '' } = vpc.metadata;
  if (cidr === undefined) return [];
  const tenant = tenantOf(stores, namespace);
  const home = recordedOrganization(writer, uid) ?? tenant.organization;
  const { ok } = pools.vpcBlocks.adopt(home, uid, cidr);
  pools.vpcBlocks.place(uid, tenant.organization);
  pools.usage.hold('vpcAddresses', uid, tenant, addressCount(cidr));
  return ok ? [] : [{ kind: 'VPC', uid, value: formatCidr(cidr) }];
}

/** Rows have precedence over the status: an address in OVN must not go to another object. */
function adoptGateway(
  { stores, pools, writer }: PoolSources,
  vpc: VPC,
  inEffect: RecordedGateway,
): readonly PoolConflict[] {
  const { metadata, spec, status } = vpc;
  const record = inEffect ?? recordedKept(writer, metadata.uid);
  const name = spec.externalGateway?.externalNetworkRef.name ?? '';
  const networkUid = record?.networkUid ?? stores.ExternalNetwork.get(name)?.metadata.uid;
  const address = record?.address ?? recordedAddress(status?.gatewayIPs?.[0]);
  const holder = { uid: metadata.uid, tenant: tenantOf(stores, metadata.namespace), isGateway: true };
  return adoptExternal(pools, 'VPC', holder, networkUid, address);
}
