import { describe, expect, it } from '@jest/globals';
import { StatusWriter } from '../../../src/reconcile/status.ts';
import type { KubeObject } from '../../../src/reconcile/index.ts';
import { settle } from '../../support/reconcile/fake-clock.ts';
import { FakeCluster, lostReply, refusal } from '../../support/reconcile/fake-cluster.ts';
import { newWidget, widgetType, type Widget } from '../../support/reconcile/widget.ts';

async function setUp() {
  const cluster = new FakeCluster();
  const refreshed: KubeObject[] = [];
  const writer = new StatusWriter(cluster, (_type, object) => refreshed.push(object));
  const object = await cluster.create<Widget>(widgetType, newWidget('a'));
  cluster.calls.length = 0;
  const now = (): Promise<Widget> => cluster.get<Widget>(widgetType, object.metadata);
  return { cluster, refreshed, writer, object, now };
}

describe('writing status', () => {
  it('is one patch that makes status what it should be, whole', async () => {
    const { cluster, refreshed, writer, object, now } = await setUp();
    expect(await writer.write(widgetType, object, { size: 1, note: 'x' })).toBe('written');
    expect(await writer.write(widgetType, await now(), { size: 2 })).toBe('written');
    expect((await now()).status).toEqual({ size: 2 });
    expect(cluster.writes).toEqual(['patch widgets/status default/a', 'patch widgets/status default/a']);
    expect(refreshed.at(-1)).toEqual(await now());
  });

  it('is nothing when the status is so already', async () => {
    const { cluster, writer, object, now } = await setUp();
    await writer.write(widgetType, object, { size: 1 });
    const calls = cluster.writes.length;
    expect(await writer.write(widgetType, await now(), { note: undefined, size: 1 })).toBe('unchanged');
    expect(cluster.writes).toHaveLength(calls);
  });

  it('does not touch a namesake that took the object’s place', async () => {
    const { cluster, writer, object, now } = await setUp();
    await cluster.delete(widgetType, object.metadata);
    await cluster.create(widgetType, newWidget('a'));
    expect(await writer.write(widgetType, object, { size: 1 })).toBe('gone');
    expect((await now()).status).toBeUndefined();
  });

  it('says when the object is gone', async () => {
    const { cluster, writer, object } = await setUp();
    await cluster.delete(widgetType, object.metadata);
    expect(await writer.write(widgetType, object, { size: 1 })).toBe('gone');
  });

  it('throws when the server finds the status invalid, or does not answer', async () => {
    const { cluster, writer, object } = await setUp();
    cluster.failing = (call) => (call.startsWith('patch') ? refusal(422, 'Invalid') : undefined);
    await expect(writer.write(widgetType, object, { size: 1 })).rejects.toMatchObject({ code: 422 });
    cluster.failing = () => lostReply();
    await expect(writer.write(widgetType, object, { size: 1 })).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('knows its own echo, which may come before the answer', async () => {
    const { writer, object } = await setUp();
    const status = { size: 1, ready: true };
    const later = { ...object, metadata: { ...object.metadata, resourceVersion: '99' } };
    const writing = writer.write(widgetType, object, status);
    expect(writer.isEcho(object, { ...later, status })).toBe(true);
    expect(writer.isEcho(object, { ...later, status: { size: 2 } })).toBe(false);
    expect(writer.isEcho(object, { ...later, status, spec: { size: 9 } })).toBe(false);
    const labelled = { ...later, metadata: { ...later.metadata, labels: { a: 'b' } } };
    expect(writer.isEcho(object, { ...labelled, status })).toBe(false);
    await writing;
    await settle();
    expect(writer.isEcho(object, { ...later, status })).toBe(false);
  });
});
