import { describe, expect, it } from '@jest/globals';
import { Finalizers, addFinalizerPatch, removeFinalizerPatch } from '../../../src/reconcile/finalizer.ts';
import type { KubeObject } from '../../../src/reconcile/index.ts';
import { FakeCluster, lostReply, refusal } from '../../support/reconcile/fake-cluster.ts';
import { newWidget, widget, widgetType, type Widget } from '../../support/reconcile/widget.ts';

const ours = 'example.org/hold';

async function setUp(finalizers: string[] = []) {
  const cluster = new FakeCluster();
  const refreshed: KubeObject[] = [];
  const holder = new Finalizers(cluster, (_type, object) => refreshed.push(object));
  const made = newWidget('a');
  const object = await cluster.create<Widget>(widgetType, {
    ...made,
    metadata: { ...made.metadata, finalizers },
  });
  cluster.calls.length = 0;
  const now = (): Promise<Widget> => cluster.get<Widget>(widgetType, object.metadata);
  return { cluster, refreshed, holder, object, now };
}

describe('Finalizers', () => {
  it('adds and removes a finalizer and keeps the other finalizers', async () => {
    const { holder, object, now, refreshed } = await setUp(['other']);
    expect(await holder.add(widgetType, object, ours)).toBe('held');
    expect((await now()).metadata.finalizers).toEqual(['other', ours]);
    expect(refreshed).toEqual([await now()]);
    expect(await holder.remove(widgetType, await now(), ours)).toBe('released');
    expect((await now()).metadata.finalizers).toEqual(['other']);
  });

  it('adds a finalizer to an object without finalizers', async () => {
    const { holder, object, now } = await setUp();
    expect(await holder.add(widgetType, object, ours)).toBe('held');
    expect((await now()).metadata.finalizers).toEqual([ours]);
  });

  it('sends no request when the finalizers are already correct', async () => {
    const { cluster, holder, object } = await setUp([ours]);
    expect(await holder.add(widgetType, object, ours)).toBe('held');
    expect(await holder.remove(widgetType, object, 'another')).toBe('released');
    expect(cluster.calls).toEqual([]);
  });

  it('does not add a finalizer to an object that is being deleted', async () => {
    const { cluster, holder, object, now } = await setUp(['other']);
    await cluster.delete(widgetType, object.metadata);
    expect(await holder.add(widgetType, await now(), ours)).toBe('released');
  });

  it('removes the last finalizer without a refresh of the deleted object', async () => {
    const { cluster, holder, object, now, refreshed } = await setUp([ours]);
    await cluster.delete(widgetType, object.metadata);
    expect(await holder.remove(widgetType, await now(), ours)).toBe('released');
    await expect(now()).rejects.toMatchObject({ code: 404 });
    expect(refreshed).toEqual([]);
  });

  it('does not overwrite a concurrent change of the finalizers', async () => {
    const { cluster, holder, object, now } = await setUp(['other']);
    cluster.edit(widgetType, object.metadata, (old) => ({
      ...old,
      metadata: { ...old.metadata, finalizers: ['other', 'third'] },
    }));
    expect(await holder.add(widgetType, object, ours)).toBe('changed');
    expect((await now()).metadata.finalizers).toEqual(['other', 'third']);
  });

  it('does not change an object with the same name and another UID', async () => {
    const { cluster, holder, object, now } = await setUp();
    await cluster.delete(widgetType, object.metadata);
    await cluster.create(widgetType, newWidget('a'));
    expect(await holder.add(widgetType, object, ours)).toBe('changed');
    expect((await now()).metadata.finalizers).toBeUndefined();
  });

  it('returns `released` when the object is gone, and throws when the server does not answer', async () => {
    const { cluster, holder, object } = await setUp([ours]);
    cluster.failing = () => lostReply();
    await expect(holder.remove(widgetType, object, ours)).rejects.toMatchObject({ code: 'ECONNRESET' });
    cluster.failing = () => undefined;
    cluster.edit(widgetType, object.metadata, (old) => ({
      ...old,
      metadata: { ...old.metadata, finalizers: [] },
    }));
    await cluster.delete(widgetType, object.metadata);
    expect(await holder.remove(widgetType, object, ours)).toBe('released');
  });

  it.each([404, 409, 422])(
    'throws when the server refuses a patch of an unchanged object with %i',
    async (code) => {
      const { cluster, holder, object, now } = await setUp(['other', ours]);
      cluster.failing = (call) => (call.startsWith('patch') ? refusal(code, 'Invalid') : undefined);
      await expect(holder.remove(widgetType, object, ours)).rejects.toMatchObject({ code });
      await expect(holder.add(widgetType, object, 'another')).rejects.toMatchObject({ code });
      cluster.edit(widgetType, object.metadata, (old) => ({ ...old, spec: { size: 2 } }));
      await expect(holder.add(widgetType, object, 'another')).rejects.toMatchObject({ code });
      await cluster.delete(widgetType, object.metadata);
      expect(await holder.add(widgetType, object, 'another')).toBe('changed');
      await expect(holder.remove(widgetType, await now(), ours)).rejects.toMatchObject({ code });
    },
  );

  it('computes the patches from the object without I/O', () => {
    expect(addFinalizerPatch(widget('a', { metadata: { finalizers: [ours] } }), ours)).toBeUndefined();
    expect(addFinalizerPatch(widget('a', { metadata: { deletionTimestamp: 'now' } }), ours)).toBeUndefined();
    expect(removeFinalizerPatch(widget('a'), ours)).toBeUndefined();
    expect(removeFinalizerPatch(widget('a', { metadata: { finalizers: [ours, 'b'] } }), ours)).toEqual([
      { op: 'test', path: '/metadata/uid', value: 'uid-a' },
      { op: 'test', path: '/metadata/finalizers', value: [ours, 'b'] },
      { op: 'replace', path: '/metadata/finalizers', value: ['b'] },
    ]);
  });
});
