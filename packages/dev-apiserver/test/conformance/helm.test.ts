import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { conformance, expectStatus } from '../support/conformance.ts';
import { Program, succeeds } from '../support/program.ts';
import { widgetCrd, widgets } from '../support/widgets.ts';

const whenInstalled = succeeds('helm', ['version']) ? conformance : skipped;
function skipped(title: string): void {
  it.skip(`${title}: skipped (the PATH contains no helm)`, () => undefined);
}

const templates = `
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  size: {{ .Values.size | quote }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}
stringData:
  password: secret
---
apiVersion: conformance.example.com/v1
kind: Widget
metadata:
  name: {{ .Release.Name }}
spec:
  size: {{ .Values.size }}
`;

// Helm 3 and 4 use client-go: its REST client, its discovery and OpenAPI clients, and the typed client for Secrets.
whenInstalled('Helm', (cluster) => {
  let helm: Program;
  let chart: string;

  beforeAll(async () => {
    helm = await Program.create('helm', cluster.server.kubeconfigPath);
    chart = join(helm.folder, 'sample');
    await mkdir(join(chart, 'templates'), { recursive: true });
    await mkdir(join(chart, 'crds'));
    await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: sample\nversion: 0.1.0\n');
    await writeFile(join(chart, 'values.yaml'), 'size: 3\n');
    await writeFile(join(chart, 'crds', 'widget.yaml'), JSON.stringify(widgetCrd));
    await writeFile(join(chart, 'templates', 'all.yaml'), templates);
  });
  afterAll(() => helm.remove());

  const size = async (): Promise<unknown> =>
    (await expectStatus(cluster.api.get(widgets('apps', 'sample')), 200)).spec['size'];

  it('installs a chart with a CRD into a new namespace', async () => {
    await helm.ok('install', 'sample', chart, '--namespace=apps', '--create-namespace', '--wait');
    expect(await size()).toBe(3);
    expect(await helm.ok('status', 'sample', '-n', 'apps')).toContain('STATUS: deployed');
  });

  it('upgrades a release', async () => {
    await helm.ok('upgrade', 'sample', chart, '-n', 'apps', '--set=size=5', '--wait');
    expect(await size()).toBe(5);
  });

  it('reports why the server rejects an upgrade', async () => {
    const { status, stderr } = await helm.run('upgrade', 'sample', chart, '-n', 'apps', '--set=size=1000');
    expect(status).toBe(1);
    expect(stderr).toContain('spec.size in body should be less than or equal to 100');
    expect(await size()).toBe(5);
  });

  it('renders an upgrade with a dry run on the server', async () => {
    expect(
      await helm.ok('upgrade', 'sample', chart, '-n', 'apps', '--set=size=9', '--dry-run=server'),
    ).toContain('size: 9');
    expect(await size()).toBe(5);
  });

  it('rolls back to an earlier revision', async () => {
    await helm.ok('rollback', 'sample', '1', '-n', 'apps', '--wait');
    expect(await size()).toBe(3);
  });

  it('uninstalls a release', async () => {
    await helm.ok('uninstall', 'sample', '-n', 'apps', '--wait');
    await expectStatus(cluster.api.get(widgets('apps', 'sample')), 404);
    const secrets = await expectStatus(cluster.api.get('/api/v1/namespaces/apps/secrets'), 200);
    expect(secrets.items).toEqual([]);
  });
});
