import { describe, expect, it } from '@jest/globals';
import { watchEventLoop } from '../../../src/process/event-loop.ts';
import { HealthRegistry } from '../../../src/reconcile/index.ts';
import { FakeClock } from '../../support/reconcile/fake-clock.ts';

/** A clock whose timers are late by the given time, as after a long synchronous computation. */
class BlockedClock extends FakeClock {
  blockedMs = 0;

  override now(): number {
    return super.now() + this.blockedMs;
  }
}

describe('the health of the event loop', () => {
  it('fails after the event loop was blocked, and recovers', async () => {
    const clock = new BlockedClock();
    const health = new HealthRegistry();
    const stop = watchEventLoop(health, clock);
    await clock.advance(60_000);
    expect(health.report()).toEqual({ ok: true, checks: { 'event-loop': 'ok' } });
    clock.blockedMs += 8_000;
    const blocked = { ok: false, checks: { 'event-loop': 'the event loop was blocked for 7 s' } };
    expect(health.report()).toEqual(blocked);
    await clock.advance(20_000);
    expect(health.report().ok).toBe(false);
    await clock.advance(20_000);
    expect(health.report().ok).toBe(true);
    clock.blockedMs += 3_000;
    await clock.advance(2_000);
    expect(health.report().ok).toBe(true);
    stop();
    expect([health.report().checks, clock.pending]).toEqual([{}, 0]);
  });
});
