import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { hasKubectl, Kubectl } from '../../../packages/dev-apiserver/test/support/kubectl.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { addGatewayChassis } from '../../support/operator/gateways.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

const manifests = ['quickstart.yaml', 'openstack-classic/network.yaml'].flatMap((file) => [
  '-f',
  join(import.meta.dirname, '../../../examples', file),
]);

(hasKubectl ? describe : describe.skip).each(targets)(
  `${hasKubectl ? '' : 'skipped (there is no kubectl): '}objects that come from git by server-side apply, on the $name API server`,
  (target) => {
    let cluster: TestCluster;
    let kubectl: Kubectl;
    const apply = (...options: string[]) =>
      kubectl.ok('apply', '--server-side', '--field-manager=argocd-controller', ...options, ...manifests);
    const diff = (...options: string[]) =>
      kubectl.run(['diff', '--server-side', '--field-manager=argocd-controller', ...options, ...manifests]);
    const versions = async () =>
      [...(await cluster.objects()).values()].map(
        ({ kind, metadata: { name, resourceVersion } }) => `${kind}/${name} ${resourceVersion}`,
      );

    beforeAll(async () => {
      cluster = await TestCluster.start(target, { northd: false });
      await addGatewayChassis(cluster.southbound, ['gw1', 'gw2']);
      kubectl = await Kubectl.create(cluster.server.kubeconfigPath);
      await cluster.startOperator();
      await apply();
      await cluster.converged();
    }, 60_000);
    afterAll(async () => {
      await kubectl.remove();
      await cluster.stop();
    });

    it('show no difference after the operator has written addresses, conditions and finalizers', async () => {
      expect((await cluster.get('Port', 'client')).status).toHaveProperty('ipAddress');
      expect((await cluster.get('VPC', 'quickstart')).metadata.finalizers).not.toBeUndefined();
      expect((await cluster.get('VPC', 'classic/router')).status).toHaveProperty('gatewayIPs');
      expect((await cluster.get('FloatingIP', 'classic/instance')).status).toHaveProperty('usedBy');
      expect(await diff()).toMatchObject({ status: 0, stdout: '' });
    });

    it('are not changed by a second apply, which has no conflicts', async () => {
      const before = await versions();
      expect(await apply()).toMatch(/serverside-applied/);
      expect(await versions()).toEqual(before);
    });

    it('give Argo CD ownership of the applied fields, but not of status and finalizers', async () => {
      const text = await kubectl.ok('get', 'vpc', 'quickstart', '--show-managed-fields', '-o', 'json');
      const fields = (
        JSON.parse(text) as { metadata: { managedFields: { manager: string; fieldsV1: object }[] } }
      ).metadata.managedFields;
      const ownedBy = (manager: string) =>
        JSON.stringify(fields.filter((each) => each.manager === manager).map(({ fieldsV1 }) => fieldsV1));
      expect(ownedBy('argocd-controller')).toContain('f:cidr');
      expect(ownedBy('argocd-controller')).not.toMatch(/f:status|f:finalizers/);
    });

    it('keep the attachment that a VM manager sets on a Port', async () => {
      const attachment = { vmID: 'vm-1', host: 'hv1' };
      const patch = JSON.stringify({ spec: { attachment } });
      const by = ['--type=merge', '--field-manager=plasmavmc', '-p', patch];
      await kubectl.ok('patch', 'ports.network.plasmavmc.io', 'instance', '-n', 'classic', ...by);
      expect(await diff()).toMatchObject({ status: 0, stdout: '' });
      await apply();
      expect((await cluster.get('Port', 'classic/instance')).spec['attachment']).toEqual(attachment);
    });

    it('show a manual change as a difference, and the next apply reverts the change', async () => {
      await kubectl.ok(
        'patch',
        'securitygroup',
        'web',
        '--type=merge',
        '-p',
        '{"spec":{"description":"by hand"}}',
      );
      expect((await diff('--force-conflicts')).stdout).toContain('-  description: by hand');
      await apply('--force-conflicts');
      await cluster.ready();
      expect(await diff()).toMatchObject({ status: 0, stdout: '' });
    });
  },
);
