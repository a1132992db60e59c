import { type Clock, realClock } from '../base/index.ts';
import type { HealthRegistry } from '../reconcile/index.ts';

/** The time between two beats, in ms. */
const INTERVAL_MS = 1_000;
/** The event loop counts as blocked when a beat is late by this time, in ms. Renewals of the Lease need less. */
const MAX_DELAY_MS = 5_000;
/** The check fails for this time after the last such delay, so that a probe sees the delay, in ms. */
const REMEMBER_MS = 30_000;

/**
 * Adds a check that fails while the event loop is blocked again and again. While the event loop is blocked, no endpoint
 * answers, and a probe fails by its time-out.
 *
 * @returns a function that ends the check
 */
export function watchEventLoop(health: HealthRegistry, clock: Clock = realClock): () => void {
  let dueAt = clock.now() + INTERVAL_MS;
  let blocked: { readonly ms: number; readonly at: number } | undefined;
  const observe = (): void => {
    const delay = clock.now() - dueAt;
    if (delay >= MAX_DELAY_MS) blocked = { ms: delay, at: clock.now() };
  };
  const beat = (): void => {
    observe();
    dueAt = clock.now() + INTERVAL_MS;
    timer = clock.setTimer(INTERVAL_MS, beat);
  };
  let timer = clock.setTimer(INTERVAL_MS, beat);
  const remove = health.add('event-loop', () => {
    observe();
    return blocked !== undefined && clock.now() - blocked.at < REMEMBER_MS
      ? `the event loop was blocked for ${Math.round(blocked.ms / 1000)} s`
      : undefined;
  });
  return () => {
    remove();
    timer.cancel();
  };
}
