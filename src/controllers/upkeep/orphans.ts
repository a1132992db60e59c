import { resources } from '../../api/index.ts';
import { describeOwner, sweep, type Owner, type SweepReport } from '../../ovn/index.ts';
import type { Logger } from '../../base/index.ts';
import { isNotFound, type KubeObject, type ReadStore } from '../../reconcile/index.ts';
import type { Env, Stores } from '../common/env.ts';

/** As many rows may always be swept: in a small installation every deletion is a large share. */
const FLOOR_ROWS = 50;

/**
 * Removes the rows whose object is gone (invariant 7): deleted while the operator was not running, or come back with
 * a database restored from a backup. An owner of a kind that this operator does not know is left alone: a newer
 * operator may have made it.
 */
export async function sweepOrphans(env: Env, maxShare: number, log: Logger): Promise<SweepReport> {
  const report = await sweep(env.writer, {
    maxShare,
    floorRows: FLOOR_ROWS,
    isCached: (owner) => !isKnownKind(owner.kind) || isCached(env, owner),
    isAlive: (owner) => isAlive(env, owner),
  });
  for (const owner of report.removed) release(env, owner);
  if (report.refused !== undefined)
    log.error('orphaned rows were left alone', { reason: report.refused.reason });
  else if (report.removed.length > 0)
    log.info('removed rows of objects that are gone', { owners: report.removed.length });
  for (const { owner, error } of report.failed) {
    log.warn('orphaned rows could not be removed', { owner: describeOwner(owner), error: String(error) });
  }
  return report;
}

/** How many rows there are now whose object is not known. Costs O(rows). */
export function orphanedRows(env: Env): number {
  let rows = 0;
  for (const owner of env.writer.owners()) {
    if (isKnownKind(owner.kind) && !isCached(env, owner)) rows += env.writer.ownedBy(owner.uid).length;
  }
  return rows;
}

/** Kinds with rows in OVN. */
export const programmedKinds = [
  'VPC',
  'Subnet',
  'Port',
  'SecurityGroup',
  'TrafficPolicy',
  'ExternalNetwork',
  'NatRule',
  'VPCPeering',
] as const;
type Managed = (typeof programmedKinds)[number];

/** Whether the object is among those last heard of. */
export function isCached(env: Env, { kind, uid }: Owner): boolean {
  return isKnownKind(kind) && storeOf(env, kind).byUid(uid) !== undefined;
}

function isKnownKind(kind: string): kind is Managed {
  return (programmedKinds as readonly string[]).includes(kind);
}

const storeNames = {
  VPC: 'vpcs',
  Subnet: 'subnets',
  Port: 'ports',
  SecurityGroup: 'securityGroups',
  TrafficPolicy: 'trafficPolicies',
  ExternalNetwork: 'externalNetworks',
  NatRule: 'natRules',
  VPCPeering: 'vpcPeerings',
} as const satisfies Record<Managed, keyof Stores>;

function storeOf({ stores }: Env, kind: Managed): ReadStore<KubeObject> {
  return stores[storeNames[kind]];
}

/** Whether the API server itself has the object: the cache may have missed its creation. */
async function isAlive(env: Env, { kind, namespace, name, uid }: Owner): Promise<boolean> {
  if (!isKnownKind(kind)) return true;
  try {
    const ref = namespace === '' ? { name } : { namespace, name };
    const { metadata } = await env.client.get(resources[kind], ref);
    return metadata.uid === uid;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function release({ pools }: Env, { kind, uid }: Owner): void {
  pools.external.release(uid);
  if (kind === 'VPC') pools.releaseVpc(uid);
  else if (kind === 'NatRule') pools.external.keepShares(uid);
  else if (kind === 'VPCPeering') pools.links.release(uid);
  else if (kind === 'Subnet') pools.releaseSubnet(uid);
  else if (kind === 'Port') pools.releasePort(uid);
}
