import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CRD_FOLDER } from '../../../src/doctor/index.ts';
import {
  allValues,
  chartFolder,
  minimalValues,
  release,
  render,
  renderTexts,
  type Rendered,
} from '../../support/chart/chart.ts';

interface PodSpec {
  readonly [member: string]: unknown;
  readonly securityContext: Record<string, unknown>;
  readonly containers: readonly ({ readonly [member: string]: unknown } & {
    readonly env: readonly { readonly name: string; readonly value?: string }[];
  })[];
  readonly volumes?: readonly Record<string, unknown>[];
}

/** All kinds of the chart. A cluster with the Prometheus operator serves them. */
const servedKinds = [
  'apiextensions.k8s.io/v1 CustomResourceDefinition',
  'apps/v1 DaemonSet',
  'apps/v1 Deployment',
  'batch/v1 Job',
  'monitoring.coreos.com/v1 PrometheusRule',
  'monitoring.coreos.com/v1 ServiceMonitor',
  'networking.k8s.io/v1 NetworkPolicy',
  'policy/v1 PodDisruptionBudget',
  'rbac.authorization.k8s.io/v1 ClusterRole',
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding',
  'rbac.authorization.k8s.io/v1 Role',
  'rbac.authorization.k8s.io/v1 RoleBinding',
  'v1 ConfigMap',
  'v1 Secret',
  'v1 Service',
  'v1 ServiceAccount',
];
const clusterScoped = ['CustomResourceDefinition', 'ClusterRole', 'ClusterRoleBinding'];

const find = (objects: readonly Rendered[], kind: string): Rendered =>
  objects.find((object) => object.kind === kind)!;
const podOf = (objects: readonly Rendered[], kind = 'Deployment'): PodSpec =>
  (find(objects, kind)['spec'] as { template: { spec: PodSpec } }).template.spec;

