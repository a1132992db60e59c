import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiObject } from '../support/api-object.ts';
import { causesOf, conformance, expectStatus } from '../support/conformance.ts';
import { gadget, gadgetCrd, gadgets, widget, widgetCrd, widgets } from '../support/widgets.ts';

conformance('the update and patch API', (cluster) => {
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

  describe('with PUT', () => {
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

    it('rejects an outdated resource version', async () => {
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

    it('rejects a custom resource without a resource version', async () => {
      const body = await expectStatus(cluster.api.replace(path, widget(name)), 422);
      expect(causesOf(body)).toEqual([
        'metadata.resourceVersion | FieldValueInvalid | Invalid value: 0: must be specified for an update',
      ]);
    });

    it('accepts a built-in object without a resource version', async () => {
      const configMaps = '/api/v1/namespaces/default/configmaps';
      await expectStatus(cluster.api.create(configMaps, { metadata: { name }, data: { a: '1' } }), 201);
      const body = { metadata: { name }, data: { a: '2' } };
      expect((await expectStatus(cluster.api.replace(`${configMaps}/${name}`, body), 200)).data).toEqual({
        a: '2',
      });
    });

    it('rejects a different name or UID', async () => {
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

    it('does not create objects', async () => {
      const absent = { ...stored, metadata: { name: 'absent', resourceVersion: '1' } };
      await expectStatus(cluster.api.replace(widgets('default', 'absent'), absent), 404);
    });
  });

  describe('for the generation', () => {
    it('counts changes of the spec, but not of metadata and status', async () => {
      expect((await merge({ metadata: { labels: { b: '2' } } })).metadata.generation).toBe(1);
      expect((await merge({ spec: { size: 4 } })).metadata.generation).toBe(2);
      await expectStatus(cluster.api.patch(`${path}/status`, 'merge', { status: { phase: 'x' } }), 200);
      expect((await expectStatus(cluster.api.get(path), 200)).metadata.generation).toBe(2);
      expect((await merge({ metadata: { generation: 9 } })).metadata.generation).toBe(2);
    });

    it('counts changes of the status of a kind without a status subresource', async () => {
      await expectStatus(cluster.api.create(gadgets(), gadget(name)), 201);
      const patched = await expectStatus(
        cluster.api.patch(gadgets(name), 'merge', { status: { b: 'x' } }),
        200,
      );
      expect(patched.metadata.generation).toBe(2);
    });
  });

  describe('for the status subresource', () => {
    it('changes only the status', async () => {
      const body = { ...stored, spec: { size: 50 }, status: { phase: 'Ready' } };
      const answer = await expectStatus(cluster.api.replace(`${path}/status`, body), 200);
      expect(answer).toMatchObject({
        spec: { size: 3 },
        status: { phase: 'Ready' },
        metadata: { generation: 1 },
      });
    });

    it('does not change labels', async () => {
      const body = { metadata: { labels: { b: '2' } }, status: { phase: 'x' } };
      const answer = await expectStatus(cluster.api.patch(`${path}/status`, 'merge', body), 200);
      expect(answer.metadata.labels).toEqual({ a: '1' });
    });

    it('keeps the status when the object is replaced', async () => {
      await expectStatus(cluster.api.patch(`${path}/status`, 'merge', { status: { phase: 'x' } }), 200);
      const answer = await merge({ status: { phase: 'y' }, spec: { size: 8 } });
      expect(answer).toMatchObject({ status: { phase: 'x' }, spec: { size: 8 } });
    });

    it('returns the object at the path of the subresource', async () => {
      expect((await expectStatus(cluster.api.get(`${path}/status`), 200)).spec['size']).toBe(3);
    });

    it('validates the status with causes relative to the status', async () => {
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

    it('returns 404 when the CRD has no status subresource', async () => {
      await expectStatus(cluster.api.create(gadgets(), gadget(name)), 201);
      await expectStatus(cluster.api.get(`${gadgets(name)}/status`), 404);
    });
  });

  describe('with a merge patch', () => {
    it('changes fields and removes null fields', async () => {
      const answer = await merge({ spec: { size: 7, tags: null }, metadata: { labels: { b: '2' } } });
      expect(answer.spec['size']).toBe(7);
      expect(answer.spec['tags']).toBeUndefined();
      expect(answer.metadata.labels).toEqual({ a: '1', b: '2' });
    });

    it('replaces lists', async () => {
      expect((await merge({ spec: { tags: ['y', 'z'] } })).spec['tags']).toEqual(['y', 'z']);
    });

    it('keeps the resource version when nothing changes', async () => {
      const answer = await merge({ spec: { size: 3 } });
      expect(answer.metadata.resourceVersion).toBe(stored.metadata.resourceVersion);
      expect(answer).toEqual(stored);
    });

    it('rejects an outdated resource version', async () => {
      await merge({ spec: { size: 9 } });
      const body = { metadata: { resourceVersion: stored.metadata.resourceVersion }, spec: { size: 10 } };
      expect((await expectStatus(cluster.api.patch(path, 'merge', body), 409)).reason).toBe('Conflict');
    });

    it('accepts the UID of the object and rejects a different UID', async () => {
      const { uid } = stored.metadata;
      expect((await merge({ metadata: { uid }, spec: { size: 6 } })).spec['size']).toBe(6);
      const other = '00000000-0000-4000-8000-000000000000';
      const foreign = { metadata: { uid: other }, spec: { size: 7 } };
      const answer = await expectStatus(cluster.api.patch(path, 'merge', foreign), 422);
      expect(causesOf(answer)).toEqual([
        `metadata.uid | FieldValueInvalid | Invalid value: "${other}": field is immutable`,
      ]);
    });

    it('returns 404 for an unknown object', async () => {
      const answer = await expectStatus(cluster.api.patch(widgets('default', 'absent'), 'merge', {}), 404);
      expect(answer.reason).toBe('NotFound');
    });

    it('rejects a patch that is not an object', async () => {
      await expectStatus(cluster.api.patch(path, 'merge', '[1'), 400);
    });

    it('rejects a change of the name', async () => {
      const answer = await expectStatus(cluster.api.patch(path, 'merge', { metadata: { name: 'new' } }), 400);
      expect(answer.message).toBe(
        `the name of the object (new) does not match the name on the URL (${name})`,
      );
    });
  });

  describe('with a JSON patch', () => {
    const json = (operations: unknown) => cluster.api.patch(path, 'json', operations);

    it('adds, replaces, tests, copies, moves and removes values', async () => {
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

    it('changes nothing when a test operation fails', async () => {
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

    it('rejects a path that does not exist', async () => {
      expect((await expectStatus(json([{ op: 'remove', path: '/spec/nothing' }]), 422)).reason).toBe(
        'Invalid',
      );
      expect((await expectStatus(json([{ op: 'replace', path: '/spec/a/b', value: 1 }]), 422)).reason).toBe(
        'Invalid',
      );
    });

    it('rejects a patch that is not a list of operations', async () => {
      expect((await expectStatus(json({ op: 'add' }), 400)).reason).toBe('BadRequest');
    });
  });

  it('rejects a strategic merge patch of a custom resource', async () => {
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

  it('changes nothing in a dry run', async () => {
    const answer = await merge({ spec: { size: 99 } }, { dryRun: 'All' });
    expect(answer.spec['size']).toBe(99);
    expect(await expectStatus(cluster.api.get(path), 200)).toEqual(stored);
  });

  it('rejects an invalid dryRun value', async () => {
    const answer = await expectStatus(
      cluster.api.patch(path, 'merge', {}, { query: { dryRun: 'Maybe' } }),
      422,
    );
    expect(causesOf(answer)).toEqual([
      'dryRun | FieldValueNotSupported | Unsupported value: ["Maybe"]: supported values: "All"',
    ]);
  });

  it('records the fields that each manager changed', async () => {
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
