import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { conformance, expectStatus } from '../support/conformance.ts';
import { hasKubectl, Kubectl } from '../support/kubectl.ts';
import { widget, widgetCrd, widgets } from '../support/widgets.ts';

const whenInstalled = hasKubectl ? conformance : skipped;
function skipped(title: string): void {
  it.skip(`${title}: skipped (the PATH contains no kubectl)`, () => undefined);
}

whenInstalled('kubectl', (cluster) => {
  let kubectl: Kubectl;

  beforeAll(async () => {
    kubectl = await Kubectl.create(cluster.server.kubeconfigPath);
    await kubectl.send(stringify(widgetCrd), 'apply');
    await kubectl.ok('wait', '--for=condition=Established', 'crd/widgets.conformance.example.com');
    await cluster.api.get(widgets());
  });
  afterAll(() => kubectl.remove());

  const manifest = (name: string, spec: Record<string, unknown> = {}) => stringify(widget(name, spec));
  const stored = async (name: string) => expectStatus(cluster.api.get(widgets('default', name)), 200);

  it('creates, updates and keeps objects with client-side apply', async () => {
    expect(await kubectl.send(manifest('w1', { size: 3, note: 'x' }), 'apply')).toMatch(/widget.* created/);
    expect(await kubectl.send(manifest('w1', { size: 3, note: 'x' }), 'apply')).toMatch(/widget.* unchanged/);
    expect(await kubectl.send(manifest('w1', { size: 4 }), 'apply')).toMatch(/widget.* configured/);
    const { spec, metadata } = await stored('w1');
    expect(spec).toEqual({ size: 4, mode: { kind: 'Plain' } });
    expect(metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration']).toContain('"size":4');
  });

  it('applies on the server side and reports conflicts', async () => {
    expect(await kubectl.send(manifest('w2', { size: 3 }), 'apply', '--server-side')).toMatch(
      /serverside-applied/,
    );
    await kubectl.ok('patch', 'widget', 'w2', '--type=merge', '-p', '{"spec":{"size":9}}');
    const refused = await kubectl.run(['apply', '--server-side', '-f', '-'], {
      stdin: manifest('w2', { size: 4 }),
    });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(
      'conflict with "kubectl-patch" using conformance.example.com/v1: .spec.size',
    );
    await kubectl.send(manifest('w2', { size: 4 }), 'apply', '--server-side', '--force-conflicts');
    expect((await stored('w2')).spec['size']).toBe(4);
  });

  it('changes from client-side apply to server-side apply', async () => {
    await kubectl.send(manifest('w3', { size: 3, note: 'x' }), 'apply');
    await kubectl.send(manifest('w3', { size: 4 }), 'apply', '--server-side');
    expect((await stored('w3')).spec).toEqual({ size: 4, mode: { kind: 'Plain' } });
  });

  it('reports fields that the schema does not have', async () => {
    const { status, stderr } = await kubectl.run(['apply', '-f', '-'], {
      stdin: manifest('bad', { zeta: 1 }),
    });
    expect(status).toBe(1);
    expect(stderr).toContain('unknown field "spec.zeta"');
  });

  it('shows the message of a violated CEL rule', async () => {
    const { status, stderr } = await kubectl.run(['apply', '-f', '-'], {
      stdin: manifest('bad', { cidr: '10/8' }),
    });
    expect(status).toBe(1);
    expect(stderr).toContain('spec.cidr: Invalid value: cidr must be a CIDR');
  });

  it('shows tables with the columns of the kind, by short name and category', async () => {
    await kubectl.send(manifest('w4', { colour: 'Red', size: 7 }), 'apply');
    const table = (await kubectl.ok('get', 'wd', 'w4'))
      .trim()
      .split('\n')
      .map((line) => line.split(/\s{2,}/));
    expect(table[0]).toEqual(['NAME', 'COLOUR', 'SIZE', 'READY', 'AGE']);
    expect(table[1]?.slice(0, 3)).toEqual(['w4', 'Red', '7']);
    expect(await kubectl.ok('get', 'wd', 'w4', '-o', 'wide')).toMatch(/NOTES/);
    expect(await kubectl.ok('get', 'toys', '-o', 'name')).toContain('widget.conformance.example.com/w4');
    expect(
      await kubectl.ok('get', 'wd', '-A', '--field-selector', 'spec.colour=Red', '-o', 'name'),
    ).toContain('/w4');
  });

  it('shows YAML and JSON paths', async () => {
    await kubectl.send(manifest('w5', { size: 7 }), 'apply');
    expect(await kubectl.ok('get', 'widget', 'w5', '-o', 'yaml')).toContain('size: 7');
    expect(await kubectl.ok('get', 'widget', 'w5', '-o', 'jsonpath={.spec.size}')).toBe('7');
  });

  it('describes an object', async () => {
    await kubectl.send(manifest('w6', { size: 7 }), 'apply');
    const text = await kubectl.ok('describe', 'widget', 'w6');
    expect(text).toMatch(/^Name:\s+w6$/m);
    expect(text).toMatch(/^Kind:\s+Widget$/m);
    expect(text).toMatch(/Size:\s+7$/m);
    expect(text).toMatch(/^Events:\s+<none>$/m);
  });

  it('explains a kind and its fields', async () => {
    expect(await kubectl.ok('explain', 'widget')).toContain('Widget is a thing with a colour.');
    const field = await kubectl.ok('explain', 'widget.spec.parts.count');
    expect(field).toMatch(/count.*<integer>/s);
  });

  it('waits for a condition', async () => {
    await kubectl.send(manifest('w7'), 'apply');
    const waiting = kubectl.ok('wait', '--for=condition=Ready', 'widget/w7', '--timeout=20s');
    const status = { conditions: [{ type: 'Ready', status: 'True' }] };
    await expectStatus(cluster.api.patch(`${widgets('default', 'w7')}/status`, 'merge', { status }), 200);
    expect(await waiting).toContain('condition met');
  });

  it('patches with every patch type of custom resources', async () => {
    await kubectl.send(manifest('w8', { size: 2 }), 'apply');
    await kubectl.ok('patch', 'widget', 'w8', '--type=merge', '-p', '{"spec":{"size":3}}');
    await kubectl.ok(
      'patch',
      'widget',
      'w8',
      '--type=json',
      '-p',
      '[{"op":"add","path":"/spec/note","value":"n"}]',
    );
    await kubectl.ok(
      'patch',
      'widget',
      'w8',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"phase":"x"}}',
    );
    expect(await stored('w8')).toMatchObject({ spec: { size: 3, note: 'n' }, status: { phase: 'x' } });
  });

  it('edits an object in an editor', async () => {
    await kubectl.send(manifest('w9', { size: 2 }), 'apply');
    const editor = await kubectl.file('editor', '#!/bin/sh\nsed -i "s/size: 2/size: 8/" "$1"\n', 0o755);
    const { status, stdout } = await kubectl.run(['edit', 'widget', 'w9'], { editor });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'widget.conformance.example.com/w9 edited\n' });
    expect((await stored('w9')).spec['size']).toBe(8);
  });

  it('labels, annotates and replaces an object', async () => {
    await kubectl.send(manifest('w10', { size: 2 }), 'create');
    await kubectl.ok('label', 'widget', 'w10', 'a=b');
    await kubectl.ok('annotate', 'widget', 'w10', 'c=d');
    expect((await stored('w10')).metadata).toMatchObject({ labels: { a: 'b' }, annotations: { c: 'd' } });
    await kubectl.send(manifest('w10', { size: 5 }), 'replace');
    expect((await stored('w10')).spec['size']).toBe(5);
  });

  it('shows the difference to a manifest', async () => {
    await kubectl.send(manifest('w11', { size: 2 }), 'apply');
    const { status, stdout } = await kubectl.run(['diff', '-f', '-'], {
      stdin: manifest('w11', { size: 6 }),
    });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^\+\s+size: 6$/m);
  });

  it('watches an object', async () => {
    await kubectl.send(manifest('w12'), 'apply');
    const events = await kubectl.run(['get', 'widget', 'w12', '-w', '--request-timeout=2s', '-o', 'name']);
    expect(events.stdout).toContain('widget.conformance.example.com/w12');
  });

  it('deletes an object and waits for its removal', async () => {
    await kubectl.send(manifest('w13'), 'apply');
    expect(await kubectl.ok('delete', 'widget', 'w13')).toMatch(/"w13".* deleted/);
    await expectStatus(cluster.api.get(widgets('default', 'w13')), 404);
    expect(await kubectl.ok('delete', 'widget', 'w13', '--ignore-not-found')).toBe('');
    const { status, stderr } = await kubectl.run(['delete', 'widget', 'w13']);
    expect(status).toBe(1);
    expect(stderr).toContain('Error from server (NotFound): widgets.conformance.example.com "w13" not found');
  });

  it('lists the resources and versions of the API', async () => {
    const resources = await kubectl.ok('api-resources', '--no-headers');
    expect(resources).toMatch(/^widgets\s+wd\s+conformance\.example\.com\/v1\s+true\s+Widget$/m);
    expect(resources).toMatch(/^configmaps\s+cm\s+v1\s+true\s+ConfigMap$/m);
    expect(await kubectl.ok('api-versions')).toContain('conformance.example.com/v1');
  });

  it('creates, shows and deletes built-in kinds', async () => {
    await kubectl.ok('create', 'namespace', 'made');
    await kubectl.ok('create', 'configmap', 'c', '--from-literal=a=b', '-n', 'made');
    await kubectl.ok('create', 'secret', 'generic', 's', '--from-literal=a=b', '-n', 'made');
    expect(await kubectl.ok('get', 'configmap', 'c', '-n', 'made', '-o', 'jsonpath={.data.a}')).toBe('b');
    expect(await kubectl.ok('get', 'namespaces')).toMatch(/^made\s+Active\s+\d+s$/m);
    expect(await kubectl.ok('get', 'events', '-n', 'made')).toBe('');
    await kubectl.ok('delete', 'namespace', 'made');
    await expectStatus(cluster.api.get('/api/v1/namespaces/made'), 404);
  });
});
