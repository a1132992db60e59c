import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { stringify } from 'yaml';
import { API_VERSION } from '../../../src/api/index.ts';
import type { Operator } from '../../../src/operator/operator.ts';
import { leaseType, type Lease } from '../../../src/reconcile/index.ts';
import { startEmbedded } from '../../../packages/dev-apiserver/test/support/embedded.ts';
import { Gate } from '../../support/operator/gate.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';
import { Proxy } from '../../support/reconcile/proxy.ts';

/** Short times of the Lease, in seconds. */
const times = {
  'leader-election-enabled': true,
  'leader-election-lease-seconds': 5,
  'leader-election-renew-seconds': 4,
  'leader-election-retry-seconds': 0.2,
  'leader-election-offer-seconds': 1,
  'listen-addr': '127.0.0.1:0',
};

describe('a leader', () => {
  let cluster: TestCluster;
  let folder: string;
  let proxies: Proxy[];

  beforeAll(async () => {
    cluster = await TestCluster.start({ start: startEmbedded }, { northd: false });
  }, 60_000);
  beforeEach(async () => {
    await cluster.reset();
    folder = await mkdtemp(join(tmpdir(), 'overlay-leadership-'));
    proxies = [];
  });
  afterEach(async () => {
    await cluster.stopOperators();
    for (const proxy of proxies) await proxy.close();
    await rm(folder, { recursive: true });
  });
  afterAll(() => cluster.stop());

  const lease = (): Promise<Lease> =>
    cluster.client.get<Lease>(leaseType, { namespace: 'kube-system', name: 'overlay-network' });

  /** Waits until the holder of the Lease has renewed the Lease at least `count` times from now on. */
  async function renewals(count: number): Promise<Lease> {
    let last = (await lease()).spec?.renewTime;
    for (let seen = 0; seen < count; seen++) {
      last = await cluster.eventually(async () => {
        const now = (await lease()).spec?.renewTime;
        if (now === last) throw new Error(`the Lease was renewed ${seen} times`);
        return now;
      }, 15_000);
    }
    return lease();
  }

  /** The answer of an endpoint: its status, and its checks. */
  async function checks({ address = '' }: Operator, path: string) {
    const answer = await fetch(`http://${address}${path}`);
    return { status: answer.status, checks: (await answer.json()) as Readonly<Record<string, string>> };
  }

  /** Writes a kubeconfig for the API server at `url`, and returns its path. */
  async function kubeconfig(url: string, user: object = { token: cluster.server.token }): Promise<string> {
    const path = join(folder, 'kubeconfig');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    await writeFile(path, stringify(config), { mode: 0o600 });
    return path;
  }

  async function proxy(url: string): Promise<Proxy> {
    const started = await Proxy.of(url);
    proxies.push(started);
    return started;
  }

  it('renews the Lease while all its other writes wait for the API server', async () => {
    const gate = new Gate();
    const held = Promise.withResolvers<undefined>();
    await cluster.startOperator({ gate, settings: times });
    const { holderIdentity, leaseTransitions } = (await lease()).spec!;
    gate.holds = (label) => (label.endsWith('/status') ? held.promise : Promise.resolve());
    // More namespaces than requests at a time: one namespace alone cannot delay the requests of others.
    for (let tenant = 0; tenant < 40; tenant++) {
      await cluster.namespace(`tenant-${tenant}`);
      await cluster.apply({
        apiVersion: API_VERSION,
        kind: 'VPC',
        metadata: { name: 'net', namespace: `tenant-${tenant}` },
        spec: { cidr: `10.${tenant}.0.0/16`, defaults: 'None' },
      });
    }
    await cluster.eventually(() => {
      const waiting = gate.writes.filter((label) => label.endsWith('/status')).length;
      if (waiting < 32) throw new Error(`only ${waiting} statuses wait`);
    });
    // The renewals take longer than the renew deadline.
    expect((await renewals(25)).spec).toMatchObject({ holderIdentity, leaseTransitions });
    held.resolve(undefined);
    await cluster.ready(20_000);
  }, 60_000);

  it('renews the Lease on a new connection when its connection is dead', async () => {
    const tcp = await proxy(cluster.server.url);
    await cluster.startOperator({ settings: { ...times, kubeconfig: await kubeconfig(tcp.url) } });
    const { holderIdentity, leaseTransitions } = (await lease()).spec!;
    tcp.stallPresent();
    expect((await renewals(5)).spec).toMatchObject({ holderIdentity, leaseTransitions });
  }, 30_000);

  it('ends within the grace period, and leaves no process behind, while a credential plugin does not answer', async () => {
    const plugin = join(folder, 'plugin');
    await writeFile(plugin, '#!/bin/sh\necho $$ > "$0.pid"; sleep 1000\n', { mode: 0o755 });
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin };
    const operator = await cluster.startOperator({
      asStandby: true,
      settings: { ...times, kubeconfig: await kubeconfig(cluster.server.url, { exec }) },
    });
    const pid = await cluster.eventually(async () => {
      const text = await readFile(`${plugin}.pid`, 'utf8');
      if (!text.endsWith('\n')) throw new Error('the plugin has not started');
      return Number(text);
    });
    const began = performance.now();
    await operator.stop();
    expect(performance.now() - began).toBeLessThan(15_000);
    await cluster.eventually(() => expect(() => process.kill(pid, 0)).toThrow());
  }, 30_000);

  it('that cannot have the Lease says why in /ready and in the log', async () => {
    const operator = await cluster.startOperator({
      asStandby: true,
      settings: { ...times, 'leader-election-namespace': 'overlay-systm' },
    });
    const problem =
      'the namespace overlay-systm of the Lease does not exist: create the namespace, or correct the setting leaderElection.namespace';
    await cluster.eventually(async () =>
      expect(await checks(operator, '/ready')).toMatchObject({ status: 503, checks: { lease: problem } }),
    );
    expect(cluster.log.lines).toContainEqual(expect.objectContaining({ level: 'warn', error: problem }));
    await cluster.namespace('overlay-systm');
    await operator.ready;
    expect(await checks(operator, '/ready')).toMatchObject({ status: 200, checks: { lease: 'ok' } });
  }, 30_000);

  it('without the Northbound database leaves the Lease to a standby that has a connection', async () => {
    const link = await Proxy.ofSocket(cluster.northbound.remote.replace('unix:', ''));
    proxies.push(link);
    const first = await cluster.startOperator({
      settings: { ...times, 'ovn-nb-endpoint': `tcp:127.0.0.1:${link.port}` },
    });
    const { holderIdentity } = (await lease()).spec!;
    const second = await cluster.startOperator({ asStandby: true, settings: times });
    await cluster.eventually(async () =>
      expect(await checks(second, '/ready')).toMatchObject({ status: 200 }),
    );
    link.refuse();
    await second.ready;
    expect((await lease()).spec?.holderIdentity).not.toBe(holderIdentity);
    expect(await first.failed).toContain('took the lease');
  }, 60_000);

  it('without the Northbound database keeps the Lease while the standby has no connection either', async () => {
    const first = await cluster.startOperator({ settings: times });
    const { holderIdentity, leaseTransitions } = (await lease()).spec!;
    const second = await cluster.startOperator({ asStandby: true, settings: times });
    await cluster.eventually(async () =>
      expect(await checks(second, '/ready')).toMatchObject({ status: 200 }),
    );
    await cluster.northbound.stop();
    try {
      await cluster.eventually(async () =>
        expect((await lease()).metadata.annotations).toEqual({ 'overlay-network/offered': 'true' }),
      );
      const kept = await renewals(20);
      expect(kept.spec).toMatchObject({ holderIdentity, leaseTransitions });
      expect(await checks(first, '/health')).toMatchObject({ status: 200 });
    } finally {
      await cluster.northbound.start();
    }
    await cluster.eventually(async () => expect((await lease()).metadata.annotations ?? {}).toEqual({}));
    expect((await lease()).spec).toMatchObject({ holderIdentity });
  }, 60_000);
});
