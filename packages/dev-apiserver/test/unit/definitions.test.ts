import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiServer } from '../../src/index.ts';
import type { ApiObject } from '../support/api-object.ts';
import { ApiClient } from '../support/client.ts';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const things = '/apis/example.com/v1/namespaces/default/things';
const version = (name: string, properties: object = {}, more: object = {}) => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
  ...more,
});
const definition = (versions: object[] = [version('v1', { a: { type: 'string' } })], names: object = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing', ...names },
    versions,
  },
});
const thing = (name: string, spec: object = {}, metadata: object = {}, apiVersion = 'example.com/v1') => ({
  apiVersion,
  kind: 'Thing',
  metadata: { name, ...metadata },
  spec,
});
const conditionsOf = (object: ApiObject): Record<string, unknown> =>
  Object.fromEntries(
    (object.status['conditions'] as { type: string; status: string }[]).map(({ type, status }) => [
      type,
      status,
    ]),
  );

let server: ApiServer;
let client: ApiClient;
beforeEach(async () => {
  server = await ApiServer.start();
  client = new ApiClient(server);
});
afterEach(async () => {
  client.close();
  await server.stop();
});

describe('a custom resource definition', () => {
  it('is served before the create is answered', async () => {
    const { status } = await client.create(definitions, definition());
    expect(status).toBe(201);
    expect((await client.create(things, thing('a'))).status).toBe(201);
    const stored = (await client.get(`${definitions}/things.example.com`)).body;
    expect(conditionsOf(stored)).toEqual({ NamesAccepted: 'True', Established: 'True' });
    expect(stored.status).toMatchObject({
      storedVersions: ['v1'],
      acceptedNames: { singular: 'thing', listKind: 'ThingList' },
    });
  });

  it('is not served when its names are in use, and reports the conflict', async () => {
    await client.create(definitions, definition());
    const other = definition();
    other.metadata.name = 'objects.example.com';
    other.spec.names = { plural: 'objects', kind: 'Thing' };
    await client.create(definitions, other);
    const stored = (await client.get(`${definitions}/objects.example.com`)).body;
    expect(conditionsOf(stored)).toEqual({ NamesAccepted: 'False', Established: 'False' });
    expect((await client.get('/apis/example.com/v1/objects')).status).toBe(404);
  });

  it('serves the same objects in all its versions', async () => {
    await client.create(
      definitions,
      definition([version('v1', { a: { type: 'string' } }), version('v2', { a: { type: 'string' } })]),
    );
    await client.create(things, thing('a', { a: 'x' }));
    const other = await client.get(things.replace('/v1/', '/v2/'));
    expect(other.body).toMatchObject({
      apiVersion: 'example.com/v2',
      items: [{ apiVersion: 'example.com/v2', kind: 'Thing', spec: { a: 'x' } }],
    });
    expect((await client.get('/apis/example.com')).body['preferredVersion']).toEqual({
      groupVersion: 'example.com/v2',
      version: 'v2',
    });
  });

  it('returns a warning for a deprecated version', async () => {
    await client.create(
      definitions,
      definition([version('v1', {}, { deprecated: true, deprecationWarning: 'use v2' })]),
    );
    expect((await client.get(things)).headers['warning']).toBe('299 - "use v2"');
  });

  it('applies a changed schema to stored objects without a new resource version', async () => {
    await client.create(
      definitions,
      definition([version('v1', { a: { type: 'string' }, b: { type: 'string' } })]),
    );
    const created = (await client.create(things, thing('a', { a: 'x', b: 'y' }))).body;
    const schema = { a: { type: 'string' }, c: { type: 'string', default: 'z' } };
    await client.patch(`${definitions}/things.example.com`, 'merge', {
      spec: { versions: [version('v1', schema)] },
    });
    const { spec, metadata } = (await client.get(`${things}/a`)).body;
    expect(spec).toEqual({ a: 'x', c: 'z' });
    expect(metadata.resourceVersion).toBe(created.metadata.resourceVersion);
  });

  it('deletes its objects, and waits for objects with finalizers', async () => {
    await client.create(definitions, definition());
    await client.create(things, thing('held', {}, { finalizers: ['example.com/hold'] }));
    await client.create(things, thing('free'));
    const watch = await client.watch(things);
    const { body } = await client.delete(`${definitions}/things.example.com`);
    expect(body.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    expect((await client.get(things)).body.items.map(({ metadata }) => metadata.name)).toEqual(['held']);
    expect((await client.create(things, thing('late'))).status).toBe(405);
    await client.patch(`${things}/held`, 'merge', { metadata: { finalizers: null } });
    expect((await client.get(`${definitions}/things.example.com`)).status).toBe(404);
    expect((await client.get(things)).status).toBe(404);
    while ((await watch.next()) !== undefined);
    expect(watch.ended).toBe(true);
  });

  it('can be created again without the old objects', async () => {
    await client.create(definitions, definition());
    await client.create(things, thing('a'));
    await client.delete(`${definitions}/things.example.com`);
    expect((await client.create(definitions, definition())).status).toBe(201);
    expect((await client.get(things)).body.items).toEqual([]);
  });

  it.each<[string, object, string]>([
    [
      'a name that is not plural and group',
      { ...definition(), metadata: { name: 'others.example.com' } },
      'metadata.name',
    ],
    ['no storage version', definition([version('v1', {}, { storage: false })]), 'spec.versions'],
    [
      'two storage versions',
      definition([version('v1'), version('v2', {}, { storage: true })]),
      'spec.versions',
    ],
    [
      'two versions with the same name',
      definition([version('v1'), version('v1', {}, { storage: false })]),
      'spec.versions',
    ],
    [
      'a version without a schema',
      definition([{ name: 'v1', served: true, storage: true }]),
      'spec.versions[0].schema.openAPIV3Schema',
    ],
    [
      'a column with an unsupported JSON path',
      definition([
        version('v1', {}, { additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.a[' }] }),
      ]),
      'spec.versions[0].additionalPrinterColumns[0].jsonPath',
    ],
    [
      'a scale subresource, which the server does not support',
      definition([version('v1', {}, { subresources: { scale: {} } })]),
      'spec.versions[0].subresources.scale',
    ],
    [
      'a conversion webhook, which the server does not support',
      { ...definition(), spec: { ...definition().spec, conversion: { strategy: 'Webhook' } } },
      'spec.conversion.strategy',
    ],
    ['another scope', { ...definition(), spec: { ...definition().spec, scope: 'Galaxy' } }, 'spec.scope'],
  ])('is rejected with %s', async (_, body, field) => {
    const refused = await client.create(definitions, body);
    expect(refused.status).toBe(422);
    expect(refused.body.details?.causes?.map((cause) => cause.field)).toContain(field);
  });

  it('does not change its scope, its kind and its stored versions', async () => {
    await client.create(definitions, definition([version('v1'), version('v2')]));
    const path = `${definitions}/things.example.com`;
    for (const [spec, field] of [
      [{ scope: 'Cluster' }, 'spec.scope'],
      [{ names: { kind: 'Other' } }, 'spec.names.kind'],
      [{ versions: [version('v2', {}, { storage: true })] }, 'status.storedVersions[0]'],
    ] as const) {
      const refused = await client.patch(path, 'merge', { spec });
      expect([refused.status, refused.body.details?.causes?.[0]?.field]).toEqual([422, field]);
    }
  });
});
