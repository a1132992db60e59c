import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runProgram } from '../../../src/cli/program.ts';
import { resources } from '../../../src/api/index.ts';
import { startEmbedded } from '../../../packages/dev-apiserver/test/support/embedded.ts';
import { startAuthorizingProxy, type AuthorizingProxy } from '../../support/chart/authorizing-proxy.ts';
import type { Access } from '../../support/chart/rules.ts';
import { minimalValues, release, render } from '../../support/chart/chart.ts';
import { allowedBy, grantsTo } from '../../support/chart/rules.ts';
import { example } from '../../support/operator/examples.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

const outside = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: ExternalNetwork
metadata: { name: public }
spec: { physicalNetwork: physnet1, cidr: 203.0.113.0/24, gateway: 203.0.113.1, allowedNamespaces: { selector: {} } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: FloatingIP
metadata: { name: ip }
spec: { externalNetworkRef: { name: public } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: ProviderNetwork
metadata: { name: plant }
spec: { physicalNetwork: physnet1, vlanIDs: [{ min: 77 }] }
`;

/** The finalizer of another client. */
const OTHER = 'example.org/other';

describe("the chart's uninstall hook", () => {
  let cluster: TestCluster;
  let proxy: AuthorizingProxy;
  let folder: string;
  const grants = grantsTo(render(minimalValues), {
    namespace: release.namespace,
    name: `${release.name}-uninstall`,
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'overlay-rbac-'));
    cluster = await TestCluster.start({ start: startEmbedded }, { northd: false });
    // Another client changes an object of each kind just before the patch of the command, which reads the object again.
    const changeFirst = async ({ verb, resource, namespace, name = '' }: Access): Promise<void> => {
      const type = Object.values(resources).find(({ plural }) => plural === resource);
      if (verb !== 'patch' || type === undefined) return;
      const ref = { name, ...(namespace !== undefined && { namespace }) };
      const { finalizers = [] } = (await cluster.client.get(type, ref)).metadata;
      await cluster.client.patchMerge(type, ref, { metadata: { finalizers: [...finalizers, OTHER] } });
    };
    proxy = await startAuthorizingProxy(cluster.server, grants, { beforeFirst: changeFirst });
    await cluster.namespace(release.namespace);
    await cluster.startOperator();
    await cluster.apply(...example('quickstart.yaml'), outside);
    await cluster.reason('FloatingIP', 'default/ip', 'Ready', 'Ready');
    await cluster.eventually(async () => {
      for (const [, { kind, metadata }] of await cluster.objects())
        if (kind !== 'Port') expect(metadata.finalizers).toHaveLength(1);
    });
    await cluster.stopOperators();
  }, 60_000);
  afterAll(async () => {
    await cluster.stop();
    await proxy.close();
    await rm(folder, { recursive: true });
  });

  it('removes all finalizers with its own permissions', async () => {
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, proxy.kubeconfig, { mode: 0o600 });
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const { signal } = new AbortController();
    const args = [
      'uninstall',
      `--kubeconfig=${kubeconfig}`,
      `--leader-election-namespace=${release.namespace}`,
    ];
    // The first run creates the Lease. The second run takes the Lease over.
    expect(await runProgram(args, { stdout, stderr, env: {}, signal })).toBe(0);
    expect(await runProgram(args, { stdout, stderr, env: {}, signal })).toBe(0);
    expect(proxy.rejected).toEqual([]);
    for (const [, { metadata }] of await cluster.objects())
      expect([[], [OTHER]]).toContainEqual(metadata.finalizers ?? []);
  });

  it('uses all its permissions', () => {
    const unused = allowedBy(grants).filter((access) => !proxy.requests.has(access));
    expect(unused).toEqual([]);
  });
});
