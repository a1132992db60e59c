import { beforeAll, describe, expect, it } from '@jest/globals';
import { causesOf, conformance, expectStatus } from '../support/conformance.ts';
import { gadget, gadgetCrd, gadgets, widget, widgetCrd, widgets } from '../support/widgets.ts';

conformance('the create and get API', (cluster) => {
  beforeAll(() => cluster.install(widgetCrd, gadgetCrd));

  it('sets the identity of an object, and returns the object as stored', async () => {
    const created = await expectStatus(
      cluster.api.create(widgets('default'), widget('first', { label: 'abc' })),
      201,
    );
    expect(created).toMatchObject({
      kind: 'Widget',
      metadata: {
        name: 'first',
        namespace: 'default',
        generation: 1,
        uid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        resourceVersion: expect.stringMatching(/^[1-9]\d*$/),
        creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    });
    expect(await expectStatus(cluster.api.get(widgets('default', 'first')), 200)).toEqual(created);
  });

  it('ignores uid, generation, timestamps and status of the client', async () => {
    const metadata = {
      uid: 'mine',
      generation: 7,
      creationTimestamp: '2001-01-01T00:00:00Z',
      deletionTimestamp: '2001-01-01T00:00:00Z',
      selfLink: '/x',
    };
    const body = { ...widget('pretender', {}, metadata), status: { phase: 'Done' } };
    const created = await expectStatus(cluster.api.create(widgets('default'), body), 201);
    expect(created.metadata.uid).not.toBe('mine');
    expect(created.metadata.generation).toBe(1);
    expect(created.metadata.creationTimestamp).not.toMatch(/^2001/);
    expect(created.metadata.deletionTimestamp).toBeUndefined();
    expect(created.status).toBeUndefined();
  });

  it('keeps the status of a kind without a status subresource', async () => {
    const body = { ...gadget('with-status'), status: { b: 'x' } };
    const created = await expectStatus(cluster.api.create(gadgets(), body), 201);
    expect(created.status).toEqual({ b: 'x' });
  });

  it('generates a name from generateName', async () => {
    const { metadata } = await expectStatus(
      cluster.api.create(widgets('default'), { ...widget(''), metadata: { generateName: 'made-' } }),
      201,
    );
    expect(metadata.name).toMatch(/^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('reads the field manager from the query, or from the User-Agent', async () => {
    const named = await cluster.api.create(widgets('default'), widget(cluster.uniqueName()), {
      query: { fieldManager: 'me' },
    });
    const unnamed = await cluster.api.create(widgets('default'), widget(cluster.uniqueName()), {
      headers: { 'user-agent': 'curl/8.1 (x)' },
    });
    expect(named.body.metadata.managedFields?.map(({ manager }) => manager)).toEqual(['me']);
    expect(unnamed.body.metadata.managedFields?.map(({ manager }) => manager)).toEqual(['curl']);
  });

  it('stores nothing in a dry run, but returns the object', async () => {
    const query = { dryRun: 'All' };
    const created = await expectStatus(cluster.api.create(widgets('default'), widget('dry'), { query }), 201);
    expect(created).toMatchObject({ metadata: { name: 'dry', uid: expect.any(String) }, spec: { size: 5 } });
    expect(created.metadata.resourceVersion).toBeUndefined();
    await expectStatus(cluster.api.get(widgets('default', 'dry')), 404);
  });

  describe('rejects', () => {
    it('a get of an unknown object', async () => {
      expect(await expectStatus(cluster.api.get(widgets('default', 'absent')), 404)).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'widgets.conformance.example.com "absent" not found',
        reason: 'NotFound',
        details: { name: 'absent', group: 'conformance.example.com', kind: 'widgets' },
        code: 404,
      });
    });

    it('a second object of the same name', async () => {
      await expectStatus(cluster.api.create(widgets('default'), widget('twice')), 201);
      expect(await expectStatus(cluster.api.create(widgets('default'), widget('twice')), 409)).toMatchObject({
        message: 'widgets.conformance.example.com "twice" already exists',
        reason: 'AlreadyExists',
        details: { name: 'twice', group: 'conformance.example.com', kind: 'widgets' },
        code: 409,
      });
    });

    it.each([['Upper_Case'], ['-dash'], ['a'.repeat(254)], ['dot..dot']])('the name %s', async (name) => {
      const body = await expectStatus(cluster.api.create(widgets('default'), widget(name)), 422);
      expect(body).toMatchObject({
        reason: 'Invalid',
        code: 422,
        details: { name, group: 'conformance.example.com', kind: 'Widget' },
      });
      expect(body.details?.causes).toEqual([
        {
          reason: 'FieldValueInvalid',
          field: 'metadata.name',
          message: expect.stringContaining('Invalid value: '),
        },
      ]);
    });

    it('an object without a name', async () => {
      const body = await expectStatus(
        cluster.api.create(widgets('default'), { ...widget(''), metadata: {} }),
        422,
      );
      expect(causesOf(body)).toEqual([
        expect.stringMatching(/^<nil> .* some validation rules were not checked/),
        'metadata.name | FieldValueRequired | Required value: name or generateName is required',
      ]);
    });

    it('malformed labels, annotations and finalizers', async () => {
      const metadata = {
        labels: { 'a b': 'x', ok: '-bad-' },
        annotations: { 'UPPER/': 'x' },
        finalizers: ['not/a/name'],
      };
      const body = await expectStatus(
        cluster.api.create(widgets('default'), widget('labels', {}, metadata)),
        422,
      );
      const fields = new Set(body.details?.causes?.map(({ field }) => field));
      expect(fields).toEqual(new Set(['metadata.labels', 'metadata.annotations', 'metadata.finalizers']));
    });

    it('an object whose kind differs from the path', async () => {
      const body = await expectStatus(
        cluster.api.create(widgets('default'), { ...widget('x'), kind: 'Gadget' }),
        422,
      );
      expect(causesOf(body)).toEqual(['kind | FieldValueInvalid | Invalid value: "Gadget": must be Widget']);
    });

    it('an object whose version differs from the path', async () => {
      const body = await expectStatus(
        cluster.api.create(widgets('default'), { ...widget('x'), apiVersion: 'conformance.example.com/v2' }),
        400,
      );
      expect(body.message).toBe(
        'the API version in the data (conformance.example.com/v2) does not match the expected API version (conformance.example.com/v1)',
      );
    });

    it('an object whose namespace differs from the path', async () => {
      const body = widget('elsewhere', {}, { namespace: 'kube-system' });
      expect(await expectStatus(cluster.api.create(widgets('default'), body), 400)).toMatchObject({
        reason: 'BadRequest',
        message: 'the namespace of the provided object does not match the namespace sent on the request',
      });
    });

    it('a create of a namespaced object without a namespace', async () => {
      await expectStatus(cluster.api.create(widgets(), widget('nowhere')), 404);
    });

    it('an object in a namespace that does not exist', async () => {
      expect(await expectStatus(cluster.api.create(widgets('void'), widget('x')), 404)).toMatchObject({
        message: 'namespaces "void" not found',
        reason: 'NotFound',
        details: { name: 'void', kind: 'namespaces' },
      });
    });

    it('a body that is not JSON', async () => {
      const body = await expectStatus(cluster.api.create(widgets('default'), '{"kind": '), 400);
      expect(body).toMatchObject({ reason: 'BadRequest', code: 400 });
    });

    it('an unsupported content type', async () => {
      const body = await expectStatus(
        cluster.api.create(widgets('default'), 'x', { headers: { 'content-type': 'text/plain' } }),
        415,
      );
      expect(body.reason).toBe('UnsupportedMediaType');
    });

    it('an unsupported method', async () => {
      const body = await expectStatus(cluster.api.delete(`${widgets('default', 'x')}/status`), 405);
      expect(body.reason).toBe('MethodNotAllowed');
    });

    it('a PUT to a collection', async () => {
      const body = await expectStatus(
        cluster.api.request('PUT', widgets('default'), { body: widget('x') }),
        400,
      );
      expect(body).toMatchObject({ reason: 'BadRequest', message: 'name must be provided' });
    });
  });

  it('accepts and returns YAML', async () => {
    const yaml =
      'apiVersion: conformance.example.com/v1\nkind: Widget\nmetadata:\n  name: yaml\nspec:\n  size: 7\n';
    const created = await expectStatus(
      cluster.api.create(widgets('default'), yaml, { headers: { 'content-type': 'application/yaml' } }),
      201,
    );
    expect(created.spec['size']).toBe(7);
  });

  it('serves built-in kinds', async () => {
    const namespace = await cluster.namespace();
    const path = `/api/v1/namespaces/${namespace}`;
    const secret = await expectStatus(
      cluster.api.create(`${path}/secrets`, { metadata: { name: 's' }, stringData: { a: 'b' } }),
      201,
    );
    expect(secret).toMatchObject({ kind: 'Secret', data: { a: 'Yg==' }, type: 'Opaque' });
    expect(secret['stringData']).toBeUndefined();
    const configMap = await expectStatus(
      cluster.api.create(`${path}/configmaps`, { metadata: { name: 'c' }, data: { a: 'b' } }),
      201,
    );
    expect(configMap.data).toEqual({ a: 'b' });
    const lease = await expectStatus(
      cluster.api.create(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`, {
        metadata: { name: 'l' },
        spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z' },
      }),
      201,
    );
    expect(lease.spec).toEqual({
      holderIdentity: 'me',
      leaseDurationSeconds: 15,
      renewTime: '2026-01-01T00:00:00.000000Z',
    });
  });
});
