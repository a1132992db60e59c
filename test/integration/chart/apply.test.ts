import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hasKubectl, Kubectl } from '../../../packages/dev-apiserver/test/support/kubectl.ts';
import { targets, type RunningServer } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { minimalValues, release, render, renderTexts } from '../../support/chart/chart.ts';
import { example } from '../../support/operator/examples.ts';

/** The servers in these tests support no other kinds of the chart. */
const crds = render(minimalValues).filter(({ kind }) => kind === 'CustomResourceDefinition');

(hasKubectl ? describe : describe.skip).each(targets)(
  `${hasKubectl ? '' : 'skipped (kubectl is not installed): '}the chart's CRDs on the $name API server`,
  (target) => {
    let server: RunningServer;
    let kubectl: Kubectl;
    const apply = () =>
      kubectl.send(
        renderTexts(minimalValues).get('crds.yaml')!,
        'apply',
        '--server-side',
        '--field-manager=helm',
      );

    beforeAll(async () => {
      server = await target.start();
      kubectl = await Kubectl.create(server.kubeconfigPath);
    }, 60_000);
    afterAll(async () => {
      await kubectl.remove();
      await server.stop();
    });

    it('are all installed and serve their kinds', async () => {
      expect((await apply()).match(/serverside-applied/g)).toHaveLength(crds.length);
      await kubectl.ok('wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s');
      const items = example('quickstart.yaml');
      await kubectl.send(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'create');
    });

    it('do not change in an upgrade to the same version', async () => {
      const versions = () => kubectl.ok('get', 'crd', '-o', 'jsonpath={.items[*].metadata.generation}');
      const before = await versions();
      await apply();
      expect(await versions()).toBe(before);
    });

    it('change in an upgrade to another version', async () => {
      const name = crds[0]!.metadata.name;
      await kubectl.ok(
        'patch',
        'crd',
        name,
        '--type=json',
        '-p',
        '[{"op":"remove","path":"/spec/names/categories"}]',
      );
      await kubectl.send(
        renderTexts(minimalValues).get('crds.yaml')!,
        'apply',
        '--server-side',
        '--force-conflicts',
        '--field-manager=helm',
      );
      expect(await kubectl.ok('get', 'crd', name, '-o', 'jsonpath={.spec.names.categories[0]}')).toBe(
        'overlay',
      );
    });

    it('come with a ConfigMap that the server accepts', async () => {
      await kubectl.ok('create', 'namespace', release.namespace);
      const config = renderTexts(minimalValues).get('configmap.yaml')!;
      expect(await kubectl.send(config, 'apply', '--server-side')).toContain('serverside-applied');
    });
  },
);
