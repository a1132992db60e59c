import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readFileSync } from 'node:fs';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { startAuthorizingProxy, type AuthorizingProxy } from '../../support/chart/authorizing-proxy.ts';
import { chartFolder, minimalValues, release, render } from '../../support/chart/chart.ts';
import { allowedBy, describeAccess, grantsTo, isAllowed } from '../../support/chart/rules.ts';
import { isKind } from '../../../src/controllers/kinds.ts';
import { readManifests } from '../../../src/dev/manifests.ts';
import { neededPermissions } from '../../../src/doctor/permissions.ts';
import { everything, example } from '../../support/operator/examples.ts';
import type { Kind } from '../../support/operator/objects.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

const group = 'network.plasmavmc.io';

/** Permissions that the operator needs in rare cases, which the scenario may not reach, with the case. */
const rareUses: Readonly<Record<string, string>> = {
  'patch events.k8s.io/events': 'the operator reported the same within the last minutes',
};

const network = `
apiVersion: ${group}/v1alpha1
kind: ExternalNetwork
metadata: { name: internet }
spec:
  physicalNetwork: physnet1
  cidr: 203.0.113.0/24
  gateway: 203.0.113.1
  allowedNamespaces: { selector: {} }
---
apiVersion: ${group}/v1alpha1
kind: FloatingIP
metadata: { name: web }
spec: { externalNetworkRef: { name: internet } }
---
apiVersion: ${group}/v1alpha1
kind: NatRule
metadata: { name: web }
spec: { type: FloatingIP, floatingIPRef: { name: web }, target: { portRef: { name: server } } }
---
apiVersion: ${group}/v1alpha1
kind: TrafficPolicy
metadata: { name: all }
spec: { appliesTo: { portSelector: {} } }
---
apiVersion: ${group}/v1alpha1
kind: VPCPeering
metadata: { name: other }
spec: { peer: { namespace: other } }
`;

/** Objects of the quickstart, of the network above, and of each kind that only other examples have. */
const scenario = [...example('quickstart.yaml'), ...readManifests(network)];
const further = everything().filter(
  ({ kind }) => isKind(kind) && !scenario.some((object) => object.kind === kind),
);
const namespaces = new Set(further.map(({ metadata }) => metadata.namespace));

// The API servers of the tests do not enforce RBAC. A proxy in front of the server enforces the rules.
describe.each(targets)(
  "an operator with the permissions of the chart's roles on the $name API server",
  (target) => {
    let cluster: TestCluster;
    let proxy: AuthorizingProxy;
    let folder: string;
    let metrics: string;
    let refused: readonly number[];
    const grants = grantsTo(render(minimalValues), { namespace: release.namespace, name: release.name });

    const run = async () => {
      const kubeconfig = join(folder, 'kubeconfig');
      await writeFile(kubeconfig, proxy.kubeconfig, { mode: 0o600 });
      return cluster.startOperator({
        settings: {
          kubeconfig,
          'listen-addr': '127.0.0.1:0',
          'metrics-authentication': 'kubernetes',
          'leader-election-enabled': true,
          'leader-election-namespace': release.namespace,
        },
      });
    };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'overlay-rbac-'));
      cluster = await TestCluster.start(target, { northd: false });
      // After a rejected status write, the operator reads the object to see whether it is still the same object.
      proxy = await startAuthorizingProxy(cluster.server, grants, {
        failsFirst: ({ verb, resource }) => verb === 'patch' && resource.endsWith('/status'),
      });
      await cluster.namespace(release.namespace);
      const first = await run();
      for (const name of namespaces) if (name !== undefined) await cluster.namespace(name);
      await cluster.apply(...scenario, ...further);
      for (const name of ['server', 'client'])
        await cluster.reason('Port', `default/${name}`, 'Ready', 'Ready');
      await cluster.eventually(async () => {
        for (const { status } of (await cluster.objects()).values())
          expect(status?.conditions ?? []).not.toHaveLength(0);
      });
      await first.stop();
      await cluster.delete('Port', 'default/client');
      const second = await run();
      const url = `http://${second.address!}/metrics`;
      refused = await Promise.all(
        [{}, { authorization: 'Bearer wrong' }].map(
          async (headers) => (await fetch(url, { headers })).status,
        ),
      );
      const headers = { authorization: `Bearer ${cluster.server.token}` };
      metrics = await (await fetch(url, { headers })).text();
      for (const { kind, metadata } of (await cluster.objects()).values()) {
        const { namespace, name } = metadata;
        // The operator deletes the default objects with their VPC.
        if (name === 'default') continue;
        await cluster.delete(kind as Kind, namespace === undefined ? name : `${namespace}/${name}`);
      }
      await cluster.eventually(async () => expect([...(await cluster.objects()).keys()]).toEqual([]), 20_000);
      await second.stop();
    }, 90_000);
    afterAll(async () => {
      await cluster.stop();
      await proxy.close();
      await rm(folder, { recursive: true });
    });

    it('gets no rejection while it creates a network, restarts, and deletes the network', () => {
      expect(proxy.rejected).toEqual([]);
      expect(proxy.requests.size).toBeGreaterThan(20);
    });

    it('uses every permission, except those for rare cases', () => {
      const unused = allowedBy(grants).filter((access) => !proxy.requests.has(access));
      expect(unused.filter((access) => !Object.hasOwn(rareUses, access))).toEqual([]);
    });

    it('has exactly the permissions that doctor checks', () => {
      const looked = neededPermissions({
        leaseNamespace: release.namespace,
        reviewsTokens: true,
      }).map(({ subresource, ...access }) => ({
        ...access,
        resource: subresource === undefined ? access.resource : `${access.resource}/${subresource}`,
      }));
      expect(looked.map(describeAccess).sort()).toEqual(allowedBy(grants));
      expect(looked.filter((access) => !isAllowed(grants, access))).toEqual([]);
    });

    it('serves metrics only with a token that the API server accepts', () => {
      expect(refused).toEqual([401, 401]);
      expect(metrics).toContain('overlay_network_build_info');
    });

    it('serves every metric that the alerts and the dashboard query', () => {
      const names = new Set([...metrics.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
      const { alerts } = parse(readFileSync(join(chartFolder, 'files/alerts.yaml'), 'utf8')) as {
        alerts: { expr: string }[];
      };
      const dashboard = JSON.parse(readFileSync(join(chartFolder, 'files/dashboard.json'), 'utf8')) as {
        panels: { targets: { expr: string }[] }[];
      };
      const expressions = [...alerts, ...dashboard.panels.flatMap(({ targets }) => targets)].map(
        ({ expr }) => expr,
      );
      const asked = expressions.flatMap((expr) => [...expr.matchAll(/(\w+)\{/g)].map(([, name]) => name!));
      expect(asked.length).toBeGreaterThan(15);
      const unknown = asked.filter((name) => name !== 'up' && !names.has(name.replace(/_bucket$/, '')));
      expect(unknown).toEqual([]);
    });
  },
);
