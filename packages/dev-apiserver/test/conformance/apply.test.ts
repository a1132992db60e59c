import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiObject, Manifest } from '../support/api-object.ts';
import { causesOf, conformance, expectStatus } from '../support/conformance.ts';
import { widget, widgetCrd, widgets } from '../support/widgets.ts';

conformance('server-side apply', (cluster) => {
  let name = '';
  let path = '';

  beforeAll(() => cluster.install(widgetCrd));
  beforeEach(() => {
    name = cluster.uniqueName('w');
    path = widgets('default', name);
  });

  const send = (
    manager: string,
    spec: Manifest,
    metadata: Manifest = {},
    query: Record<string, boolean | string> = {},
  ) => cluster.api.apply(path, manager, widget(name, spec, metadata), query);
  const apply = async (...args: Parameters<typeof send>): Promise<ApiObject> => {
    const { status, body } = await send(...args);
    if (status !== 200 && status !== 201) throw new Error(`not applied: ${JSON.stringify(body)}`);
    return body;
  };
  const owned = ({ metadata }: ApiObject, manager: string): unknown =>
    metadata.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1;

  it('creates an object and records the fields of the applier', async () => {
    const { status, body } = await send(
      'me',
      { size: 3, parts: [{ name: 'a' }], tags: ['x'], steps: ['1'], limits: { l: 1 } },
      { labels: { a: '1' }, finalizers: ['example.com/a'] },
    );
    expect(status).toBe(201);
    expect(body.metadata.managedFields).toEqual([
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'conformance.example.com/v1',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:finalizers': { 'v:"example.com/a"': {} }, 'f:labels': { 'f:a': {} } },
          'f:spec': {
            'f:size': {},
            'f:parts': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} } },
            'f:tags': { 'v:"x"': {} },
            'f:steps': {},
            'f:limits': { 'f:l': {} },
          },
        },
      },
    ]);
    expect(body.spec).toMatchObject({ mode: { kind: 'Plain' }, parts: [{ name: 'a', count: 1 }] });
  });

  it('changes nothing when the same configuration is applied again', async () => {
    const first = await apply('me', { size: 3, tags: ['x'] });
    expect(await apply('me', { size: 3, tags: ['x'] })).toEqual(first);
  });

  it('merges the maps, map lists and sets of several appliers', async () => {
    await apply(
      'one',
      { parts: [{ name: 'a', count: 2 }], tags: ['x'], limits: { l: 1 } },
      { labels: { a: '1' } },
    );
    const body = await apply(
      'two',
      { parts: [{ name: 'b' }, { name: 'a' }], tags: ['y'], limits: { m: 2 } },
      { labels: { b: '2' } },
    );
    expect(body.metadata.labels).toEqual({ a: '1', b: '2' });
    expect(body.spec).toMatchObject({
      parts: [
        { name: 'b', count: 1 },
        { name: 'a', count: 2 },
      ],
      tags: ['x', 'y'],
      limits: { l: 1, m: 2 },
    });
    expect(owned(body, 'two')).toEqual({
      'f:metadata': { 'f:labels': { 'f:b': {} } },
      'f:spec': {
        'f:parts': {
          'k:{"name":"a"}': { '.': {}, 'f:name': {} },
          'k:{"name":"b"}': { '.': {}, 'f:name': {} },
        },
        'f:tags': { 'v:"y"': {} },
        'f:limits': { 'f:m': {} },
      },
    });
  });

  it('lets several appliers own a field with the same value', async () => {
    await apply('one', { size: 3 });
    const body = await apply('two', { size: 3 });
    expect(owned(body, 'one')).toEqual({ 'f:spec': { 'f:size': {} } });
    expect(owned(body, 'two')).toEqual({ 'f:spec': { 'f:size': {} } });
    await apply('one', {});
    const { body: left } = await cluster.api.get(path);
    expect(left.spec['size']).toBe(3);
  });

  describe('with a conflict', () => {
    it('returns 409 with the owner and the field', async () => {
      await apply('one', { size: 3 });
      const body = await expectStatus(send('two', { size: 4 }), 409);
      expect(body).toMatchObject({
        reason: 'Conflict',
        code: 409,
        message: 'Apply failed with 1 conflict: conflict with "one": .spec.size',
      });
      expect(body.details?.causes).toEqual([
        { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.spec.size' },
      ]);
    });

    it('reports fields of list items by their key, and atomic lists as a whole', async () => {
      await apply('one', { parts: [{ name: 'a', count: 2 }], steps: ['1'], limits: { l: 1 } });
      const body = await expectStatus(
        send('two', { parts: [{ name: 'a', count: 3 }], steps: ['2'], limits: { l: 2 } }),
        409,
      );
      expect(body.details?.causes?.map(({ field }) => field).sort()).toEqual([
        '.spec.limits.l',
        '.spec.parts[name="a"].count',
        '.spec.steps',
      ]);
      expect(body.message).toMatch(/^Apply failed with 3 conflicts: conflicts with "one":\n- \.spec\./);
    });

    it('also reports a manager that changed a field with an update', async () => {
      await apply('one', { size: 3 });
      const query = { fieldManager: 'kubectl-edit' };
      await expectStatus(cluster.api.patch(path, 'merge', { spec: { size: 7 } }, { query }), 200);
      const body = await expectStatus(send('one', { size: 3 }), 409);
      expect(body.message).toBe(
        'Apply failed with 1 conflict: conflict with "kubectl-edit" using conformance.example.com/v1: .spec.size',
      );
    });

    it('transfers the fields to the applier when force is set', async () => {
      await apply('one', { size: 3, steps: ['1'] });
      const body = await apply('two', { size: 4 }, {}, { force: true });
      expect(body.spec['size']).toBe(4);
      expect(owned(body, 'one')).toEqual({ 'f:spec': { 'f:steps': {} } });
      expect(owned(body, 'two')).toEqual({ 'f:spec': { 'f:size': {} } });
    });
  });

  describe('of a configuration without a field', () => {
    it('removes the field when no other manager owns it', async () => {
      await apply('me', {
        note: 'x',
        tags: ['x', 'y'],
        parts: [{ name: 'a' }, { name: 'b' }],
        limits: { l: 1, m: 1 },
      });
      const body = await apply('me', { tags: ['y'], parts: [{ name: 'b' }], limits: { m: 1 } });
      expect(body.spec).toEqual({
        size: 5,
        mode: { kind: 'Plain' },
        tags: ['y'],
        parts: [{ name: 'b', count: 1 }],
        limits: { m: 1 },
      });
    });

    it('keeps the field when another applier owns it or an updater has set it', async () => {
      await apply('one', { tags: ['x'], note: 'n' });
      await apply('two', { tags: ['x', 'y'] });
      await expectStatus(
        cluster.api.patch(
          path,
          'merge',
          { spec: { limits: { l: 1 } } },
          { query: { fieldManager: 'other' } },
        ),
        200,
      );
      const body = await apply('one', { size: 9 });
      expect(body.spec).toMatchObject({ tags: ['x', 'y'], limits: { l: 1 }, size: 9 });
      expect(body.spec['note']).toBeUndefined();
    });

    it('sets the field to its default', async () => {
      await apply('me', { size: 9 });
      expect((await apply('me', {})).spec['size']).toBe(5);
    });

    it('removes the managedFields entry of an applier that applies nothing', async () => {
      await apply('me', { size: 9 });
      await apply('other', { note: 'x' });
      const body = await apply('me', {});
      const managers = body.metadata.managedFields?.map(({ manager }) => manager);
      expect(managers).toContain('other');
    });
  });

  it('takes over fields of an object without managedFields', async () => {
    await apply('me', { size: 3, note: 'x' });
    await expectStatus(cluster.api.patch(path, 'merge', { metadata: { managedFields: [{}] } }), 200);
    const { body } = await cluster.api.get(path);
    expect(body.metadata.managedFields).toBeUndefined();
    const conflict = await expectStatus(send('you', { size: 4 }), 409);
    expect(conflict.message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using conformance.example.com/v1: .spec.size',
    );
    const same = await apply('you', { size: 3 });
    expect(same.metadata.managedFields?.map(({ manager }) => manager).sort()).toEqual([
      'before-first-apply',
      'you',
    ]);
  });

  it('of the status subresource owns only the status', async () => {
    await apply('me', { size: 3 });
    const conditions = [{ type: 'Ready', status: 'True' }];
    const body = await expectStatus(
      cluster.api.apply(`${path}/status`, 'controller', {
        ...widget(name),
        spec: undefined,
        status: { conditions },
      }),
      200,
    );
    expect(body.status).toEqual({ conditions });
    expect(owned(body, 'controller')).toEqual({
      'f:status': { 'f:conditions': { 'k:{"type":"Ready"}': { '.': {}, 'f:type': {}, 'f:status': {} } } },
    });
    const more = await expectStatus(
      cluster.api.apply(`${path}/status`, 'another', {
        ...widget(name),
        spec: undefined,
        status: { conditions: [{ type: 'Bound', status: 'False' }] },
      }),
      200,
    );
    expect(more.status['conditions']).toEqual([...conditions, { type: 'Bound', status: 'False' }]);
  });

  it('stores nothing in a dry run', async () => {
    const { status } = await send('me', { size: 3 }, {}, { dryRun: 'All' });
    expect(status).toBe(201);
    await expectStatus(cluster.api.get(path), 404);
  });

  describe('rejects a request', () => {
    it('without a field manager', async () => {
      const body = await expectStatus(cluster.api.patch(path, 'apply', widget(name)), 422);
      expect(causesOf(body)).toEqual([
        'fieldManager | FieldValueRequired | Required value: is required for apply patch',
      ]);
    });

    it('with managedFields in it', async () => {
      const metadata = { managedFields: [{ manager: 'x', operation: 'Apply', apiVersion: 'v1' }] };
      const body = await expectStatus(send('me', {}, metadata), 400);
      expect(body.message).toBe('metadata.managedFields must be nil');
    });

    it('for another kind', async () => {
      const body = await expectStatus(
        cluster.api.apply(path, 'me', { ...widget(name), kind: 'Gadget' }),
        400,
      );
      expect(body.message).toBe('invalid object type: conformance.example.com/v1, Kind=Gadget');
    });

    it('with an outdated resource version', async () => {
      await apply('me', { size: 3 });
      const body = await expectStatus(send('me', { size: 4 }, { resourceVersion: '1' }), 409);
      expect(body.message).toContain('the object has been modified');
    });

    it('whose result is invalid', async () => {
      const body = await expectStatus(send('me', { size: 1000 }), 422);
      expect(causesOf(body)).toEqual([
        'spec.size | FieldValueInvalid | Invalid value: 1000: spec.size in body should be less than or equal to 100',
      ]);
    });

    it.each([
      ['fields that the schema does not have', { zeta: 1 }, '.spec.zeta: field not declared in schema'],
      ['a value of a wrong type', { size: 'x' }, '.spec.size: expected numeric (int or float), got string'],
      ['a duplicate key', { tags: ['a', 'a'] }, '.spec.tags: duplicate entries for key [="a"]'],
    ])('with %s', async (_title, spec, problem) => {
      const { status, body } = await send('me', spec);
      expect(status).toBe(500);
      expect(body.message).toBe(
        `failed to create typed patch object (/${name}; conformance.example.com/v1, Kind=Widget): ${problem}`,
      );
    });

    it('with force for another patch type', async () => {
      await apply('me', {});
      const body = await expectStatus(cluster.api.patch(path, 'merge', {}, { query: { force: true } }), 422);
      expect(causesOf(body)).toEqual([
        'force | FieldValueForbidden | Forbidden: may not be specified for non-apply patch',
      ]);
    });
  });

  it('supports built-in kinds', async () => {
    const configMap = `/api/v1/namespaces/default/configmaps/${name}`;
    const manifest = (data: Manifest) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
    await expectStatus(cluster.api.apply(configMap, 'one', manifest({ a: '1' })), 201);
    const body = await expectStatus(cluster.api.apply(configMap, 'two', manifest({ b: '2' })), 200);
    expect(body.data).toEqual({ a: '1', b: '2' });
    expect((await expectStatus(cluster.api.apply(configMap, 'one', manifest({})), 200)).data).toEqual({
      b: '2',
    });
    const conflict = await expectStatus(cluster.api.apply(configMap, 'one', manifest({ b: '3' })), 409);
    expect(conflict.message).toBe('Apply failed with 1 conflict: conflict with "two": .data.b');
  });
});
