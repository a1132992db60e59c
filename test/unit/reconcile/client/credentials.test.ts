import { describe, expect, it } from '@jest/globals';
import { Credentials } from '../../../../src/reconcile/client/credentials.ts';
import type { Connection } from '../../../../src/reconcile/index.ts';
import { FakeClock } from '../../../support/reconcile/fake-clock.ts';

const connection = (token: string): Connection => ({
  server: 'https://127.0.0.1:6443',
  tls: {},
  headers: { Authorization: token },
});

/** Credentials whose source answers once, and then hangs and ignores aborts. */
async function hanging() {
  const clock = new FakeClock();
  const answers = [connection('first')];
  const signals: (AbortSignal | undefined)[] = [];
  const credentials = new Credentials((signal) => {
    signals.push(signal);
    const answer = answers.shift();
    return answer === undefined ? new Promise(() => undefined) : Promise.resolve(answer);
  }, clock);
  await credentials.get({ timeoutMs: 10 });
  const results: string[] = [];
  const get = (timeoutMs: number): void => {
    credentials.get({ timeoutMs }).then(
      ({ headers }) => results.push(headers['Authorization'] ?? ''),
      (error: unknown) => results.push((error as { code: string }).code),
    );
  };
  return { clock, credentials, answers, signals, results, get };
}

describe('Credentials', () => {
  it('continue with the previous credentials after one second while new ones cannot be read', async () => {
    const { clock, results, get, signals } = await hanging();
    await clock.advance(60_000);
    get(30_000);
    await clock.advance(900);
    expect(results).toEqual([]);
    await clock.advance(100);
    expect(results).toEqual(['first']);
    get(30_000);
    await clock.advance(0);
    expect(results).toEqual(['first', 'first']);
    expect(signals).toHaveLength(2);
  });

  it('are read again after a read that did not end within 30 seconds', async () => {
    const { clock, answers, results, get, signals } = await hanging();
    await clock.advance(60_000);
    get(30_000);
    await clock.advance(30_000);
    expect(signals[1]?.aborted).toBe(true);
    answers.push(connection('second'));
    await clock.advance(60_000);
    get(30_000);
    await clock.advance(0);
    expect(results).toEqual(['first', 'second']);
  });

  it('that the API server rejected are not used again: the request fails at its deadline', async () => {
    const { clock, credentials, results, get } = await hanging();
    credentials.reject();
    get(5_000);
    await clock.advance(4_900);
    expect(results).toEqual([]);
    await clock.advance(100);
    expect(results).toEqual(['NO_CREDENTIALS']);
  });

  it('end a read when the client is closed', async () => {
    const { clock, credentials, results, get, signals } = await hanging();
    credentials.reject();
    get(5_000);
    credentials.close();
    await clock.advance(0);
    expect([signals[1]?.aborted, results]).toEqual([true, ['ABORTED']]);
    get(5_000);
    await clock.advance(0);
    expect([signals.length, results]).toEqual([2, ['ABORTED', 'ABORTED']]);
  });
});
