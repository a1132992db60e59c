import { beforeEach, describe, expect, it } from '@jest/globals';
import { hostProgress, type HostProgress } from '../../../src/ovn/index.ts';
import { FakeClock } from '../../support/ovsdb/fake-clock.ts';

let clock: FakeClock;
let reported: Map<string, number>;
let report: (host: string, number: number) => void;
let listeners: Set<() => void>;
let hosts: HostProgress;
let request: () => Promise<number>;

beforeEach(() => {
  clock = new FakeClock();
  reported = new Map();
  listeners = new Set();
  request = () => Promise.resolve(7);
  hosts = hostProgress(
    () => ({ requestProgress: () => request() }),
    {
      progressOf: (host) => reported.get(host),
      onProgress: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    clock,
  );
  report = (host, number) => {
    reported.set(host, number);
    for (const listener of listeners) listener();
  };
});

/** Resolves after all pending callbacks of promises. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Begins to wait for `hv1`. Returns a function that tells whether the wait has ended. */
const wait = async (): Promise<() => Promise<boolean>> => {
  let ended = false;
  void hosts.caughtUp('hv1').then(() => (ended = true));
  await turn();
  return async () => {
    await turn();
    return ended;
  };
};

describe('the wait for a host', () => {
  it('ends when the host reports the requested number, and leaves nothing behind', async () => {
    const hasEnded = await wait();
    report('hv2', 7);
    report('hv1', 6);
    expect(await hasEnded()).toBe(false);
    report('hv1', 7);
    expect(await hasEnded()).toBe(true);
    expect([listeners.size, clock.pending]).toEqual([0, 0]);
  });

  it('ends at once when the host has reported the number before the reply', async () => {
    reported.set('hv1', 7);
    expect(await (await wait())()).toBe(true);
  });

  it('ends after two seconds when the host does not answer', async () => {
    const hasEnded = await wait();
    clock.advance(1_999);
    expect(await hasEnded()).toBe(false);
    clock.advance(1);
    expect(await hasEnded()).toBe(true);
    expect(listeners.size).toBe(0);
  });

  it('ends after two seconds when the database does not answer, and at once when the request fails', async () => {
    request = () => new Promise<number>(() => undefined);
    const hasEnded = await wait();
    expect(await hasEnded()).toBe(false);
    clock.advance(2_000);
    expect(await hasEnded()).toBe(true);
    request = () => Promise.reject(new Error('not connected'));
    expect(await (await wait())()).toBe(true);
  });
});
