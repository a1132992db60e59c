import { networkOf, type VPCPeering } from '../../api/index.ts';
import type { Owner } from '../../ovn/index.ts';
import type { PoolSources } from '../common/env.ts';
import { recordedAddress } from '../pools/adopt-external.ts';
import { LINK_PREFIX } from '../pools/links.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { recordedLink } from '../rows/recorded.ts';
import { connectionOf } from './match.ts';

/** Restores the link of a peering, from its row, or from its status if the row is lost. */
export function adoptPeering(sources: PoolSources, peering: VPCPeering): readonly PoolConflict[] {
  const { uid } = peering.metadata;
  const record = recordedLink(sources.writer, uid);
  if (record !== undefined) return adoptLink(sources, uid, record);
  const connection = connectionOf(sources, peering);
  const network = peering.status?.linkCIDR;
  if (!connection.ok || network === undefined) return [];
  return adoptLink(sources, uid, { peerUid: connection.value.other.peering.metadata.uid, network });
}

/** Restores the link in the row of a deleted peering. */
export function adoptPeeringOrphan(sources: PoolSources, { uid }: Owner): readonly PoolConflict[] {
  const record = recordedLink(sources.writer, uid);
  return record === undefined ? [] : adoptLink(sources, uid, record);
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
