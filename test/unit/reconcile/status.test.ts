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

describe('StatusWriter', () => {
  it('replaces the whole status with one patch', async () => {
    const { cluster, refreshed, writer, object, now } = await setUp();
    expect(await writer.write(widgetType, object, { size: 1, note: 'x' })).toBe('written');
    expect(await writer.write(widgetType, await now(), { size: 2 })).toBe('written');
    expect((await now()).status).toEqual({ size: 2 });
    expect(cluster.writes).toEqual(['patch widgets/status default/a', 'patch widgets/status default/a']);
    expect(refreshed.at(-1)).toEqual(await now());
  });

  it('sends no request when the status is equal', async () => {
    const { cluster, writer, object, now } = await setUp();
    await writer.write(widgetType, object, { size: 1 });
    const calls = cluster.writes.length;
    expect(await writer.write(widgetType, await now(), { note: undefined, size: 1 })).toBe('unchanged');
    expect(cluster.writes).toHaveLength(calls);
  });

  it('does not change an object with the same name and another UID', async () => {
    const { cluster, writer, object, now } = await setUp();
    await cluster.delete(widgetType, object.metadata);
    await cluster.create(widgetType, newWidget('a'));
    expect(await writer.write(widgetType, object, { size: 1 })).toBe('gone');
    expect((await now()).status).toBeUndefined();
  });

  it('returns `gone` when the object does not exist', async () => {
    const { cluster, writer, object } = await setUp();
    await cluster.delete(widgetType, object.metadata);
    expect(await writer.write(widgetType, object, { size: 1 })).toBe('gone');
  });

  it.each([
    [404, 'NotFound'],
    [409, 'Conflict'],
    [422, 'Invalid'],
  ])('throws when the server refuses the status of an existing object with %i', async (code, reason) => {
    const { cluster, writer, object } = await setUp();
    cluster.failing = (call) => (call.startsWith('patch') ? refusal(code, reason) : undefined);
    await expect(writer.write(widgetType, object, { size: 1 })).rejects.toMatchObject({ code });
  });

  it('throws when the server does not answer', async () => {
    const { cluster, writer, object } = await setUp();
    cluster.failing = () => lostReply();
    await expect(writer.write(widgetType, object, { size: 1 })).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('recognises the watch event of its own write before the response arrives', async () => {
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
