import { refKey } from '../../reconcile/index.ts';
import type { Env } from '../common/env.ts';
import { isCached } from './orphans.ts';

interface DriftOptions {
  readonly repair: (kind: string, key: string) => void;
  readonly sweepSoon: () => void;
}

/**
 * Repairs rows that other programs change, at the time of the change. The owner is reconciled. Rows without an
 * object, which reappear after the restore of an old database, are swept.
 *
 * @returns a function that ends the repair
 */
export function followDrift(env: Env, { repair, sweepSoon }: DriftOptions): () => void {
  return env.writer.onDrift((owner) => {
    if (isCached(env, owner)) repair(owner.kind, refKey(owner));
    else sweepSoon();
  });
}
