import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiServer } from '../../src/index.ts';
import { ApiClient } from '../support/client.ts';

const core = '/api/v1/namespaces/default';
const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const strategic = { headers: { 'content-type': 'application/strategic-merge-patch+json' } };
const table = { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } };

let server: ApiServer;
let client: ApiClient;
beforeAll(async () => {
  server = await ApiServer.start();
  client = new ApiClient(server);
});
afterAll(async () => {
  client.close();
  await server.stop();
});

describe('an Event', () => {
  const event = {
    metadata: { name: 'e1' },
    involvedObject: { kind: 'Port', namespace: 'default', name: 'p1' },
    reason: 'Bound',
    message: 'it is up',
    type: 'Normal',
    count: 3,
    source: { component: 'operator' },
  };

  it('is the same object in both API groups, with the field names of each group', async () => {
    await client.create(`${core}/events`, event);
    const { body } = await client.get('/apis/events.k8s.io/v1/namespaces/default/events/e1');
    expect(body).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      regarding: { name: 'p1' },
      note: 'it is up',
      deprecatedCount: 3,
      deprecatedSource: { component: 'operator' },
    });
    expect(body).not.toHaveProperty('message');
    const newer = {
      metadata: { name: 'e2' },
      regarding: { kind: 'Port', name: 'p2' },
      note: 'n',
      reason: 'r',
      action: 'a',
      reportingController: 'example.com/c',
      reportingInstance: 'i',
      eventTime: '2030-01-01T00:00:00.000001Z',
    };
    await client.create('/apis/events.k8s.io/v1/namespaces/default/events', newer);
    expect((await client.get(`${core}/events/e2`)).body).toMatchObject({
      involvedObject: { name: 'p2' },
      message: 'n',
    });
  });

  it('can be selected by its regarding object', async () => {
    const selected = await client.get(`${core}/events`, {
      query: { fieldSelector: 'involvedObject.name=p1,type=Normal' },
    });
    expect(selected.body.items.map(({ metadata }) => metadata.name)).toEqual(['e1']);
    const newer = await client.get('/apis/events.k8s.io/v1/events', {
      query: { fieldSelector: 'regarding.name=p2' },
    });
    expect(newer.body.items.map(({ metadata }) => metadata.name)).toEqual(['e2']);
  });

  it('is sent to watches in both groups', async () => {
    const watch = await client.watch('/apis/events.k8s.io/v1/events', {
      resourceVersion: server.resourceVersion,
    });
    await client.patch(`${core}/events/e1`, 'merge', { message: 'again' });
    expect(await watch.next()).toMatchObject({
      type: 'MODIFIED',
      object: { apiVersion: 'events.k8s.io/v1', note: 'again' },
    });
    watch.stop();
  });

  it('must be in the namespace of its regarding object, or in default or kube-system for a cluster-scoped object', async () => {
    const about = (namespace: string | undefined, name: string) => ({
      ...event,
      metadata: { name },
      involvedObject: { kind: 'Port', name: 'p', ...(namespace === undefined ? {} : { namespace }) },
    });
    const refused = await client.create(`${core}/events`, about('kube-system', 'e3'));
    expect([refused.status, refused.body.details?.causes?.[0]?.field]).toEqual([
      422,
      'involvedObject.namespace',
    ]);
    expect((await client.create(`${core}/events`, about(undefined, 'e3'))).status).toBe(201);
    const elsewhere = '/api/v1/namespaces/kube-public/events';
    expect((await client.create(elsewhere, about(undefined, 'e3'))).status).toBe(422);
  });

  it('of events.k8s.io must have a reporter, an action, a reason and a time', async () => {
    const bare = { metadata: { name: 'e4' }, regarding: { kind: 'Port', namespace: 'default', name: 'p' } };
    const refused = await client.create('/apis/events.k8s.io/v1/namespaces/default/events', bare);
    expect(refused.body.details?.causes?.map(({ field }) => field)).toEqual([
      'eventTime',
      'reportingController',
      'reportingInstance',
      'action',
      'reason',
    ]);
  });

  it('shows its regarding object in a table', async () => {
    const { body } = await client.get(`${core}/events`, table);
    expect(body.rows[0]?.cells.slice(1, 4)).toEqual(['Normal', 'Bound', 'port/p1']);
  });
});

