import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiObject } from '../support/api-object.ts';
import { conformance, expectStatus } from '../support/conformance.ts';
import { widget, widgetCrd, widgets } from '../support/widgets.ts';

conformance('listing', (cluster) => {
  const samples = [
    widget('a', { colour: 'Red', size: 1 }, { labels: { tier: 'one', app: 'x' } }),
    widget('b', { colour: 'Green', size: 2 }, { labels: { tier: 'two', app: 'x' } }),
    widget('c', { colour: 'Red', size: 2 }, { labels: { app: 'y' } }),
    widget('d', { size: 1 }),
    widget('e', { colour: 'Blue' }, { labels: { tier: 'one' } }),
  ];
  let namespace = '';
  const names = ({ items }: ApiObject): string[] => items.map(({ metadata }) => metadata.name);
  const list = async (query: Record<string, string | number> = {}): Promise<ApiObject> =>
    expectStatus(cluster.api.get(widgets(namespace), { query }), 200);

  beforeAll(async () => {
    await cluster.install(widgetCrd);
    namespace = await cluster.namespace();
    for (const sample of samples) await expectStatus(cluster.api.create(widgets(namespace), sample), 201);
    await expectStatus(cluster.api.create(widgets('default'), widget('other', { colour: 'Red' })), 201);
  });

  it('returns a list of the kind in the order of names', async () => {
    const body = await list();
    expect(body).toMatchObject({ apiVersion: 'conformance.example.com/v1', kind: 'WidgetList' });
    expect(body.metadata.resourceVersion).toMatch(/^\d+$/);
    expect(names(body)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(body.items[0]).toMatchObject({ kind: 'Widget', spec: { colour: 'Red', size: 1 } });
  });

  it('covers all namespaces', async () => {
    const body = await expectStatus(cluster.api.get(widgets()), 200);
    expect(names(body)).toEqual(['other', 'a', 'b', 'c', 'd', 'e']);
  });

  it('returns an empty list for an empty namespace', async () => {
    const body = await expectStatus(cluster.api.get(widgets('kube-system')), 200);
    expect(body.items).toEqual([]);
  });

  it.each([
    ['tier=one', 'ae'],
    ['tier==one', 'ae'],
    ['tier!=one', 'bcd'],
    ['tier in (one,two)', 'abe'],
    ['tier notin (one)', 'bcd'],
    ['tier', 'abe'],
    ['!tier', 'cd'],
    ['tier=one,app=x', 'a'],
    ['app,tier!=two', 'ac'],
  ])('supports the label selector %s', async (labelSelector, expected) => {
    expect(names(await list({ labelSelector })).join('')).toBe(expected);
  });

  it.each([
    ['metadata.name=b', 'b'],
    ['metadata.name!=b', 'acde'],
    ['spec.colour=Red', 'ac'],
    ['spec.colour!=Red', 'bde'],
    ['spec.size=2', 'bc'],
    ['spec.colour=Red,spec.size=2', 'c'],
    ['spec.colour=', 'd'],
  ])('supports the field selector %s', async (fieldSelector, expected) => {
    expect(names(await list({ fieldSelector })).join('')).toBe(expected);
  });

  it('rejects a field that is not selectable', async () => {
    const query = { fieldSelector: 'spec.weight=1' };
    const body = await expectStatus(cluster.api.get(widgets(namespace), { query }), 400);
    expect(body).toMatchObject({ reason: 'BadRequest', message: 'field label not supported: spec.weight' });
  });

  it('rejects an invalid selector', async () => {
    const query = { labelSelector: 'a in (' };
    const body = await expectStatus(cluster.api.get(widgets(namespace), { query }), 400);
    expect(body).toMatchObject({
      reason: 'BadRequest',
      message: expect.stringContaining('unable to parse requirement'),
    });
  });

  describe('in pages', () => {
    it('returns every object once, with the number of remaining objects', async () => {
      const first = await list({ limit: 2 });
      expect(names(first)).toEqual(['a', 'b']);
      expect(first.metadata.remainingItemCount).toBe(3);
      const second = await list({ limit: 2, continue: first.metadata.continue! });
      expect(names(second)).toEqual(['c', 'd']);
      expect(second.metadata.remainingItemCount).toBe(1);
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      const third = await list({ limit: 2, continue: second.metadata.continue! });
      expect(names(third)).toEqual(['e']);
      expect(third.metadata.continue ?? '').toBe('');
      expect(third.metadata.remainingItemCount).toBeUndefined();
    });

    it('shows the state of the first page on all pages', async () => {
      const first = await list({ limit: 2 });
      await expectStatus(cluster.api.create(widgets(namespace), widget('dd')), 201);
      const rest = await list({ continue: first.metadata.continue! });
      expect(names(rest)).toEqual(['c', 'd', 'e']);
      await expectStatus(cluster.api.delete(widgets(namespace, 'dd')), 200);
    });

    it('omits the number of remaining objects with a selector', async () => {
      const first = await list({ limit: 1, labelSelector: 'tier' });
      expect(names(first)).toEqual(['a']);
      expect(first.metadata.continue).toEqual(expect.any(String));
      expect(first.metadata.remainingItemCount).toBeUndefined();
      expect(names(await list({ continue: first.metadata.continue!, labelSelector: 'tier' }))).toEqual([
        'b',
        'e',
      ]);
    });

    it('returns 410 after a compaction, with a token to continue with the current state', async () => {
      const first = await list({ limit: 2 });
      await cluster.server.compact?.();
      // An old token. A real server keeps recent states in memory even after a compaction of its database.
      const token = JSON.parse(Buffer.from(first.metadata.continue!, 'base64url').toString()) as {
        rv: number;
      };
      const old = Buffer.from(JSON.stringify({ ...token, rv: 2 })).toString('base64url');
      const query = { limit: 2, continue: old };
      const expired = await expectStatus(cluster.api.get(widgets(namespace), { query }), 410);
      expect(expired).toMatchObject({
        kind: 'Status',
        reason: 'Expired',
        message: expect.stringMatching(/^The provided continue parameter is too old/),
      });
      const rest = await list({ continue: expired.metadata.continue! });
      expect(names(rest)).toEqual(['c', 'd', 'e']);
    });

    it('rejects an invalid continue token', async () => {
      const query = { continue: 'garbage' };
      const body = await expectStatus(cluster.api.get(widgets(namespace), { query }), 400);
      expect(body).toMatchObject({
        reason: 'BadRequest',
        message: expect.stringMatching(/^invalid continue token: continue key is not valid/),
      });
    });
  });

  it('rejects an invalid resource version', async () => {
    const query = { resourceVersion: 'abc' };
    const body = await expectStatus(cluster.api.get(widgets(namespace), { query }), 400);
    expect(body.reason).toBe('BadRequest');
  });

  it('accepts the resource version 0 as any version', async () => {
    expect(names(await list({ resourceVersion: '0' }))).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  describe('as a table', () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

    it('returns the columns and cells of the CRD', async () => {
      const { body } = await cluster.api.get(widgets(namespace), { headers: { accept } });
      expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
      expect(
        body.columnDefinitions.map(({ name, type, format, priority }) => ({ name, type, format, priority })),
      ).toEqual([
        { name: 'Name', type: 'string', format: 'name', priority: 0 },
        { name: 'Colour', type: 'string', format: '', priority: 0 },
        { name: 'Size', type: 'integer', format: '', priority: 0 },
        { name: 'Ready', type: 'string', format: '', priority: 0 },
        { name: 'Notes', type: 'string', format: '', priority: 1 },
        { name: 'Age', type: 'date', format: '', priority: 0 },
      ]);
      expect(body.columnDefinitions[2]?.description).toBe('How big it is');
      expect(body.rows.map(({ cells }) => cells.slice(0, 5))).toEqual([
        ['a', 'Red', 1, null, null],
        ['b', 'Green', 2, null, null],
        ['c', 'Red', 2, null, null],
        ['d', null, 1, null, null],
        ['e', 'Blue', 5, null, null],
      ]);
      expect(body.rows[0]?.cells[5]).toMatch(/^\d+s$/);
      expect(body.rows[0]?.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
    });

    it('returns one row for a single object', async () => {
      const { body } = await cluster.api.get(widgets(namespace, 'a'), { headers: { accept } });
      expect(body.rows.map(({ cells }) => cells[0])).toEqual(['a']);
    });

    it('includes whole objects on request', async () => {
      const query = { includeObject: 'Object', fieldSelector: 'metadata.name=a' };
      const { body } = await cluster.api.get(widgets(namespace), { headers: { accept }, query });
      expect(body.rows[0]?.object).toMatchObject({ kind: 'Widget', spec: { colour: 'Red' } });
    });

    it('returns the columns of a built-in kind', async () => {
      const { body } = await cluster.api.get('/api/v1/namespaces/default', { headers: { accept } });
      expect(body.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Status', 'Age']);
      expect(body.rows[0]?.cells.slice(0, 2)).toEqual(['default', 'Active']);
    });
  });

  it('returns only metadata on request', async () => {
    const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
    const { body } = await cluster.api.get(widgets(namespace), { headers: { accept } });
    expect(body.kind).toBe('PartialObjectMetadataList');
    expect(names(body)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(body.items[0]?.spec).toBeUndefined();
  });
});
