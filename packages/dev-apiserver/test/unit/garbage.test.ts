import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiServer } from '../../src/index.ts';
import type { ApiObject } from '../support/api-object.ts';
import { ApiClient } from '../support/client.ts';

const namespaces = '/api/v1/namespaces';
let server: ApiServer;
let client: ApiClient;
let maps: string;
let count = 0;

beforeAll(async () => {
  server = await ApiServer.start();
  client = new ApiClient(server);
});
afterAll(async () => {
  client.close();
  await server.stop();
});
beforeEach(async () => {
  count += 1;
  await client.create(namespaces, { metadata: { name: `test-${count}` } });
  maps = `${namespaces}/test-${count}/configmaps`;
});

const ownedBy = (...owners: ApiObject[]) =>
  owners.map(({ metadata: { name, uid } }) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name,
    uid,
    blockOwnerDeletion: true,
  }));
const make = async (name: string, metadata: object = {}): Promise<ApiObject> =>
  (await client.create(maps, { metadata: { name, ...metadata } })).body;
const names = async (): Promise<string[]> =>
  (await client.get(maps)).body.items.map(({ metadata }) => metadata.name);
/** Waits on the watch until the object is deleted. */
const gone = async (name: string): Promise<void> => {
  const watch = await client.watch(maps, { resourceVersion: '0', fieldSelector: `metadata.name=${name}` });
  if ((await client.get(`${maps}/${name}`)).status !== 404)
    await watch.until(({ type }) => type === 'DELETED');
  watch.stop();
};

describe('the garbage collector', () => {
  it('deletes direct and indirect dependents of a deleted object', async () => {
    const owner = await make('owner');
    const child = await make('child', { ownerReferences: ownedBy(owner) });
    await make('grandchild', { ownerReferences: ownedBy(child) });
    await make('other');
    await client.delete(`${maps}/owner`);
    await gone('grandchild');
    expect(await names()).toEqual(['other']);
  });

  it('keeps a dependent with another owner, and removes the reference to the deleted owner', async () => {
    const [a, b] = [await make('a'), await make('b')];
    await make('child', { ownerReferences: ownedBy(a, b) });
    const watch = await client.watch(maps, { fieldSelector: 'metadata.name=child' });
    await client.delete(`${maps}/a`);
    const { object } = await watch.until(({ type }) => type === 'MODIFIED');
    expect((object.metadata as { ownerReferences?: unknown }).ownerReferences).toEqual(ownedBy(b));
    watch.stop();
  });

  it('deletes a new dependent whose owner does not exist or has a different UID', async () => {
    const owner = await make('owner');
    await make('orphan', { ownerReferences: [{ ...ownedBy(owner)[0]!, uid: 'another' }] });
    await gone('orphan');
    expect(await names()).toEqual(['owner']);
  });

  it('keeps a dependent whose owner has an unknown kind', async () => {
    const reference = { apiVersion: 'example.com/v1', kind: 'Unknown', name: 'x', uid: 'y' };
    const owner = await make('owner');
    await make('stays', { ownerReferences: [reference] });
    await make('goes', { ownerReferences: ownedBy(owner) });
    await client.delete(`${maps}/owner`);
    await gone('goes');
    expect(await names()).toEqual(['stays']);
  });

  it('deletes dependents first in a foreground deletion, and waits for those that block it', async () => {
    const owner = await make('owner');
    await make('held', { ownerReferences: ownedBy(owner), finalizers: ['example.com/hold'] });
    await make('free', { ownerReferences: ownedBy(owner) });
    const { body } = await client.delete(`${maps}/owner`, { query: { propagationPolicy: 'Foreground' } });
    expect(body.metadata.finalizers).toEqual(['foregroundDeletion']);
    await gone('free');
    expect((await client.get(`${maps}/held`)).body.metadata.deletionTimestamp).toBeDefined();
    expect(await names()).toEqual(['held', 'owner']);
    await client.patch(`${maps}/held`, 'merge', { metadata: { finalizers: null } });
    await gone('owner');
    expect(await names()).toEqual([]);
  });

  it('removes the reference from orphaned dependents', async () => {
    const owner = await make('owner');
    await make('child', { ownerReferences: ownedBy(owner) });
    await client.delete(`${maps}/owner`, { query: { propagationPolicy: 'Orphan' } });
    await gone('owner');
    const { metadata } = (await client.get(`${maps}/child`)).body;
    expect(metadata).not.toHaveProperty('ownerReferences');
  });
});

describe('a terminating namespace', () => {
  it('reports the remaining objects and their finalizers', async () => {
    await make('held', { finalizers: ['example.com/hold'] });
    await make('free');
    const path = `${namespaces}/test-${count}`;
    const watch = await client.watch(namespaces, { fieldSelector: `metadata.name=test-${count}` });
    await client.delete(path);
    const { object } = await watch.until(({ object: { status } }) => 'conditions' in status);
    expect(object.status['conditions']).toMatchObject([
      {
        type: 'NamespaceContentRemaining',
        message: 'Some resources are remaining: configmaps. has 1 resource instances',
      },
      {
        type: 'NamespaceFinalizersRemaining',
        message:
          'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
      },
    ]);
    await client.patch(`${maps}/held`, 'merge', { metadata: { finalizers: null } });
    await watch.until(({ type }) => type === 'DELETED');
    watch.stop();
    expect((await client.get(path)).status).toBe(404);
  });

  it('is removed after the deletion of two thousand objects', async () => {
    for (let batch = 0; batch < 100; batch += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, i) => make(`m-${batch}-${i}`)));
    }
    const watch = await client.watch(namespaces, { fieldSelector: `metadata.name=test-${count}` });
    await client.delete(`${namespaces}/test-${count}`);
    await watch.until(({ type }) => type === 'DELETED');
    watch.stop();
    expect(await names()).toEqual([]);
  });
});