describe('a Lease', () => {
  it('can be created by an update, and requires a resourceVersion afterwards', async () => {
    const lease = {
      metadata: { name: 'l' },
      spec: { holderIdentity: 'a', renewTime: '2030-01-01T00:00:00.000000Z' },
    };
    expect((await client.replace(`${leases}/l`, lease)).status).toBe(201);
    const refused = await client.replace(`${leases}/l`, lease);
    expect([refused.status, refused.body.details?.causes?.[0]?.field]).toEqual([
      422,
      'metadata.resourceVersion',
    ]);
  });

  it('accepts only times with six fractional digits', async () => {
    const refused = await client.create(leases, {
      metadata: { name: 'x' },
      spec: { renewTime: '2030-01-01T00:00:00Z' },
    });
    expect([refused.status, refused.body.message]).toEqual([400, expect.stringContaining('parsing time')]);
  });

  it('requires a positive duration', async () => {
    const refused = await client.create(leases, {
      metadata: { name: 'x' },
      spec: { leaseDurationSeconds: 0 },
    });
    expect([refused.status, refused.body.details?.causes?.[0]?.field]).toEqual([
      422,
      'spec.leaseDurationSeconds',
    ]);
  });
});

describe('ConfigMaps and Secrets', () => {
  it('accept strategic merge patches', async () => {
    await client.create(`${core}/configmaps`, {
      metadata: { name: 'c', finalizers: ['example.com/a'] },
      data: { a: '1' },
    });
    const patch = { metadata: { finalizers: ['example.com/b'] }, data: { b: '2' } };
    const { body } = await client.request('PATCH', `${core}/configmaps/c`, { body: patch, ...strategic });
    expect([body.data, body.metadata.finalizers]).toEqual([
      { a: '1', b: '2' },
      ['example.com/a', 'example.com/b'],
    ]);
  });

  it('reject an object of another kind and values of a wrong type', async () => {
    const wrong = await client.create(`${core}/configmaps`, {
      kind: 'Secret',
      apiVersion: 'v1',
      metadata: { name: 'x' },
    });
    expect(wrong.status).toBe(400);
    const typed = await client.create(`${core}/configmaps`, { metadata: { name: 'x' }, data: { a: 1 } });
    expect([typed.status, typed.body.message]).toEqual([
      400,
      expect.stringContaining('cannot unmarshal number'),
    ]);
  });

  it('reject changes when they are immutable', async () => {
    await client.create(`${core}/configmaps`, {
      metadata: { name: 'fixed' },
      data: { a: '1' },
      immutable: true,
    });
    const refused = await client.patch(`${core}/configmaps/fixed`, 'merge', { data: { a: '2' } });
    expect([refused.status, refused.body.details?.causes?.[0]?.field]).toEqual([422, 'data']);
  });

  it('reject keys that are not file names', async () => {
    const refused = await client.create(`${core}/configmaps`, {
      metadata: { name: 'x' },
      data: { 'a/b': '' },
    });
    expect([refused.status, refused.body.details?.causes?.[0]?.field]).toEqual([422, 'data[a/b]']);
  });

  it('encode stringData of Secrets, and keep the type of Secrets', async () => {
    const { body } = await client.create(`${core}/secrets`, {
      metadata: { name: 's' },
      stringData: { a: 'b' },
    });
    expect([body.data, body['type'], body['stringData']]).toEqual([{ a: 'Yg==' }, 'Opaque', undefined]);
    const refused = await client.patch(`${core}/secrets/s`, 'merge', { type: 'other' });
    expect([refused.status, refused.body.details?.causes?.[0]?.field]).toEqual([422, 'type']);
  });
});

describe('a Namespace', () => {
  it('has a label with its name, which cannot be removed', async () => {
    await client.create('/api/v1/namespaces', { metadata: { name: 'n' } });
    const { body } = await client.patch('/api/v1/namespaces/n', 'merge', { metadata: { labels: null } });
    expect(body.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'n' });
  });

  it('must have a DNS label as its name', async () => {
    expect((await client.create('/api/v1/namespaces', { metadata: { name: 'a.b' } })).status).toBe(422);
  });

  it('shows its phase in tables, also in a watch', async () => {
    const { body } = await client.get('/api/v1/namespaces/default', table);
    expect(body.rows[0]?.cells.slice(0, 2)).toEqual(['default', 'Active']);
  });
});

describe('the OpenAPI v2 document', () => {
  it('is empty, in JSON and in protobuf', async () => {
    expect((await client.get('/openapi/v2')).body).toMatchObject({ swagger: '2.0', paths: {} });
    const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    const { status, text, headers } = await client.get('/openapi/v2', { headers: { accept } });
    expect([status, headers['content-type'], text.startsWith('\n\u00032.0')]).toEqual([
      200,
      'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
      true,
    ]);
  });
});
