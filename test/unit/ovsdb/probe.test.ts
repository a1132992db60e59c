import { describe, expect, it } from '@jest/globals';
import { InactivityProbe } from '../../../src/ovn/ovsdb/probe.ts';
import { FakeClock } from '../../support/ovsdb/fake-clock.ts';

function probe(
  intervalMs = 5000,
  timeoutMs = 3000,
): { clock: FakeClock; probe: InactivityProbe; log: string[] } {
  const clock = new FakeClock();
  const log: string[] = [];
  const made = new InactivityProbe(
    clock,
    { intervalMs, timeoutMs },
    {
      sendProbe: () => log.push(`probed at ${clock.now()}`),
      closeConnection: (silentMs) => log.push(`closed at ${clock.now()} after ${silentMs}`),
    },
  );
  return { clock, probe: made, log };
}

describe('the inactivity probe', () => {
  it('sends a probe after an interval of silence, and closes the connection without an answer', () => {
    const { clock, log } = probe();
    clock.advance(4999);
    expect(log).toEqual([]);
    clock.advance(20_000);
    expect(log).toEqual(['probed at 5000', 'closed at 8000 after 8000']);
    expect(clock.pending).toBe(0);
  });

  it('counts all received data as an answer', () => {
    const { clock, probe: one, log } = probe();
    for (let second = 0; second < 30; second++) {
      clock.advance(1000);
      one.received();
    }
    expect(log).toEqual([]);
    clock.advance(5000);
    one.received();
    clock.advance(5000);
    expect(log).toEqual(['probed at 35000', 'probed at 40000']);
  });

  it('does not close the connection because this process was paused', () => {
    const { clock, log } = probe();
    clock.advance(5000);
    clock.pause(60_000);
    expect(log).toEqual(['probed at 5000']);
    clock.advance(3000);
    expect(log).toHaveLength(2);
  });

  it('does nothing when it is disabled or stopped', () => {
    const off = probe(0);
    const stopped = probe();
    stopped.probe.stop();
    off.clock.advance(100_000);
    stopped.clock.advance(100_000);
    expect([...off.log, ...stopped.log]).toEqual([]);
  });
});
