import { describe, expect, it } from '@jest/globals';
import { FairGate } from '../../../src/reconcile/client/fair-gate.ts';
import { settle } from '../../support/reconcile/fake-clock.ts';

function setUp(max = 4, maxPerNamespace = 3) {
  let time = 0;
  const gate = new FairGate(max, maxPerNamespace, () => time);
  const started: string[] = [];
  const open: (() => void)[] = [];
  const send = (namespace: string, name: string): Promise<string> =>
    gate.run(namespace, async () => {
      started.push(name);
      await new Promise<void>((resolve) => open.push(resolve));
      return name;
    });
  const pass = (ms: number): unknown => (time += ms);
  return { started, open, send, pass };
}

describe('FairGate', () => {
  it('limits the requests of one namespace, so that another namespace does not wait', async () => {
    const { started, open, send } = setUp();
    const noisy = Array.from({ length: 9 }, (_, n) => send('noisy', `noisy-${n}`));
    await settle();
    expect(started).toEqual(['noisy-0', 'noisy-1', 'noisy-2']);
    const quiet = send('quiet', 'quiet');
    await settle();
    expect(started.at(-1)).toBe('quiet');
    while (open.length > 0) {
      for (const end of open.splice(0)) end();
      await settle();
    }
    expect(await Promise.all([...noisy, quiet])).toHaveLength(10);
  });

  it('lets the namespaces take turns when requests wait', async () => {
    const { started, open, send } = setUp();
    const all = ['a', 'a', 'a', 'a', 'a', 'b', 'b', 'c'].map((namespace, n) =>
      send(namespace, `${namespace}${n}`),
    );
    await settle();
    expect(started).toEqual(['a0', 'a1', 'a2', 'b5']);
    open.shift()?.();
    await settle();
    open.shift()?.();
    await settle();
    open.shift()?.();
    await settle();
    expect(started.slice(4).toSorted()).toEqual(['a3', 'b6', 'c7']);
    while (open.length > 0) {
      for (const end of open.splice(0)) end();
      await settle();
    }
    await Promise.all(all);
  });

  it('gives a namespace two requests at a time for a second after a request of another namespace', async () => {
    const { started, open, send, pass } = setUp(8, 4);
    const quiet = send('quiet', 'quiet');
    await settle();
    open.shift()?.();
    await quiet;
    const noisy = Array.from({ length: 8 }, (_, n) => send('noisy', `noisy-${n}`));
    await settle();
    expect(started.slice(1)).toEqual(['noisy-0', 'noisy-1']);
    pass(1000);
    open.shift()?.();
    await settle();
    expect(started.slice(1)).toEqual(['noisy-0', 'noisy-1', 'noisy-2', 'noisy-3', 'noisy-4']);
    while (open.length > 0) {
      for (const end of open.splice(0)) end();
      await settle();
    }
    expect(await Promise.all(noisy)).toHaveLength(8);
  });

  it('does not count requests about cluster-scoped objects as company', async () => {
    const { started, open, send } = setUp(8, 4);
    const all = ['', 'a', 'a', 'a', 'a'].map((namespace, n) => send(namespace, `${namespace}${n}`));
    await settle();
    expect(started).toHaveLength(5);
    for (const end of open.splice(0)) end();
    await Promise.all(all);
  });

  it('continues after a failed request', async () => {
    const gate = new FairGate(1, 1);
    await expect(gate.run('a', () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(await gate.run('a', () => Promise.resolve('ok'))).toBe('ok');
  });
});
