import { segmentKey, type Subnet } from '../../api/index.ts';
import type { RowWriter } from '../../ovn/index.ts';
import type { Fallback } from '../common/converge.ts';
import type { Env } from '../common/env.ts';
import type { Problem } from '../common/problem.ts';
import type { SubnetPool } from '../pools/pools.ts';
import type { Grant } from '../providernetwork/index.ts';
import { recordedSegment, withoutLocalnet } from '../rows/segment.ts';
import { claimSegment, joinSegment } from './segment.ts';

/** The connection of a Subnet to a physical network. An overlay Subnet has none. */
export interface Connection {
  /** The segment that the Subnet holds. */
  readonly grant?: Grant;
  /** The segment to which the Subnet's switch is connected. */
  readonly wire?: Grant;
  /** Why the switch is not connected. */
  readonly problem?: Problem;
}

/** Returns the connection of a Subnet, and holds its segment. Without a pool, the Subnet joins no segment. */
export function connect(env: Env, subnet: Subnet, pool: SubnetPool | undefined): Connection {
  const claimed = claimSegment(env, subnet);
  if (!claimed.ok) return { problem: claimed.problem };
  const grant = claimed.value;
  if (grant === undefined) return {};
  if (pool === undefined) return { grant };
  const problem = joinSegment(env, subnet, pool, grant);
  return problem === undefined ? { grant, wire: grant } : { grant, problem };
}

/**
 * Returns the rows of a Subnet while its other rows cannot be determined, or OVN does not accept them: `kept`, without
 * a connection that the Subnet may not have. Undefined: OVN keeps the present rows.
 */
export function fallbackOf(
  writer: Pick<RowWriter, 'ownedBy' | 'present'>,
  uid: string,
  { grant }: Connection,
  kept: Fallback | undefined,
): Fallback | undefined {
  const recorded = recordedSegment(writer, uid);
  if (recorded === undefined) return kept;
  if (grant !== undefined && segmentKey(grant.segment) === segmentKey(recorded)) return kept;
  return { desired: withoutLocalnet(uid, kept?.desired ?? writer.present(uid)) };
}

/** Releases the segments to which the rows of the Subnet no longer connect. */
export function leaveOthers({ pools, wakeSoon }: Env, subnet: Subnet, { grant, wire }: Connection): void {
  const { uid } = subnet.metadata;
  const keep = grant && segmentKey(grant.segment);
  const before = pools.segments.isHolder(uid);
  if (wire === undefined) pools.leaveSegment(uid, keep);
  else pools.segments.release(uid, keep);
  const network = subnet.spec.provider?.networkRef?.name;
  if (network !== undefined && before !== pools.segments.isHolder(uid)) wakeSoon('ProviderNetwork', network);
}

/** Releases the segments of a Subnet without permission whose rows do not connect it. */
export function leaveUnused(env: Env, subnet: Subnet, connection: Connection): void {
  const isConnected = recordedSegment(env.writer, subnet.metadata.uid) !== undefined;
  if (connection.grant === undefined && !isConnected) leaveOthers(env, subnet, connection);
}

/**
 * Returns the segment for the status of a Subnet. If the desired rows could not be written, the status keeps the
 * segment until no row connects the Subnet.
 */
export function segmentStatus(
  writer: Pick<RowWriter, 'ownedBy'>,
  { metadata, status }: Subnet,
  { wire }: Connection,
  isWritten: boolean,
): NonNullable<Subnet['status']>['segment'] {
  if (!isWritten && wire === undefined && recordedSegment(writer, metadata.uid) === undefined)
    return undefined;
  if (!isWritten) return status?.segment;
  return wire && segmentOf(wire);
}

function segmentOf(wire: Grant): NonNullable<Subnet['status']>['segment'] {
  const { metadata, spec } = wire.network;
  const { vlanID } = wire.segment;
  return {
    name: metadata.name,
    ...(vlanID === undefined ? {} : { vlanID }),
    subnetsPerSegment: spec.subnetsPerSegment,
  };
}
