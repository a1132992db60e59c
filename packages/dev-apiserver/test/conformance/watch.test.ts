import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { conformance, expectStatus } from '../support/conformance.ts';
import { eventually } from '../support/eventually.ts';
import type { WatchStream } from '../support/watch-stream.ts';
import { widget, widgetCrd, widgets } from '../support/widgets.ts';

conformance('a watch', (cluster) => {
  const open: WatchStream[] = [];
  const watch = async (namespace: string, query: Record<string, string | number | boolean> = {}) => {
    const stream = await cluster.api.watch(widgets(namespace), query);
    open.push(stream);
    return stream;
  };
  const create = (namespace: string, name: string, metadata: Record<string, unknown> = {}, spec = {}) =>
    expectStatus(cluster.api.create(widgets(namespace), widget(name, spec, metadata)), 201);
  const resourceVersion = async (namespace: string) =>
    (await expectStatus(cluster.api.get(widgets(namespace)), 200)).metadata.resourceVersion;
  const next = async (stream: WatchStream) => {
    const event = await stream.next();
    return event && `${event.type} ${event.object.metadata.name}`;
  };

  beforeAll(() => cluster.install(widgetCrd));
  afterEach(() => {
    for (const stream of open.splice(0)) stream.stop();
  });

  it('sends all changes after a resource version in order', async () => {
    const namespace = await cluster.namespace();
    const from = await resourceVersion(namespace);
    await create(namespace, 'a');
    await create(namespace, 'b');
    await expectStatus(cluster.api.patch(widgets(namespace, 'a'), 'merge', { spec: { size: 9 } }), 200);
    await expectStatus(cluster.api.delete(widgets(namespace, 'b')), 200);
    const stream = await watch(namespace, { resourceVersion: from });
    const events = [await stream.next(), await stream.next(), await stream.next(), await stream.next()];
    expect(events.map((event) => `${event!.type} ${event!.object.metadata.name}`)).toEqual([
      'ADDED a',
      'ADDED b',
      'MODIFIED a',
      'DELETED b',
    ]);
    const versions = events.map((event) => Number(event!.object.metadata.resourceVersion));
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    expect(new Set(versions).size).toBe(4);
    expect(events[2]!.object).toMatchObject({ kind: 'Widget', spec: { size: 9 } });
    await create(namespace, 'c');
    expect(await next(stream)).toBe('ADDED c');
  });

  it('starts with the existing objects without a resource version', async () => {
    const namespace = await cluster.namespace();
    await create(namespace, 'a');
    await create(namespace, 'b');
    const stream = await watch(namespace);
    expect([await next(stream), await next(stream)].sort()).toEqual(['ADDED a', 'ADDED b']);
    await create(namespace, 'c');
    expect(await next(stream)).toBe('ADDED c');
  });

  it('ignores other namespaces', async () => {
    const namespace = await cluster.namespace();
    const stream = await watch(namespace, { resourceVersion: await resourceVersion(namespace) });
    await create('default', cluster.uniqueName('foreign'));
    await create(namespace, 'own');
    expect(await next(stream)).toBe('ADDED own');
  });

  it('covers all namespaces', async () => {
    const one = await cluster.namespace();
    const two = await cluster.namespace();
    const from = await resourceVersion(one);
    const stream = await cluster.api.watch(widgets(), { resourceVersion: from });
    open.push(stream);
    await create(one, 'a');
    await create(two, 'b');
    expect([await next(stream), await next(stream)]).toEqual(['ADDED a', 'ADDED b']);
  });

  it('sends changes of status and finalizers as modifications', async () => {
    const namespace = await cluster.namespace();
    await create(namespace, 'a', { finalizers: ['example.com/x'] });
    const stream = await watch(namespace, { resourceVersion: await resourceVersion(namespace) });
    await expectStatus(
      cluster.api.patch(`${widgets(namespace, 'a')}/status`, 'merge', { status: { phase: 'x' } }),
      200,
    );
    await expectStatus(cluster.api.delete(widgets(namespace, 'a')), 200);
    await expectStatus(
      cluster.api.patch(widgets(namespace, 'a'), 'merge', { metadata: { finalizers: null } }),
      200,
    );
    expect(await stream.next()).toMatchObject({ type: 'MODIFIED', object: { status: { phase: 'x' } } });
    expect(await stream.next()).toMatchObject({
      type: 'MODIFIED',
      object: { metadata: { deletionTimestamp: expect.any(String) } },
    });
    expect(await next(stream)).toBe('DELETED a');
  });

  describe('with a selector', () => {
    it('sends additions and deletions when objects enter or leave the selection', async () => {
      const namespace = await cluster.namespace();
      await create(namespace, 'a', { labels: { in: 'no' } });
      const from = await resourceVersion(namespace);
      const stream = await watch(namespace, { resourceVersion: from, labelSelector: 'in=yes' });
      const label = (value: string) =>
        expectStatus(
          cluster.api.patch(widgets(namespace, 'a'), 'merge', { metadata: { labels: { in: value } } }),
          200,
        );
      await label('yes');
      await expectStatus(cluster.api.patch(widgets(namespace, 'a'), 'merge', { spec: { size: 7 } }), 200);
      await label('no');
      await label('yes');
      expect([await next(stream), await next(stream), await next(stream), await next(stream)]).toEqual([
        'ADDED a',
        'MODIFIED a',
        'DELETED a',
        'ADDED a',
      ]);
    });

    it('supports field selectors', async () => {
      const namespace = await cluster.namespace();
      const from = await resourceVersion(namespace);
      const stream = await watch(namespace, { resourceVersion: from, fieldSelector: 'spec.colour=Red' });
      await create(namespace, 'a', {}, { colour: 'Blue' });
      await create(namespace, 'b', {}, { colour: 'Red' });
      expect(await next(stream)).toBe('ADDED b');
    });

    it('supports the name as a selector', async () => {
      const namespace = await cluster.namespace();
      const from = await resourceVersion(namespace);
      const stream = await watch(namespace, { resourceVersion: from, fieldSelector: 'metadata.name=b' });
      await create(namespace, 'a');
      await create(namespace, 'b');
      expect(await next(stream)).toBe('ADDED b');
    });
  });

  it('ends the stream at the timeout', async () => {
    const namespace = await cluster.namespace();
    const stream = await watch(namespace, {
      timeoutSeconds: 1,
      resourceVersion: await resourceVersion(namespace),
    });
    expect(await stream.next()).toBeUndefined();
    expect(stream.ended).toBe(true);
  });

  describe('with bookmarks', () => {
    it('ends the initial events of a streaming list with a bookmark', async () => {
      const namespace = await cluster.namespace();
      await create(namespace, 'a');
      const stream = await watch(namespace, {
        sendInitialEvents: true,
        allowWatchBookmarks: true,
        resourceVersionMatch: 'NotOlderThan',
        resourceVersion: '',
      });
      expect(await next(stream)).toBe('ADDED a');
      const bookmark = await stream.until(({ type }) => type === 'BOOKMARK');
      expect(bookmark.object).toMatchObject({
        kind: 'Widget',
        metadata: {
          resourceVersion: expect.stringMatching(/^\d+$/),
          annotations: { 'k8s.io/initial-events-end': 'true' },
        },
      });
      await create(namespace, 'b');
      expect(await next(stream)).toBe('ADDED b');
    });

    it('sends a bookmark shortly before the end, from which a watch can continue', async () => {
      const namespace = await cluster.namespace();
      const from = await resourceVersion(namespace);
      const stream = await watch(namespace, {
        resourceVersion: from,
        allowWatchBookmarks: true,
        timeoutSeconds: 3,
      });
      await create('default', cluster.uniqueName('elsewhere'));
      const bookmark = await stream.until(({ type }) => type === 'BOOKMARK');
      expect(Number(bookmark.object.metadata.resourceVersion)).toBeGreaterThan(Number(from));
      expect(bookmark.object.spec).toBeUndefined();
      await create(namespace, 'later');
      const resumed = await watch(namespace, { resourceVersion: bookmark.object.metadata.resourceVersion });
      expect(await next(resumed)).toBe('ADDED later');
    });
  });

  describe('of a compacted resource version', () => {
    it('sends 410 Expired', async () => {
      const namespace = await cluster.namespace();
      await create(namespace, 'a');
      if (cluster.name === 'embedded') await cluster.server.compact?.();
      const stream = await watch(namespace, { resourceVersion: '1' });
      expect(await stream.next()).toMatchObject({
        type: 'ERROR',
        object: {
          kind: 'Status',
          status: 'Failure',
          reason: 'Expired',
          code: 410,
          message: expect.stringMatching(/^too old resource version: 1 \(\d+\)$/),
        },
      });
      await eventually(() => Promise.resolve(stream.ended));
    });
  });

  it('covers a single object with a field selector, also of a built-in kind', async () => {
    const namespace = await cluster.namespace();
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const list = await expectStatus(cluster.api.get(path), 200);
    const stream = await cluster.api.watch(path, { resourceVersion: list.metadata.resourceVersion });
    open.push(stream);
    await expectStatus(cluster.api.create(path, { metadata: { name: 'c' }, data: { a: 'b' } }), 201);
    expect(await stream.next()).toMatchObject({
      type: 'ADDED',
      object: { kind: 'ConfigMap', apiVersion: 'v1', data: { a: 'b' } },
    });
  });

  it('sends tables on request', async () => {
    const namespace = await cluster.namespace();
    await create(namespace, 'a');
    const { status, body } = await cluster.api.get(widgets(namespace), {
      query: { watch: true, timeoutSeconds: 1 },
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      type: 'ADDED',
      object: { kind: 'Table', rows: [{ object: { metadata: { name: 'a' } } }] },
    });
  });
});
