import type { Steps } from '../../base/index.ts';
import type { KubeObject } from '../../reconcile/index.ts';
import type { PoolSources } from '../common/env.ts';
import { oldestFirstInSteps } from '../common/oldest.ts';
import { isKind, kindNames, modules } from '../kinds.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { claimNamedInSteps } from './claims.ts';

/**
 * Fills the pools from statuses and, where a status lacks a value, from rows: a crash leaves a value in a row only, and
 * a database restored from a backup has lost values that are in a status only. Must run before the first allocation,
 * with all kinds listed and the replica complete (invariant 8). Older objects come first, so the outcome does not depend
 * on the order of lists. The rows of objects that are gone keep their addresses until a sweep removes them.
 *
 * Objects and rows may change between the steps; only the steps change the pools. An object that appears later has its
 * key in the queue, and an object that disappears is released when its key is reconciled.
 */
export function* rebuildPools(sources: PoolSources): Steps<readonly PoolConflict[]> {
  const conflicts: PoolConflict[] = [];
  const parents: KubeObject[] = [];
  const adopted = new Set<string>();
  for (const kind of kindNames) {
    const { adopt } = modules[kind];
    const objects: Iterable<KubeObject> = sources.stores[kind].values();
    for (const object of yield* oldestFirstInSteps(objects)) {
      adopted.add(object.metadata.uid);
      if (adopt !== undefined) conflicts.push(...adopt(sources, object));
      if (kind === 'ExternalNetwork' || kind === 'Subnet') parents.push(object);
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
