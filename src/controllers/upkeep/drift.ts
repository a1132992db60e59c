import { type Clock, type Logger, type Timer, errorFields, realClock } from '../../base/index.ts';
import { refKey } from '../../reconcile/index.ts';
import type { Env } from '../common/env.ts';
import { isCached } from './orphans.ts';

/**
 * The delay before a sweep of rows without an object. It collects the many rows of a restored database into one
 * sweep.
 */
const SWEEP_DELAY_MS = 1000;

interface DriftOptions {
  readonly repair: (kind: string, key: string) => void;
  readonly sweep: () => Promise<unknown>;
  readonly log: Logger;
  readonly clock?: Clock;
}

/**
 * Repairs rows that other programs change, at the time of the change. The owner is reconciled. Rows without an
 * object, which reappear after the restore of an old database, are swept.
 *
 * @returns a function that ends the repair
 */
export function followDrift(env: Env, { repair, sweep, log, clock = realClock }: DriftOptions): () => void {
  let pending: Timer | undefined;
  const sweepSoon = (): void => {
    pending ??= clock.setTimer(SWEEP_DELAY_MS, () => {
      pending = undefined;
      sweep().catch((error: unknown) => log.error('the sweep of orphaned rows failed', errorFields(error)));
    });
  };
  const unsubscribe = env.writer.onDrift((owner) => {
    if (isCached(env, owner)) repair(owner.kind, refKey(owner));
    else sweepSoon();
  });
  return () => {
    unsubscribe();
    pending?.cancel();
  };
}
