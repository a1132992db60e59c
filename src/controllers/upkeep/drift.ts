import { type Clock, type Logger, type Timer, errorFields, realClock } from '../../base/index.ts';
import { refKey } from '../../reconcile/index.ts';
import type { Env } from '../common/env.ts';
import { isCached } from './orphans.ts';

/** How long rows without an object may stand before they are looked into: a restored database is then one sweep. */
const SWEEP_DELAY_MS = 1000;

export interface DriftOptions {
  readonly repair: (kind: string, key: string) => void;
  readonly sweep: () => Promise<unknown>;
  readonly log: Logger;
  readonly clock?: Clock;
}

/**
 * Repairs what others change in our rows, when they change it: the owner is reconciled; rows whose object is gone
 * (they come back when an old database is restored) are swept. Returns what ends it.
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
