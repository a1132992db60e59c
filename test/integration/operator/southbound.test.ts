import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from '../../../src/dev/ovn/daemon.ts';
import { inspectSouthbound } from '../../../src/ovn/index.ts';
import { startEmbedded } from '../../../packages/dev-apiserver/test/support/embedded.ts';
import { example } from '../../support/operator/examples.ts';
import { addGatewayChassis } from '../../support/operator/gateways.ts';
import { Proxy } from '../../support/reconcile/proxy.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

describe('an operator and its Southbound database', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({ start: startEmbedded }, { northd: false });
  }, 60_000);
  beforeEach(() => cluster.reset());
  afterAll(() => cluster.stop());

  it('behind a relay: reads the relay', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'overlay-relay-'));
    const relay = new Daemon({
      program: 'ovsdb-server',
      name: 'relay',
      dir,
      args: [
        `--remote=punix:${join(dir, 'relay.sock')}`,
        `relay:OVN_Southbound:${cluster.southbound.remote}`,
      ],
      sockets: [join(dir, 'relay.sock')],
    });
    try {
      await relay.start();
      const endpoint = `unix:${join(dir, 'relay.sock')}`;
      const operator = await cluster.startOperator({
        settings: { 'listen-addr': '127.0.0.1:0', 'ovn-sb-endpoint': endpoint },
      });
      await cluster.eventually(async () =>
        expect((await fetch(`http://${operator.address ?? ''}/ready`)).status).toBe(200),
      );
      await cluster.apply(...example('quickstart.yaml'));
      await cluster.reason('Port', 'server', 'Bound', 'NotBound');
      await addGatewayChassis(cluster.southbound, ['gw1']);
      await operator.stop();
      const facts = await inspectSouthbound({ remotes: endpoint, timeoutMs: 10_000 });
      expect(facts).toMatchObject({ hasNorthd: undefined, hosts: [{ name: 'gw1' }] });
    } finally {
      await relay.stop();
      await rm(dir, { recursive: true });
    }
  }, 60_000);

  it('that is silent: notices it after the configured time', async () => {
    const link = await Proxy.ofSocket(cluster.southbound.remote.replace('unix:', ''));
    try {
      const { address } = await cluster.startOperator({
        settings: {
          'listen-addr': '127.0.0.1:0',
          'ovn-sb-endpoint': `tcp:127.0.0.1:${link.port}`,
          'ovsdb-probe-seconds': 0.2,
        },
      });
      const status = async (): Promise<number> => (await fetch(`http://${address ?? ''}/ready`)).status;
      await cluster.eventually(async () => expect(await status()).toBe(200));
      link.stall();
      // The default is twice five seconds.
      await cluster.eventually(async () => expect(await status()).toBe(503), 5_000);
    } finally {
      await cluster.stopOperators();
      await link.close();
    }
  }, 60_000);

  it('that is unavailable: makes Ports Ready, reports that hosts are unknown, and learns the hosts when the database returns', async () => {
    await cluster.southbound.stop();
    const operator = await cluster.startOperator({ settings: { 'listen-addr': '127.0.0.1:0' } });
    const readiness = () => fetch(`http://${operator.address ?? ''}/ready`);
    await cluster.apply(...example('quickstart.yaml'));
    await cluster.reason('Port', 'server', 'Ready', 'Ready');
    await cluster.reason('Port', 'server', 'Bound', 'SouthboundNotRead');
    const answer = await readiness();
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      manager: 'ok',
      'ovn-northbound': 'ok',
      'ovn-southbound': expect.stringMatching(/^not connected: cannot connect to /),
    });

    await cluster.southbound.start();
    await cluster.reason('Port', 'server', 'Bound', 'NotBound');
    expect((await readiness()).status).toBe(200);
  }, 60_000);
});
