import { describe, expect, it } from '@jest/globals';
import { ApiError, ConnectionError } from '../../../../src/reconcile/index.ts';
import { OutageTracker } from '../../../../src/reconcile/client/outage.ts';
import { FakeClock } from '../../../support/reconcile/fake-clock.ts';

const unreachable = new ConnectionError('ECONNREFUSED', 'connection refused', { sent: false });
const retryLater = (code: number) => new ApiError(code, { reason: 'Later', message: 'not yet' }, 5);

function setUp() {
  const clock = new FakeClock();
  const outage = new OutageTracker(clock);
  const fail = (error: Error): Promise<unknown> =>
    outage.track(Promise.reject(error)).catch((seen: unknown) => seen);
  return { clock, outage, fail };
}

describe('OutageTracker with a Retry-After of 5 s', () => {
  it('keeps the Retry-After without an outage', async () => {
    const { fail } = setUp();
    expect(await fail(retryLater(503))).toMatchObject({ code: 503, retryAfterSeconds: 5 });
  });

  it('limits the Retry-After to one second for 30 s after an outage', async () => {
    const { clock, fail } = setUp();
    expect(await fail(unreachable)).toBe(unreachable);
    await clock.advance(29_000);
    const seen = await fail(retryLater(503));
    expect(seen).toMatchObject({ code: 503, reason: 'Later', message: 'not yet', retryAfterSeconds: 1 });
    await clock.advance(1_000);
    expect(await fail(retryLater(503))).toMatchObject({ retryAfterSeconds: 5 });
  });

  it('keeps the Retry-After of a 429 after an outage', async () => {
    const { fail } = setUp();
    await fail(unreachable);
    expect(await fail(retryLater(429))).toMatchObject({ code: 429, retryAfterSeconds: 5 });
  });

  it('returns the result of a successful request', async () => {
    expect(await setUp().outage.track(Promise.resolve('an answer'))).toBe('an answer');
  });
});
