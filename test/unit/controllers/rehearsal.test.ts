import { expect, it } from '@jest/globals';
import { join } from 'node:path';
import { rehearse } from '../../../src/controllers/index.ts';
import type { KubeObject } from '../../../src/reconcile/index.ts';
import { exampleFiles } from '../../support/operator/examples.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';

async function settled(): Promise<OfflineCluster> {
  const cluster = new OfflineCluster();
  for (const file of exampleFiles) cluster.applyFile(join('examples', file));
  await cluster.settle();
  cluster.writer.applied.length = 0;
  cluster.statusWrites.length = 0;
  return cluster;
}

/** Returns the owners whose rows a starting operator would change. */
async function rehearsed(cluster: OfflineCluster): Promise<readonly string[]> {
  const { stores, writer, settings, bindings, chassis } = cluster.env;
  const objects = Object.values(stores).flatMap((store: Stored) => [...store.values()]);
  await rehearse({
    objects: (name) => objects.filter(({ kind }) => kind === name),
    writer,
    settings,
    bindings,
    chassis,
  });
  expect(cluster.statusWrites).toEqual([]);
  return cluster.writer.applied;
}
type Stored = { values(): Iterable<KubeObject> };

it('a rehearsal writes nothing after an operator finished its work', async () => {
  expect(await rehearsed(await settled())).toEqual([]);
});

it('a rehearsal writes missing rows and the rows of changed objects, and changes no object', async () => {
  const cluster = await settled();
  const server = cluster.get('Port', 'default/server')!;
  cluster.writer.states.delete(server.metadata.uid);
  const client = cluster.get('Port', 'default/client')!;
  cluster.apply({
    kind: 'Port',
    metadata: { name: 'client' },
    spec: { ...(client.spec as object), securityGroupRefs: [] },
  });
  expect(await rehearsed(cluster)).toEqual(['Port/server', 'Port/client']);
  expect(cluster.get('Port', 'default/client')?.status).toEqual(client.status);
});
