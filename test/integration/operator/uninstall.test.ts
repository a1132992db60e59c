import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { runProgram } from '../../../src/cli/program.ts';
import { kindNames } from '../../../src/controllers/index.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { markOf, managedRows } from '../../support/operator/dump.ts';
import { example } from '../../support/operator/examples.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

const tenant = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: ExternalNetwork
metadata: { name: public }
spec:
  physicalNetwork: physnet1
  cidr: 203.0.113.0/24
  gateway: 203.0.113.1
  allocationPools: [{ start: 203.0.113.101, end: 203.0.113.200 }]
  allowedNamespaces: { selector: {} }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: net, namespace: tenant }
spec: { cidr: 10.70.0.0/16 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: FloatingIP
metadata: { name: ip, namespace: tenant }
spec: { externalNetworkRef: { name: public } }
`;

describe.each(targets)('an installation ($name API server)', (target) => {
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

  /** Runs `overlay-network uninstall`. */
  async function uninstall(...args: readonly string[]) {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const { signal } = new AbortController();
    const settings = [`--kubeconfig=${cluster.server.kubeconfigPath}`, '--leader-election-namespace=default'];
    const code = await runProgram(['uninstall', ...settings, ...args], { stdout, stderr, env: {}, signal });
    return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
  }

  it('keeps its rows when the operator is removed, and allows Ports to be deleted', async () => {
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

  it('blocks no namespace after `uninstall` removed the finalizers; a new operator removes the rows', async () => {
    await cluster.stopOperators();
    const election = { 'leader-election-enabled': true, 'leader-election-namespace': 'default' };
    await cluster.startOperator({ settings: election });
    await cluster.namespace('tenant');
    await cluster.apply(tenant);
    await cluster.reason('FloatingIP', 'tenant/ip', 'Ready', 'Ready');
    for (const kind of ['VPC', 'Subnet', 'SecurityGroup'] as const)
      await cluster.reason(kind, kind === 'VPC' ? 'tenant/net' : 'tenant/default', 'Ready', 'Ready');
    expect(await uninstall('--wait=2')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/An operator still runs: .+ holds the Lease\. Remove the operator first/),
    });
    await cluster.stopOperators();
    const rows = await cluster.nbDump();

    const { stdout, ...rest } = await uninstall();
    expect(rest).toMatchObject({ code: 0, stderr: '' });
    for (const kind of ['FloatingIP', 'ExternalNetwork'])
      expect(stdout.split('\n')).toContain(`${kind}: removed the finalizer from 1 object`);
    for (const [, { metadata }] of await cluster.objects()) expect(metadata.finalizers).toBeUndefined();
    expect((await uninstall()).stdout).not.toMatch(/from [1-9]/);
    await cluster.deleteNamespace('tenant');
    await cluster.eventually(async () =>
      expect([...(await cluster.objects()).keys()].filter((id) => id.includes('/tenant/'))).toEqual([]),
    );
    expect(await cluster.nbDump()).toEqual(rows);

    await cluster.startOperator({ settings: { ...election, 'sweep-share-limit': 1 } });
    await cluster.eventually(async () => {
      const owners = managedRows(await cluster.nb.rows()).map((row) => markOf(row, 'owner'));
      expect(owners.filter((owner) => owner?.includes('/tenant/'))).toEqual([]);
    });
  }, 90_000);

  it('leaves no rows and no objects when everything is deleted, in any order', async () => {
    for (const kind of kindNames)
      for (const { metadata } of await cluster.list(kind)) await cluster.delete(kind, metadata.name);
    await cluster.eventually(async () => {
      expect([...(await cluster.objects()).keys()]).toEqual([]);
      expect(managedRows(await cluster.nb.rows())).toEqual([]);
    });
  });
});
