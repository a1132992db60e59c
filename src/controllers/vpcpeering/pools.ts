import { networkOf, type VPCPeering } from '../../api/index.ts';
import type { Owner } from '../../ovn/index.ts';
import type { PoolSources } from '../common/env.ts';
import { recordedAddress } from '../pools/adopt-external.ts';
import { LINK_PREFIX } from '../pools/links.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { recordedLink, recordedRoutes } from '../rows/recorded.ts';
import { pairOf } from './match.ts';

/** Restores the routes of a peering from its rows, and its link from its row, or from its status if the row is lost. */
export function adoptPeering(sources: PoolSources, peering: VPCPeering): readonly PoolConflict[] {
  const { uid, namespace = '' } = peering.metadata;
  adoptRoutes(sources, uid, namespace);
  const record = recordedLink(sources.writer, uid);
  if (record !== undefined) return adoptLink(sources, uid, record);
  const pair = pairOf(sources, peering);
  const network = peering.status?.linkCIDR;
  if (!pair.ok || network === undefined) return [];
  return adoptLink(sources, uid, { peerUid: pair.value.other.peering.metadata.uid, network });
}

/** Restores the routes and the link in the rows of a deleted peering. */
export function adoptPeeringOrphan(sources: PoolSources, { uid, namespace }: Owner): readonly PoolConflict[] {
  adoptRoutes(sources, uid, namespace);
  const record = recordedLink(sources.writer, uid);
  return record === undefined ? [] : adoptLink(sources, uid, record);
}

function adoptRoutes({ pools, writer }: PoolSources, uid: string, namespace: string): void {
  const networks = recordedRoutes(writer, uid).map((network) => ({ network }));
  pools.routes.add(namespace, uid, networks);
}

function adoptLink(
  { pools }: PoolSources,
  uid: string,
  { peerUid, network }: { readonly peerUid: string; readonly network: string },
): readonly PoolConflict[] {
  const address = recordedAddress(network.split('/')[0]);
  if (address === undefined) return [];
  const ok = pools.links.adopt(uid, peerUid, networkOf(address, LINK_PREFIX));
  return ok ? [] : [{ kind: 'VPCPeering', uid, value: network }];
}
