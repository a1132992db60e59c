import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbedded } from '../../../packages/dev-apiserver/test/support/embedded.ts';
import { managedRows, stableContent } from '../../support/operator/dump.ts';
import { example } from '../../support/operator/examples.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

describe('two Kubernetes clusters that share one OVN', () => {
  let east: TestCluster;
  let west: TestCluster;

  beforeAll(async () => {
    const target = { start: startEmbedded };
    east = await TestCluster.start(target, { northd: false });
    west = await TestCluster.start(target, { northd: false });
  }, 60_000);
  afterAll(async () => {
    await west.stop();
    await east.stop();
  });

  /** Starts the operator of one cluster. Both operators write to the OVN of the first cluster. */
  const startOperator = (cluster: TestCluster, name: string) =>
    cluster.startOperator({
      settings: {
        'ovn-nb-endpoint': east.northbound.remote,
        'ovn-sb-endpoint': east.southbound.remote,
        'cluster-name': name,
        'sweep-share-limit': 1,
      },
    });
  const rowsOf = async (name: string) => stableContent(managedRows(await east.nb.rows(), name));

  it('can use the same names and networks, and do not remove rows of each other', async () => {
    await startOperator(east, 'east');
    const second = await startOperator(west, 'west');
    for (const cluster of [east, west]) {
      await cluster.apply(...example('quickstart.yaml'));
      await cluster.converged();
    }
    const before = await rowsOf('east');
    const names = (rows: typeof before) => rows.map(({ table }) => table).sort();
    expect(names(await rowsOf('west'))).toEqual(names(before));

    // The operator removes its orphans at the start: all rows of its own cluster, and no others.
    await second.stop();
    await west.removeAll();
    const third = await startOperator(west, 'west');
    await east.eventually(async () => expect(await rowsOf('west')).toEqual([]));
    expect(await rowsOf('east')).toEqual(before);
    await third.stop();

    // Each cluster has its own epoch, so the first operator can still write.
    await east.delete('Port', 'server');
    await east.eventually(async () => expect((await rowsOf('east')).length).toBeLessThan(before.length));
  }, 120_000);
});
