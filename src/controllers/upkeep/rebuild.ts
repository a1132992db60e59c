import type { Steps } from '../../base/index.ts';
import type { KubeObject } from '../../reconcile/index.ts';
import type { PoolSources } from '../common/env.ts';
import { oldestFirstInSteps } from '../common/oldest.ts';
import { isKind, kindNames, modules } from '../kinds.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { claimNamedInSteps } from './claims.ts';

/**
 * Fills the pools from statuses, and from rows where a status lacks a value. A crash can leave a value only in a row;
 * a restored database can leave a value only in a status. The rebuild must run before the first allocation, when all
 * kinds are listed and the replica is complete (invariant 8). Older objects come first, so the result does not depend
 * on the order of lists. Deleted objects keep the addresses in their rows until a sweep removes the rows.
 *
 * Objects and rows may change between the steps; only the steps change the pools. The queue contains the key of an
 * object that appears during the rebuild. An object that disappears is released when its key is reconciled.
 */
export function* rebuildPools(sources: PoolSources): Steps<readonly PoolConflict[]> {
  const conflicts: PoolConflict[] = [];
  const parents: KubeObject[] = [];
  const adopted = new Set<string>();
  for (const kind of kindNames) {
    const { adopt, hasPool = false } = modules[kind];
    if (adopt === undefined && !hasPool) continue;
    const objects: Iterable<KubeObject> = sources.stores[kind].values();
    for (const object of yield* oldestFirstInSteps(objects)) {
      adopted.add(object.metadata.uid);
      conflicts.push(...(adopt?.(sources, object) ?? []));
      if (hasPool) parents.push(object);
      yield;
    }
  }
  for (const owner of [...sources.writer.owners()]) {
    if (!adopted.has(owner.uid) && isKind(owner.kind))
      conflicts.push(...(modules[owner.kind].adoptOrphan?.(sources, owner) ?? []));
    yield;
  }
  for (const parent of parents) yield* claimNamedInSteps(sources, parent);
  return conflicts;
}
