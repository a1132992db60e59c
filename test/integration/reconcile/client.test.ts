import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { StatusWriter } from '../../../src/reconcile/status.ts';
import { Finalizers } from '../../../src/reconcile/finalizer.ts';
import {
  isAlreadyExists,
  isConflict,
  isExpired,
  isNotFound,
  type RestClient,
  type WatchEvent,
} from '../../../src/reconcile/index.ts';
import { targets, type RunningServer } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { clientOf, removeAll, serveTestKinds } from '../../support/reconcile/servers.ts';
import { newWidget, widgetType, type Widget } from '../../support/reconcile/widget.ts';

const ref = (name: string) => ({ namespace: 'default', name });
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe.each(targets)('RestClient with the $name API server', ({ start }) => {
  let server: RunningServer;
  let client: RestClient;
  beforeAll(async () => {
    server = await start();
    client = await clientOf(server);
    await serveTestKinds(client);
  });
  afterEach(() => removeAll(client));
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  const create = (name: string, spec: Widget['spec'] = {}): Promise<Widget> =>
    client.create<Widget>(widgetType, newWidget(name, spec));

  it('creates, reads, changes and deletes an object', async () => {
    const made = await create('a', { size: 1 });
    expect(made.metadata).toMatchObject({ name: 'a', namespace: 'default', generation: 1 });
    expect(await client.get<Widget>(widgetType, ref('a'))).toEqual(made);
    const patched = await client.patchMerge<Widget>(widgetType, ref('a'), { spec: { size: 2 } });
    expect(patched).toMatchObject({ spec: { size: 2 }, metadata: { generation: 2 } });
    const updated = await client.update<Widget>(widgetType, { ...patched, spec: { size: 3 } });
    expect(updated.spec).toEqual({ size: 3 });
    await client.delete(widgetType, ref('a'), { uid: made.metadata.uid });
    expect(isNotFound(await errorOf(client.get(widgetType, ref('a'))))).toBe(true);
  });

  it('distinguishes the errors of the server', async () => {
    const made = await create('a');
    expect(isAlreadyExists(await errorOf(create('a')))).toBe(true);
    await client.patchMerge(widgetType, ref('a'), { spec: { size: 2 } });
    expect(isConflict(await errorOf(client.update(widgetType, { ...made, spec: { size: 3 } })))).toBe(true);
    expect(isConflict(await errorOf(client.delete(widgetType, ref('a'), { uid: 'other' })))).toBe(true);
    expect(isNotFound(await errorOf(client.delete(widgetType, ref('b'))))).toBe(true);
    expect(await client.serves({ ...widgetType, version: 'v9' })).toBe(false);
    expect(await client.serves({ ...widgetType, plural: 'gadgets' })).toBe(false);
  });

  it('lists pages with the same resourceVersion', async () => {
    for (let i = 0; i < 7; i++) await create(`w${i}`);
    const names: string[] = [];
    const versions = new Set<string>();
    let continueToken: string | undefined;
    do {
      const page = await client.list<Widget>(widgetType, {
        limit: 3,
        ...(continueToken === undefined ? {} : { continueToken }),
      });
      names.push(...page.items.map(({ metadata, kind }) => `${kind} ${metadata.name}`));
      versions.add(page.resourceVersion);
      ({ continueToken } = page);
      if (continueToken !== undefined) await create(`late-${names.length}`);
    } while (continueToken !== undefined);
    expect(names).toEqual(Array.from({ length: 7 }, (_, i) => `Widget w${i}`));
    expect(versions.size).toBe(1);
  });

  it('watches from a resourceVersion, and receives a 410 for an expired one', async () => {
    const { resourceVersion } = await client.list(widgetType);
    const stop = new AbortController();
    const seen: string[] = [];
    const options = { resourceVersion, timeoutSeconds: 60, idleTimeoutMs: 30_000, signal: stop.signal };
    const watching = errorOf(
      client.watch(widgetType, options, (event: WatchEvent<Widget>) => {
        if (event.type === 'ERROR') return;
        seen.push(`${event.type} ${event.object.metadata.name} ${event.object.spec?.shelf ?? ''}`);
        if (seen.length === 3) stop.abort();
      }),
    );
    await create('twelve', { shelf: 'Größe 𝄞' });
    await client.patchMerge(widgetType, ref('twelve'), { spec: { size: 2 } });
    await client.delete(widgetType, ref('twelve'));
    expect(await watching).toMatchObject({ code: 'ABORTED' });
    expect(seen).toEqual(['ADDED twelve Größe 𝄞', 'MODIFIED twelve Größe 𝄞', 'DELETED twelve Größe 𝄞']);

    let code: unknown;
    const old = { resourceVersion: '1', timeoutSeconds: 5, idleTimeoutMs: 30_000 };
    const error = await errorOf(
      client.watch(widgetType, old, (event) => {
        if (event.type === 'ERROR') code = event.object.code;
      }),
    );
    expect(code === 410 || isExpired(error)).toBe(true);
  });

  it('resolves a watch when its timeoutSeconds have passed', async () => {
    const { resourceVersion } = await client.list(widgetType);
    await client.watch(
      widgetType,
      { resourceVersion, timeoutSeconds: 1, idleTimeoutMs: 30_000 },
      () => undefined,
    );
  });

  describe('StatusWriter', () => {
    const writer = (): StatusWriter => new StatusWriter(client, () => undefined);

    it('replaces the whole status, and creates no new version for an equal status', async () => {
      const made = await create('a', { size: 1 });
      expect(await writer().write(widgetType, made, { size: 1, note: 'x' })).toBe('written');
      const first = await client.get<Widget>(widgetType, ref('a'));
      expect(await writer().write(widgetType, first, { size: 2 })).toBe('written');
      const second = await client.get<Widget>(widgetType, ref('a'));
      expect(second).toMatchObject({ status: { size: 2 }, spec: { size: 1 }, metadata: { generation: 1 } });
      expect(second.status).not.toHaveProperty('note');
      // A retry after a lost response also writes from an old copy.
      expect(await writer().write(widgetType, first, { size: 2 })).toBe('written');
      expect((await client.get(widgetType, ref('a'))).metadata.resourceVersion).toBe(
        second.metadata.resourceVersion,
      );
    });

    it('does not change an object with the same name and another UID', async () => {
      const old = await create('a');
      await client.delete(widgetType, ref('a'));
      await create('a');
      expect(await writer().write(widgetType, old, { size: 1 })).toBe('gone');
      expect((await client.get<Widget>(widgetType, ref('a'))).status).toBeUndefined();
      await client.delete(widgetType, ref('a'));
      expect(await writer().write(widgetType, old, { size: 1 })).toBe('gone');
    });
  });

  describe('Finalizers', () => {
    const ours = 'example.org/hold';
    const finalizers = (): Finalizers => new Finalizers(client, () => undefined);
    const now = (): Promise<Widget> => client.get<Widget>(widgetType, ref('a'));

    it('keep a deleted object until the finalizer is removed', async () => {
      const made = await create('a');
      expect(await finalizers().add(widgetType, made, ours)).toBe('held');
      await client.delete(widgetType, ref('a'));
      expect((await now()).metadata.deletionTimestamp).toBeDefined();
      expect(await finalizers().add(widgetType, await now(), 'example.org/late')).toBe('released');
      expect(await finalizers().remove(widgetType, await now(), ours)).toBe('released');
      expect(isNotFound(await errorOf(now()))).toBe(true);
    });

    it('do not overwrite a concurrent change, or change an object with another UID', async () => {
      const made = await create('a');
      await client.patchMerge(widgetType, ref('a'), { metadata: { finalizers: ['example.org/other'] } });
      expect(await finalizers().add(widgetType, made, ours)).toBe('changed');
      expect(await finalizers().add(widgetType, await now(), ours)).toBe('held');
      expect((await now()).metadata.finalizers).toEqual(['example.org/other', ours]);
      const held = await now();
      expect(await finalizers().remove(widgetType, held, ours)).toBe('released');
      await client.patchMerge(widgetType, ref('a'), { metadata: { finalizers: null } });
      await client.delete(widgetType, ref('a'));
      await create('a');
      expect(await finalizers().add(widgetType, held, 'example.org/new')).toBe('changed');
      expect((await now()).metadata.finalizers).toBeUndefined();
    });
  });
});
