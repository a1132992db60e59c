import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbedded } from '../../../packages/dev-apiserver/test/support/embedded.ts';
import { ours, settled } from '../../support/operator/dump.ts';
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

  /** The operator of one of them; both write to the OVN of the first. */
  const startOperator = (cluster: TestCluster, name: string) =>
    cluster.startOperator({
      settings: {
        'ovn-nb-endpoint': east.northbound.remote,
        'ovn-sb-endpoint': east.southbound.remote,
        'cluster-name': name,
        'sweep-share-limit': 1,
      },
    });
  const rowsOf = async (name: string) => settled(ours(await east.nb.rows(), name));

  it('are both in effect with the same names and networks, and neither removes what the other has', async () => {
    await startOperator(east, 'east');
    const second = await startOperator(west, 'west');
    for (const cluster of [east, west]) {
      await cluster.apply(...example('quickstart.yaml'));
      await cluster.converged();
    }
    const before = await rowsOf('east');
    const names = (rows: typeof before) => rows.map(({ table }) => table).sort();
    expect(names(await rowsOf('west'))).toEqual(names(before));

    // Its orphans are swept at the start: all that it has, and nothing else.
    await second.stop();
    await west.removeAll();
    const third = await startOperator(west, 'west');
    await east.eventually(async () => expect(await rowsOf('west')).toEqual([]));
    expect(await rowsOf('east')).toEqual(before);
    await third.stop();

    // Each has an epoch of its own: the first still writes.
    await east.delete('Port', 'server');
    await east.eventually(async () => expect((await rowsOf('east')).length).toBeLessThan(before.length));
  }, 120_000);
});
