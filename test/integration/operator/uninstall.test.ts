import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { targets } from '../../support/apiserver/targets.ts';
import { kinds } from '../../support/operator/cluster-objects.ts';
import { ours } from '../../support/operator/dump.ts';
import { example } from '../../support/operator/examples.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

describe.each(targets)('an installation with the $name API server', (target) => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start(target, { northd: false });
  }, 60_000);
  beforeEach(async () => {
    await cluster.reset();
    await cluster.startOperator();
    await cluster.apply(...example('quickstart.yaml'));
    await cluster.converged();
  });
  afterAll(() => cluster.stop());

  it('keeps its network when the operator is removed, and lets Ports go all the same', async () => {
    const rows = await cluster.nbDump();
    await cluster.stopOperators();
    expect(await cluster.nbDump()).toEqual(rows);
    for (const { metadata } of await cluster.list('Port')) {
      expect(metadata.finalizers).toBeUndefined();
      await cluster.delete('Port', metadata.name);
      await cluster.gone('Port', metadata.name);
    }
    expect(await cluster.nbDump()).toEqual(rows);
  });

  it('leaves no row and no object when everything is removed, in whatever order it is asked for', async () => {
    for (const kind of kinds)
      for (const { metadata } of await cluster.list(kind)) await cluster.delete(kind, metadata.name);
    await cluster.eventually(async () => {
      expect([...(await cluster.objects()).keys()]).toEqual([]);
      expect(ours(await cluster.nb.rows())).toEqual([]);
    }, 20_000);
  }, 40_000);
});
