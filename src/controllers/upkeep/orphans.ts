import { resources } from '../../api/index.ts';
import { describeOwner, sweep, type Owner, type RowClaims, type SweepReport } from '../../ovn/index.ts';
import type { Logger } from '../../base/index.ts';
import { isNotFound, refKey, type KubeObject, type ReadStore } from '../../reconcile/index.ts';
import type { Env, KindName } from '../common/env.ts';
import { isKind, modules } from '../kinds.ts';

/** A sweep may always remove this number of rows: in a small installation, every deletion is a large share. */
const FLOOR_ROWS = 50;

/**
 * Removes the rows whose object does not exist (invariant 7): a user deleted it while the operator was not running,
 * or a restored database contains old rows. The sweep does not touch rows of unknown kinds, which a newer operator
 * may have created.
 */
export async function sweepOrphans(env: Env, maxShare: number, log: Logger): Promise<SweepReport> {
  const report = await sweep(env.writer, {
    maxShare,
    floorRows: FLOOR_ROWS,
    isCached: (owner) => !isKnownKind(owner.kind) || isCached(env, owner),
    isAlive: (owner) => isAlive(env, owner),
    retentionOf: ({ kind }) => (isKind(kind) ? modules[kind].retention : undefined),
  });
  // The rows of these objects need rows of an object that does not exist. The objects check them, and report that.
  for (const holder of report.holders) env.wake(holder.kind, refKey(holder));
  for (const owner of report.removed) release(env, owner);
  if (report.refused !== undefined)
    log.error('the sweep did not remove the orphaned rows', { reason: report.refused.reason });
  else if (report.removed.length > 0)
    log.info('removed the rows of deleted objects', { owners: report.removed.length });
  for (const { owner, error } of report.failed) {
    log.warn('the sweep failed to remove orphaned rows', {
      owner: describeOwner(owner),
      error: String(error),
    });
  }
  return report;
}

/**
 * Counts the present rows, and those whose object is in the cache. Ignores rows of unknown kinds, which a newer
 * operator may have created. Costs O(rows).
 */
export function rowClaims(env: Pick<Env, 'stores' | 'writer'>): RowClaims {
  let rows = 0;
  let withObject = 0;
  for (const owner of env.writer.owners()) {
    if (!isKnownKind(owner.kind)) continue;
    const owned = env.writer.ownedBy(owner.uid).length;
    rows += owned;
    if (isCached(env, owner)) withObject += owned;
  }
  return { rows, withObject };
}

/** Returns the present number of rows whose object is not in the cache. Costs O(rows). */
export function orphanedRows(env: Env): number {
  const { rows, withObject } = rowClaims(env);
  return rows - withObject;
}

/** Whether the object is in the cache. */
export function isCached({ stores }: Pick<Env, 'stores'>, { kind, uid }: Owner): boolean {
  if (!isKnownKind(kind)) return false;
  const store: ReadStore<KubeObject> = stores[kind];
  return store.byUid(uid) !== undefined;
}

function isKnownKind(kind: string): kind is KindName {
  return isKind(kind) && modules[kind].hasRows;
}

/** Whether the API server has the object. The cache may have missed its creation. */
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

function release(env: Env, { kind, uid }: Owner): void {
  if (isKind(kind)) modules[kind].release?.(env, uid);
}
