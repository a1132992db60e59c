import { describe, expect, it } from '@jest/globals';
import { NotReadyError, waitUntilQuiet, waitUntilReady } from '../../../src/cli/wait.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../../src/reconcile/index.ts';

const type: ResourceType = { group: 'g', version: 'v1', kind: 'Port', plural: 'ports', namespaced: true };

const port = (status?: unknown, generation = 1): KubeObject => ({
  apiVersion: 'g/v1',
  kind: 'Port',
  metadata: { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '1', generation },
  ...(status === undefined ? {} : { status }),
});

const withReady = (ready: object, generation = 1): KubeObject =>
  port({ conditions: [{ type: 'Ready', observedGeneration: 1, ...ready }] }, generation);

/** A client whose object advances through `states`, one state for each read, and stays in the last state. */
const clientOf = (...states: KubeObject[]): { client: KubeClient; looks: () => number } => {
  let looks = 0;
  const get = () => Promise.resolve(states[Math.min(looks++, states.length - 1)]);
  return { client: { get } as unknown as KubeClient, looks: () => looks };
};

const wait = (client: KubeClient, more: object = {}) =>
  waitUntilReady(client, [{ type, object: port() }], {
    signal: new AbortController().signal,
    intervalMs: 1,
    ...more,
  });

describe('waitUntilReady', () => {
  it('resolves when the object is Ready for its current generation', async () => {
    const notes: string[] = [];
    const { client, looks } = clientOf(
      port(),
      withReady({ status: 'False', reason: 'SubnetNotFound' }),
      withReady({ status: 'True' }, 2),
      withReady({ status: 'True' }),
    );
    await wait(client, { onProgress: (text: string) => notes.push(text) });
    expect(looks()).toBe(4);
    expect(notes).toEqual([
      '1 not Ready: Port web: no Ready condition yet',
      '1 not Ready: Port web: SubnetNotFound',
      '1 not Ready: Port web: the operator has not observed the current generation yet',
    ]);
  });

  it('rejects after the timeout with the reason of each object', async () => {
    const { client } = clientOf(
      withReady({ status: 'False', reason: 'PoolExhausted', message: 'the pool is full' }),
    );
    const waiting = wait(client, { timeoutMs: 5 });
    await expect(waiting).rejects.toThrow(NotReadyError);
    await expect(waiting).rejects.toThrow(/Port web: PoolExhausted: the pool is full$/);
  });

  it('rejects at once when the signal is aborted', async () => {
    const { client } = clientOf(port());
    const signal = AbortSignal.abort(new Error('Ctrl-C'));
    await expect(wait(client, { signal, intervalMs: 60_000 })).rejects.toThrow();
  });
});

describe('waitUntilQuiet', () => {
  /** A client whose only object has a new version at each of the first `times` reads. */
  const changing = (times: number): { client: KubeClient; looks: () => number } => {
    let looks = 0;
    const list = () => {
      const resourceVersion = String(Math.min(++looks, times));
      return Promise.resolve({ items: [{ ...port(), metadata: { ...port().metadata, resourceVersion } }] });
    };
    return { client: { list } as unknown as KubeClient, looks: () => looks };
  };
  const signal = new AbortController().signal;

  it('resolves when no object has changed for some time', async () => {
    const { client, looks } = changing(4);
    await waitUntilQuiet(client, [type], { signal, quietMs: 20, intervalMs: 1 });
    expect(looks()).toBeGreaterThan(5);
  });

  it('resolves after the timeout when objects keep changing', async () => {
    const { client, looks } = changing(Infinity);
    await waitUntilQuiet(client, [type], { signal, quietMs: 1_000, timeoutMs: 20, intervalMs: 1 });
    expect(looks()).toBeGreaterThan(1);
  });
});
