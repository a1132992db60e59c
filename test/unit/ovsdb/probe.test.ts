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
      ask: () => log.push(`asked at ${clock.now()}`),
      giveUp: (silentMs) => log.push(`gave up at ${clock.now()} after ${silentMs}`),
    },
  );
  return { clock, probe: made, log };
}

describe('the inactivity probe', () => {
  it('asks after an interval of silence, and gives up when that is not answered', () => {
    const { clock, log } = probe();
    clock.advance(4999);
    expect(log).toEqual([]);
    clock.advance(20_000);
    expect(log).toEqual(['asked at 5000', 'gave up at 8000 after 8000']);
    expect(clock.pending).toBe(0);
  });

  it('takes whatever is received for a sign of life', () => {
    const { clock, probe: one, log } = probe();
    for (let second = 0; second < 30; second++) {
      clock.advance(1000);
      one.heard();
    }
    expect(log).toEqual([]);
    clock.advance(5000);
    one.heard();
    clock.advance(5000);
    expect(log).toEqual(['asked at 35000', 'asked at 40000']);
  });

  it('does not blame the server when this process itself stood still', () => {
    const { clock, log } = probe();
    clock.advance(5000);
    clock.standStill(60_000);
    expect(log).toEqual(['asked at 5000']);
    clock.advance(3000);
    expect(log).toHaveLength(2);
  });

  it('is silent when it is turned off or stopped', () => {
    const off = probe(0);
    const stopped = probe();
    stopped.probe.stop();
    off.clock.advance(100_000);
    stopped.clock.advance(100_000);
    expect([...off.log, ...stopped.log]).toEqual([]);
  });
});
