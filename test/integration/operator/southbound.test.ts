import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbedded } from '../../../packages/dev-apiserver/test/support/embedded.ts';
import { example } from '../../support/operator/examples.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

describe('an operator whose Southbound database is unavailable', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({ start: startEmbedded }, { northd: false });
  }, 60_000);
  afterAll(() => cluster.stop());

  it('makes Ports Ready, reports that hosts are unknown, and learns the hosts when the database returns', async () => {
    await cluster.southbound.stop();
    const operator = await cluster.startOperator({ settings: { 'listen-addr': '127.0.0.1:0' } });
    const readiness = () => fetch(`http://${operator.address ?? ''}/ready`);
    await cluster.apply(...example('quickstart.yaml'));
    await cluster.reason('Port', 'server', 'Ready', 'Ready');
    await cluster.reason('Port', 'server', 'Bound', 'SouthboundNotRead');
    const answer = await readiness();
    expect(answer.status).toBe(503);
    const checks = { manager: 'ok', 'ovn-northbound': 'ok', 'ovn-southbound': 'not connected' };
    expect(await answer.json()).toMatchObject(checks);

    await cluster.southbound.start();
    await cluster.reason('Port', 'server', 'Bound', 'NotBound');
    expect((await readiness()).status).toBe(200);
  }, 60_000);
});
