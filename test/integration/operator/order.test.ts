import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { keyOf, namespaceType } from '../../../src/reconcile/index.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { managedRows } from '../../support/operator/dump.ts';
import { randomOf, seeds, shuffled } from '../../support/operator/seeded-random.ts';
import { everything } from '../../support/operator/examples.ts';
import { addGatewayChassis } from '../../support/operator/gateways.ts';
import type { Kind } from '../../support/operator/objects.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

const namespaces = everything().filter(({ kind }) => kind === 'Namespace');
const others = everything().filter(({ kind }) => kind !== 'Namespace');

describe.each(targets)('all examples and a peering ($name API server)', (target) => {
  // A real server needs three times as long, and receives the same requests.
  const tried = target.name === 'embedded' ? seeds : seeds.slice(0, 1);
  let cluster: TestCluster;
  let forwards: string;

  beforeAll(async () => {
    cluster = await TestCluster.start(target);
    await addGatewayChassis(cluster.southbound, ['gw1', 'gw2']);
    await cluster.startOperator();
    await cluster.apply(...everything());
    await cluster.converged();
    forwards = await cluster.canonical({ maskAllocated: true });
  }, 60_000);
  beforeEach(async () => {
    await cluster.reset();
    await cluster.startOperator();
  });
  afterAll(() => cluster.stop());

  it.each(tried)('reach the same state when objects are created in random order (seed %d)', async (seed) => {
    await cluster.apply(...namespaces, ...shuffled(others, randomOf(seed)));
    await cluster.converged();
    expect(await cluster.canonical({ maskAllocated: true })).toBe(forwards);
  });

  it.each(tried)(
    'reach the same state when the operator starts after all objects exist (seed %d)',
    async (seed) => {
      await cluster.stopOperators();
      await cluster.apply(...namespaces, ...shuffled(others, randomOf(seed)));
      await cluster.startOperator();
      await cluster.converged();
      expect(await cluster.canonical({ maskAllocated: true })).toBe(forwards);
    },
  );

  it.each(tried)('leave no rows when objects are deleted in random order (seed %d)', async (seed) => {
    await cluster.apply(...everything());
    const objects = [...(await cluster.ready()).values()];
    for (const { kind, metadata } of shuffled(objects, randomOf(seed)))
      await cluster.delete(kind as Kind, keyOf({ metadata }));
    await cluster.eventually(async () => {
      expect([...(await cluster.objects()).keys()]).toEqual([]);
      expect(managedRows(await cluster.nb.rows())).toEqual([]);
    });
  });

  it('leave no rows when their namespaces are deleted', async () => {
    await cluster.apply(...everything());
    await cluster.ready();
    for (const { metadata } of namespaces) await cluster.deleteNamespace(metadata.name!);
    await cluster.eventually(async () => {
      const { items } = await cluster.client.list(namespaceType);
      const left = items.map(({ metadata }) => metadata.name);
      for (const { metadata } of namespaces) expect(left).not.toContain(metadata.name);
      for (const row of managedRows(await cluster.nb.rows()))
        expect(row.columns['external_ids']).toMatchObject({
          'overlay-network/owner': expect.stringMatching(/^(\w+\/default|ExternalNetwork\/)\//),
        });
    });
  });
});
