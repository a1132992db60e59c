import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiObject } from '../support/api-object.ts';
import { causesOf, conformance, expectStatus } from '../support/conformance.ts';
import { gadget, gadgetCrd, gadgets, widget, widgetCrd, widgets } from '../support/widgets.ts';

conformance('changing objects', (cluster) => {
  let name = '';
  let path = '';
  let stored: ApiObject;

  beforeAll(() => cluster.install(widgetCrd, gadgetCrd));

  beforeEach(async () => {
    name = cluster.uniqueName('w');
    path = widgets('default', name);
    const sample = widget(name, { size: 3, tags: ['x'] }, { labels: { a: '1' } });
    stored = await expectStatus(cluster.api.create(widgets('default'), sample), 201);
  });

  const merge = (body: unknown, query: Record<string, string> = {}): Promise<ApiObject> =>
    expectStatus(cluster.api.patch(path, 'merge', body, { query }), 200);

  describe('replacing', () => {
    it('stores the new object with a new resource version', async () => {
      const body = { ...stored, spec: { size: 4 } };
      const replaced = await expectStatus(cluster.api.replace(path, body), 200);
      expect(replaced.spec['size']).toBe(4);
      expect(replaced.spec['tags']).toBeUndefined();
      expect(replaced.metadata.uid).toBe(stored.metadata.uid);
      expect(Number(replaced.metadata.resourceVersion)).toBeGreaterThan(
        Number(stored.metadata.resourceVersion),
      );
    });

    it('refuses a stale resource version', async () => {
      await merge({ spec: { size: 9 } });
      expect(await expectStatus(cluster.api.replace(path, stored), 409)).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `Operation cannot be fulfilled on widgets.conformance.example.com "${name}": the object has been modified; please apply your changes to the latest version and try again`,
        reason: 'Conflict',
        details: { name, group: 'conformance.example.com', kind: 'widgets' },
        code: 409,
      });
    });

    it('refuses a custom resource without a resource version', async () => {
      const body = await expectStatus(cluster.api.replace(path, widget(name)), 422);
      expect(causesOf(body)).toEqual([
        'metadata.resourceVersion | FieldValueInvalid | Invalid value: 0: must be specified for an update',
      ]);
    });

    it('takes a built-in object without a resource version', async () => {
      const configMaps = '/api/v1/namespaces/default/configmaps';
      await expectStatus(cluster.api.create(configMaps, { metadata: { name }, data: { a: '1' } }), 201);
      const body = { metadata: { name }, data: { a: '2' } };
      expect((await expectStatus(cluster.api.replace(`${configMaps}/${name}`, body), 200)).data).toEqual({
        a: '2',
      });
    });

    it('refuses another name or uid than the object has', async () => {
      const renamed = { ...stored, metadata: { ...stored.metadata, name: 'another' } };
      expect(await expectStatus(cluster.api.replace(path, renamed), 400)).toMatchObject({
        reason: 'BadRequest',
        message: `the name of the object (another) does not match the name on the URL (${name})`,
      });
      const other = { ...stored, metadata: { ...stored.metadata, uid: 'other' } };
      expect(await expectStatus(cluster.api.replace(path, other), 409)).toMatchObject({
        reason: 'Conflict',
        message: expect.stringContaining(
          `Precondition failed: UID in precondition: other, UID in object meta: ${stored.metadata.uid}`,
        ),
      });
    });

    it('does not create', async () => {
      const absent = { ...stored, metadata: { name: 'absent', resourceVersion: '1' } };
      await expectStatus(cluster.api.replace(widgets('default', 'absent'), absent), 404);
    });
  });

  describe('generation', () => {
    it('grows with the spec, and not with metadata or status', async () => {
      expect((await merge({ metadata: { labels: { b: '2' } } })).metadata.generation).toBe(1);
      expect((await merge({ spec: { size: 4 } })).metadata.generation).toBe(2);
      await expectStatus(cluster.api.patch(`${path}/status`, 'merge', { status: { phase: 'x' } }), 200);
      expect((await expectStatus(cluster.api.get(path), 200)).metadata.generation).toBe(2);
      expect((await merge({ metadata: { generation: 9 } })).metadata.generation).toBe(2);
    });

    it('grows with the status of a kind without a status subresource', async () => {
      await expectStatus(cluster.api.create(gadgets(), gadget(name)), 201);
      const patched = await expectStatus(
        cluster.api.patch(gadgets(name), 'merge', { status: { b: 'x' } }),
        200,
      );
      expect(patched.metadata.generation).toBe(2);
    });
  });

  describe('the status subresource', () => {
    it('changes status alone', async () => {
      const body = { ...stored, spec: { size: 50 }, status: { phase: 'Ready' } };
      const answer = await expectStatus(cluster.api.replace(`${path}/status`, body), 200);
      expect(answer).toMatchObject({
        spec: { size: 3 },
        status: { phase: 'Ready' },
        metadata: { generation: 1 },
      });
    });

    it('cannot change labels', async () => {
      const body = { metadata: { labels: { b: '2' } }, status: { phase: 'x' } };
      const answer = await expectStatus(cluster.api.patch(`${path}/status`, 'merge', body), 200);
      expect(answer.metadata.labels).toEqual({ a: '1' });
    });

    it('keeps its hands off when the object is replaced', async () => {
      await expectStatus(cluster.api.patch(`${path}/status`, 'merge', { status: { phase: 'x' } }), 200);
      const answer = await merge({ status: { phase: 'y' }, spec: { size: 8 } });
      expect(answer).toMatchObject({ status: { phase: 'x' }, spec: { size: 8 } });
    });

    it('is read at its own path', async () => {
      expect((await expectStatus(cluster.api.get(`${path}/status`), 200)).spec['size']).toBe(3);
    });

    it('is validated by the schema, with causes that speak from the status', async () => {
      const body = await expectStatus(
        cluster.api.patch(`${path}/status`, 'merge', { status: { count: 'many', phase: 1 } }),
        422,
      );
      expect(causesOf(body)).toEqual([
        expect.stringMatching(/^<nil> .* some validation rules were not checked/),
        'status.count | FieldValueTypeInvalid | Invalid value: "string": count in body must be of type integer: "string"',
        'status.phase | FieldValueTypeInvalid | Invalid value: "integer": phase in body must be of type string: "integer"',
      ]);
    });

    it('does not exist where the CRD has none', async () => {
      await expectStatus(cluster.api.create(gadgets(), gadget(name)), 201);
      await expectStatus(cluster.api.get(`${gadgets(name)}/status`), 404);
    });
  });

  describe('a merge patch', () => {
    it('changes members, and removes those that are null', async () => {
      const answer = await merge({ spec: { size: 7, tags: null }, metadata: { labels: { b: '2' } } });
      expect(answer.spec['size']).toBe(7);
      expect(answer.spec['tags']).toBeUndefined();
      expect(answer.metadata.labels).toEqual({ a: '1', b: '2' });
    });

    it('replaces lists', async () => {
      expect((await merge({ spec: { tags: ['y', 'z'] } })).spec['tags']).toEqual(['y', 'z']);
    });

    it('that changes nothing leaves the resource version', async () => {
      const answer = await merge({ spec: { size: 3 } });
      expect(answer.metadata.resourceVersion).toBe(stored.metadata.resourceVersion);
      expect(answer).toEqual(stored);
    });

    it('refuses a stale resource version', async () => {
      await merge({ spec: { size: 9 } });
      const body = { metadata: { resourceVersion: stored.metadata.resourceVersion }, spec: { size: 10 } };
      expect((await expectStatus(cluster.api.patch(path, 'merge', body), 409)).reason).toBe('Conflict');
    });

    it('with the uid of the object goes through, with another is refused', async () => {
      const { uid } = stored.metadata;
      expect((await merge({ metadata: { uid }, spec: { size: 6 } })).spec['size']).toBe(6);
      const other = '00000000-0000-4000-8000-000000000000';
      const foreign = { metadata: { uid: other }, spec: { size: 7 } };
      const answer = await expectStatus(cluster.api.patch(path, 'merge', foreign), 422);
      expect(causesOf(answer)).toEqual([
        `metadata.uid | FieldValueInvalid | Invalid value: "${other}": field is immutable`,
      ]);
    });

    it('of what is not there is refused', async () => {
      const answer = await expectStatus(cluster.api.patch(widgets('default', 'absent'), 'merge', {}), 404);
      expect(answer.reason).toBe('NotFound');
    });

    it('that is no object is refused', async () => {
      await expectStatus(cluster.api.patch(path, 'merge', '[1'), 400);
    });

    it('cannot change the name', async () => {
      const answer = await expectStatus(cluster.api.patch(path, 'merge', { metadata: { name: 'new' } }), 400);
      expect(answer.message).toBe(
        `the name of the object (new) does not match the name on the URL (${name})`,
      );
    });
  });

  describe('a JSON patch', () => {
    const json = (operations: unknown) => cluster.api.patch(path, 'json', operations);

    it('adds, replaces, tests, copies, moves and removes', async () => {
      const answer = await expectStatus(
        json([
          { op: 'test', path: '/spec/size', value: 3 },
          { op: 'replace', path: '/spec/size', value: 4 },
          { op: 'add', path: '/spec/tags/-', value: 'y' },
          { op: 'add', path: '/spec/tags/0', value: 'w' },
          { op: 'add', path: '/metadata/labels/a~1b', value: '1' },
          { op: 'copy', from: '/metadata/labels/a', path: '/metadata/labels/c' },
          { op: 'move', from: '/metadata/labels/c', path: '/metadata/labels/d' },
          { op: 'remove', path: '/metadata/labels/a' },
        ]),
        200,
      );
      expect(answer).toMatchObject({ spec: { size: 4, tags: ['w', 'x', 'y'] } });
      expect(answer.metadata.labels).toEqual({ 'a/b': '1', d: '1' });
    });

    it('is refused as a whole when a test fails', async () => {
      const answer = await expectStatus(
        json([
          { op: 'replace', path: '/spec/size', value: 4 },
          { op: 'test', path: '/spec/size', value: 99 },
        ]),
        422,
      );
      expect(answer).toMatchObject({
        reason: 'Invalid',
        message: 'the server rejected our request due to an error in our request',
      });
      expect((await expectStatus(cluster.api.get(path), 200)).spec['size']).toBe(3);
    });

    it('is refused when a path does not exist', async () => {
      expect((await expectStatus(json([{ op: 'remove', path: '/spec/nothing' }]), 422)).reason).toBe(
        'Invalid',
      );
      expect((await expectStatus(json([{ op: 'replace', path: '/spec/a/b', value: 1 }]), 422)).reason).toBe(
        'Invalid',
      );
    });

    it('is refused when it is no list of operations', async () => {
      expect((await expectStatus(json({ op: 'add' }), 400)).reason).toBe('BadRequest');
    });
  });

  it('refuses a strategic merge patch of a custom resource', async () => {
    const headers = { 'content-type': 'application/strategic-merge-patch+json' };
    const answer = await expectStatus(cluster.api.request('PATCH', path, { body: {}, headers }), 415);
    expect(answer).toMatchObject({
      reason: 'UnsupportedMediaType',
      message:
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    });
  });

  it('merges lists by key in a strategic merge patch of a built-in kind', async () => {
    const headers = { 'content-type': 'application/strategic-merge-patch+json' };
    const configMaps = '/api/v1/namespaces/default/configmaps';
    const metadata = { name, finalizers: ['example.com/a'] };
    await expectStatus(cluster.api.create(configMaps, { metadata, data: { a: '1', b: '2' } }), 201);
    const body = { metadata: { finalizers: ['example.com/b'] }, data: { a: null, c: '3' } };
    const answer = await expectStatus(
      cluster.api.request('PATCH', `${configMaps}/${name}`, { body, headers }),
      200,
    );
    expect(answer.data).toEqual({ b: '2', c: '3' });
    expect(new Set(answer.metadata.finalizers)).toEqual(new Set(['example.com/a', 'example.com/b']));
  });

  it('changes nothing on a dry run', async () => {
    const answer = await merge({ spec: { size: 99 } }, { dryRun: 'All' });
    expect(answer.spec['size']).toBe(99);
    expect(await expectStatus(cluster.api.get(path), 200)).toEqual(stored);
  });

  it('refuses a dry run that is none', async () => {
    const answer = await expectStatus(
      cluster.api.patch(path, 'merge', {}, { query: { dryRun: 'Maybe' } }),
      422,
    );
    expect(causesOf(answer)).toEqual([
      'dryRun | FieldValueNotSupported | Unsupported value: ["Maybe"]: supported values: "All"',
    ]);
  });

  it('records who changed what', async () => {
    await merge({ spec: { size: 4 } }, { fieldManager: 'sizer' });
    const query = { fieldManager: 'reporter' };
    const answer = await expectStatus(
      cluster.api.patch(`${path}/status`, 'merge', { status: { phase: 'x' } }, { query }),
      200,
    );
    const entries = answer.metadata.managedFields?.map(({ manager, operation, subresource, fieldsV1 }) => ({
      manager,
      operation,
      subresource,
      fieldsV1,
    }));
    expect(entries).toEqual(
      expect.arrayContaining([
        {
          manager: 'sizer',
          operation: 'Update',
          subresource: undefined,
          fieldsV1: { 'f:spec': { 'f:size': {} } },
        },
        {
          manager: 'reporter',
          operation: 'Update',
          subresource: 'status',
          fieldsV1: { 'f:status': { '.': {}, 'f:phase': {} } },
        },
      ]),
    );
  });
});
