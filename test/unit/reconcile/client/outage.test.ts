import { describe, expect, it } from '@jest/globals';
import { ApiError, ConnectionError } from '../../../../src/reconcile/index.ts';
import { Outage } from '../../../../src/reconcile/client/outage.ts';
import { FakeClock } from '../../../support/reconcile/fake-clock.ts';

const away = new ConnectionError('ECONNREFUSED', 'nobody there', { sent: false });
const asking = (code: number) => new ApiError(code, { reason: 'Later', message: 'not yet' }, 5);

function setUp() {
  const clock = new FakeClock();
  const outage = new Outage(clock);
  const fail = (error: Error): Promise<unknown> =>
    outage.heed(Promise.reject(error)).catch((seen: unknown) => seen);
  return { clock, outage, fail };
}

describe('a server that asks to come back in 5 s', () => {
  it('is taken at its word, as a rule', async () => {
    const { fail } = setUp();
    expect(await fail(asking(503))).toMatchObject({ code: 503, retryAfterSeconds: 5 });
  });

  it('is asked again within a second when it has just come back', async () => {
    const { clock, fail } = setUp();
    expect(await fail(away)).toBe(away);
    await clock.advance(29_000);
    const seen = await fail(asking(503));
    expect(seen).toMatchObject({ code: 503, reason: 'Later', message: 'not yet', retryAfterSeconds: 1 });
    await clock.advance(1_000);
    expect(await fail(asking(503))).toMatchObject({ retryAfterSeconds: 5 });
  });

  it('is believed all the same when it is busy, not starting', async () => {
    const { fail } = setUp();
    await fail(away);
    expect(await fail(asking(429))).toMatchObject({ code: 429, retryAfterSeconds: 5 });
  });

  it('changes nothing about what succeeds', async () => {
    expect(await setUp().outage.heed(Promise.resolve('an answer'))).toBe('an answer');
  });
});
