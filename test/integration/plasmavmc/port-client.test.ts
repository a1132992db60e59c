import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PortClient } from '../../../src/plasmavmc/index.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { example } from '../../support/operator/examples.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

const web = { namespace: 'default', name: 'web' };
const failed = (code: string) => expect.objectContaining({ name: 'PortError', code });

describe.each(targets)('PortClient with the $name API server', (target) => {
  let cluster: TestCluster;
  let ports: PortClient;

  beforeAll(async () => {
    cluster = await TestCluster.start(target);
    ports = await PortClient.connect(cluster.server.kubeconfigPath);
  }, 60_000);
  beforeEach(async () => {
    await cluster.reset();
    await cluster.startOperator();
    await cluster.apply(...example('quickstart.yaml'));
    await cluster.converged();
  });
  afterAll(async () => {
    ports.close();
    await cluster.stop();
  });

  /** Writes to the Southbound database what ovn-controller writes when a device appears on a host. */
  async function plugged(interfaceID: string, host: 'hv1' | 'hv2'): Promise<void> {
    await cluster.ovn.sbctl('--may-exist', 'chassis-add', host, 'geneve', `127.0.0.${host.slice(2)}`);
    await cluster.ovn.nbctl('--wait=sb', 'sync');
    await cluster.ovn.sbctl('--if-exists', 'lsp-unbind', interfaceID);
    await cluster.ovn.sbctl('lsp-bind', interfaceID, host);
    await cluster.ovn.sbctl('set', 'Port_Binding', interfaceID, 'up=true');
  }

  it('creates, attaches, migrates, detaches and deletes a Port', async () => {
    const created = await ports.createPort(web, { subnetRef: { name: 'apps' } });
    const settings = await ports.waitReady(web);
    expect(settings).toEqual({
      interfaceID: created.metadata.uid,
      macAddress: expect.stringMatching(/^[0-9a-f:]{17}$/),
      ipAddress: expect.stringMatching(/^10\.10\.1\.\d+$/),
      mtu: expect.any(Number),
    });
    await ports.attach(web, { vmID: 'vm-1', host: 'hv1' });
    await plugged(settings.interfaceID, 'hv1');
    await ports.waitBound(web, 'hv1');
    await ports.attach(web, { vmID: 'vm-1', host: 'hv1', migrationTargetHost: 'hv2' });
    const moved = await ports.attach(web, { vmID: 'vm-1', host: 'hv2' });
    expect(moved.spec.attachment).toEqual({ vmID: 'vm-1', host: 'hv2' });
    await plugged(settings.interfaceID, 'hv2');
    await ports.waitBound(web, 'hv2');
    expect(await ports.waitReady(web)).toEqual(settings);
    await ports.detach(web, 'vm-1');
    expect((await ports.get(web)).spec.attachment).toBeUndefined();
    await ports.delete(web);
    await cluster.gone('Port', 'web');
    await expect(ports.waitReady(web)).rejects.toEqual(failed('GONE'));
  });

  it('accepts a repetition of each call', async () => {
    const spec = { subnetRef: { name: 'apps' }, securityGroupRefs: [{ name: 'web' }] };
    const first = await ports.createPort(web, spec);
    expect((await ports.createPort(web, spec)).metadata.uid).toBe(first.metadata.uid);
    await expect(ports.createPort(web, { ...spec, adminState: 'Down' })).rejects.toEqual(failed('EXISTS'));
    for (const _ of ['once', 'again']) await ports.attach(web, { vmID: 'vm-1' });
    for (const _ of ['once', 'again']) await ports.detach(web, 'vm-1');
    for (const _ of ['once', 'again']) await ports.delete(web);
  });

  it('rejects attach while another machine is attached, and ignores detach of a machine that is not', async () => {
    await ports.createPort(web, { subnetRef: { name: 'apps' } });
    await ports.attach(web, { vmID: 'vm-1' });
    await expect(ports.attach(web, { vmID: 'vm-2' })).rejects.toEqual(failed('ALREADY_ATTACHED'));
    await ports.detach(web, 'vm-2');
    expect((await ports.get(web)).spec.attachment?.vmID).toBe('vm-1');
  });

  it('rejects at once with STALLED if only a user can make the Port Ready', async () => {
    const outside = { ...web, name: 'outside' };
    await ports.createPort(outside, { subnetRef: { name: 'default' }, ipAddress: '192.0.2.7' });
    const waiting = ports.waitReady(outside, { timeoutMs: 60_000 });
    await expect(waiting).rejects.toEqual(failed('STALLED'));
    await expect(waiting).rejects.toThrow(
      /^IP_OUTSIDE_SUBNET: 192\.0\.2\.7 .*; create the Port with another/,
    );
  });

  it('rejects with the reason why a Port is not Ready or not Bound', async () => {
    await ports.createPort(web, { subnetRef: { name: 'missing' } });
    const waiting = ports.waitReady(web, { timeoutMs: 1_000 });
    await expect(waiting).rejects.toEqual(failed('NOT_READY'));
    await expect(waiting).rejects.toThrow(/missing/);
    await expect(ports.waitBound(web, 'hv1', { timeoutMs: 10 })).rejects.toThrow(
      /up on no host; expected hv1/,
    );
    await expect(ports.attach({ ...web, name: 'nobody' }, { vmID: 'vm-1' })).rejects.toEqual(failed('GONE'));
  });
});