describe('the rendered chart', () => {
  const least = render(minimalValues);
  const all = render(allValues);

  it('has only objects of kinds that clusters serve', () => {
    const kindsOf = (objects: readonly Rendered[]) =>
      [...new Set(objects.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`))].sort();
    expect(kindsOf(all)).toEqual(servedKinds);
    expect(kindsOf(least)).toEqual(
      servedKinds.filter(
        (kind) => !kind.startsWith('monitoring') && !kind.endsWith('DaemonSet') && kind !== 'v1 Secret',
      ),
    );
  });

  it('puts every namespaced object into the namespace of the release', () => {
    for (const { kind, metadata } of least)
      expect([kind, metadata.namespace]).toEqual([
        kind,
        clusterScoped.includes(kind) ? undefined : release.namespace,
      ]);
  });

  it('gives each object of a kind a unique name', () => {
    const names = all.map(({ kind, metadata }) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it('derives names from the release, truncated to the length of a label', () => {
    const name = 'a'.repeat(52) + '-b';
    const long = render(minimalValues, { name, namespace: 'x' });
    expect(find(long, 'Deployment').metadata.name).toBe('a'.repeat(52));
  });

  it('labels every object except the CRDs with the release', () => {
    for (const { kind, metadata } of all)
      if (kind !== 'CustomResourceDefinition')
        expect(metadata.labels).toMatchObject({
          'app.kubernetes.io/name': 'overlay-network',
          'app.kubernetes.io/instance': release.name,
        });
  });

  it('contains the CRDs of crds/, and keeps them at an uninstall', () => {
    const crds = least.filter(({ kind }) => kind === 'CustomResourceDefinition');
    const files = readdirSync(CRD_FOLDER).sort();
    expect(crds).toEqual(
      files.map((file) => {
        const crd = parse(readFileSync(join(CRD_FOLDER, file), 'utf8')) as Rendered;
        const annotations = { ...crd.metadata.annotations, 'helm.sh/resource-policy': 'keep' };
        return { ...crd, metadata: { ...crd.metadata, annotations } };
      }),
    );
  });

  it('omits the CRDs with crds.install: false, and deletes them with the release with crds.keep: false', () => {
    const without = render({ ...minimalValues, crds: { install: false } });
    expect(without.filter(({ kind }) => kind === 'CustomResourceDefinition')).toEqual([]);
    const loose = render({ ...minimalValues, crds: { keep: false } });
    expect(find(loose, 'CustomResourceDefinition').metadata.annotations).toBeUndefined();
  });

  it('runs two replicas on different hosts, and lets a drain evict one at a time', () => {
    expect(find(least, 'Deployment')['spec']).toMatchObject({
      replicas: 2,
      strategy: { rollingUpdate: { maxUnavailable: 0 } },
    });
    expect(podOf(least)['affinity']).toHaveProperty('podAntiAffinity');
    expect(find(least, 'PodDisruptionBudget')['spec']).toMatchObject({ maxUnavailable: 1 });
  });

  it('selects its pods by their labels in every object', () => {
    const { selector, template } = find(least, 'Deployment')['spec'] as {
      selector: { matchLabels: Record<string, string> };
      template: { metadata: { labels: Record<string, string> } };
    };
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect(find(least, 'Service')['spec']).toMatchObject({ selector: selector.matchLabels });
    expect(find(least, 'PodDisruptionBudget')['spec']).toMatchObject({ selector });
    expect(find(least, 'NetworkPolicy')['spec']).toMatchObject({ podSelector: selector });
  });

  it('complies with the Pod Security Standard "restricted"', () => {
    for (const pod of [podOf(least), podOf(all), podOf(least, 'Job'), podOf(all, 'Job')]) {
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: expect.any(Number),
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(pod.securityContext['runAsUser']).not.toBe(0);
      for (const key of ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers', 'initContainers'])
        expect(pod).not.toHaveProperty(key);
      for (const container of pod.containers) {
        expect(container['securityContext']).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(JSON.stringify(container['ports'] ?? [])).not.toContain('hostPort');
      }
      for (const volume of pod.volumes ?? [])
        expect(['configMap', 'secret']).toContain(Object.keys(volume)[1]);
    }
  });

  it('probes health and readiness on the configured port', () => {
    const [container] = podOf(render({ ...minimalValues, metrics: { port: 9999 } })).containers;
    expect(container).toMatchObject({
      ports: [{ name: 'metrics', containerPort: 9999 }],
      livenessProbe: { httpGet: { path: '/health', port: 'metrics' } },
      readinessProbe: { httpGet: { path: '/ready', port: 'metrics' } },
    });
    expect(container!.env).toContainEqual({ name: 'OVERLAY_NETWORK_LISTEN_ADDR', value: ':9999' });
  });

  it('mounts the TLS Secret as a folder, so that a rotation changes the files that the operator reads', () => {
    const { containers, volumes } = podOf(least);
    expect(volumes).toContainEqual({
      name: 'tls',
      secret: { secretName: 'overlay-network-tls', defaultMode: 0o440 },
    });
    expect(containers[0]!['volumeMounts']).toContainEqual({
      name: 'tls',
      mountPath: '/etc/overlay-network/tls',
      readOnly: true,
    });
    const files = containers[0]!.env.filter(({ name }) => name.startsWith('OVERLAY_NETWORK_TLS_'));
    expect(files.map(({ value }) => value)).toEqual(
      ['ca.crt', 'tls.crt', 'tls.key'].map((file) => `/etc/overlay-network/tls/${file}`),
    );
  });

  it('starts new pods only when the configuration changes', () => {
    const templateOf = (values: object) =>
      (find(render({ ...minimalValues, ...values }), 'Deployment')['spec'] as { template: unknown }).template;
    const config = { ...(minimalValues['config'] as object), workers: 4 };
    expect(templateOf({ config })).not.toEqual(templateOf({}));
    expect(templateOf({ config: { ...config, logLevel: 'debug' } })).toEqual(templateOf({ config }));
    expect(templateOf({ replicas: 3 })).toEqual(templateOf({}));
  });

  it('allows the operator to connect only to DNS, the API server and OVN', () => {
    const { egress } = find(least, 'NetworkPolicy')['spec'] as { egress: { ports: { port: number }[] }[] };
    expect(egress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([
      53, 53, 443, 6443, 6641, 6642,
    ]);
  });

  it('pins the image by its digest if a digest is set', () => {
    const imageOf = (objects: readonly Rendered[]) => podOf(objects).containers[0]!['image'];
    expect(imageOf(least)).toBe('overlay-network:0.1.0');
    expect(imageOf(all)).toBe(`overlay-network@sha256:${'0'.repeat(64)}`);
  });

  it('removes finalizers in a post-delete hook, with its own roles', () => {
    const hooks = least.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== undefined);
    expect(hooks.map(({ kind }) => kind)).toEqual([
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'Role',
      'RoleBinding',
      'Job',
    ]);
    for (const { metadata } of hooks) expect(metadata.annotations?.['helm.sh/hook']).toBe('post-delete');
    expect(podOf(least, 'Job').containers).toMatchObject([{ args: ['uninstall'] }]);
    const without = render({ ...minimalValues, uninstall: { letObjectsGo: false } });
    expect(without.map(({ kind }) => kind)).not.toContain('Job');
  });

  it('grants neither wildcards nor access to Secrets', () => {
    const roles = least.filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role');
    expect(roles.map(({ metadata }) => metadata.name)).toEqual([
      'overlay-network-metrics-reader',
      'overlay-network',
      'overlay-network',
      'overlay-network-network-admin',
      'overlay-network-edit',
      'overlay-network-view',
      'overlay-network-uninstall',
      'overlay-network-uninstall',
    ]);
    for (const { rules } of roles) {
      expect(JSON.stringify(rules)).not.toContain('*');
      expect(JSON.stringify(rules)).not.toContain('secrets');
    }
  });

  it('prints the next steps', () => {
    const notes = renderTexts(minimalValues).get('NOTES.txt');
    expect(notes).toContain(`kubectl -n ${release.namespace} rollout status deployment/overlay-network`);
    expect(notes).toMatch(/exec deployment\/overlay-network -- \\\n +node dist\/main.js doctor /);
    expect(notes).not.toContain('allowPlaintext');
    const plain = {
      ...minimalValues,
      config: { ...(minimalValues['config'] as object), allowPlaintext: true },
    };
    expect(renderTexts(plain).get('NOTES.txt')).toContain('allowPlaintext is set');
  });

  it.each([
    ['config.ovnNbEndpoint is missing', {}, 'config.ovnNbEndpoint is required'],
    [
      'ssl: remotes have no TLS Secret',
      { ...minimalValues, tls: { secretName: '' } },
      'tls.secretName is required',
    ],
  ])('fails to render when %s', (_, values, message) => {
    expect(() => render(values)).toThrow(message);
  });

  it('has the version of the npm package', () => {
    const { version } = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'),
    ) as { version: string };
    const chart = parse(readFileSync(join(chartFolder, 'Chart.yaml'), 'utf8')) as Record<string, unknown>;
    expect(chart).toMatchObject({ version, appVersion: version });
  });
});
