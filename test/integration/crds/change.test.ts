import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withDefaults } from '../../../src/api/index.ts';
import { ApiClient } from '../../../packages/dev-apiserver/test/support/client.ts';
import { type RunningServer, targets } from '../../../packages/dev-apiserver/test/support/targets.ts';

import { type Answer, causesOf, collection, examples, installCrds, type Kind, object } from './support.ts';

const external = { physicalNetwork: 'physnet1', cidr: '203.0.113.0/24', gateway: '203.0.113.1' };
const floating = { externalNetworkRef: { name: 'a' }, address: '203.0.113.5' };
const peering = { peer: { namespace: 'b' } };

describe.each(targets)('the CRDs on the $name API server', ({ name: target, start }) => {
  let server: RunningServer;
  let client: ApiClient;
  let serial = 0;

  beforeAll(async () => {
    server = await start();
    client = new ApiClient(server);
    await installCrds(client);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  /** Creates an object, then merges a patch into it. */
  async function change(kind: Kind, spec: unknown, patch: unknown): Promise<Answer> {
    const name = `changed-${++serial}`;
    const created = await client.create(collection(kind), object(kind, name, spec));
    expect(created.status).toBe(201);
    return client.patch(`${collection(kind)}/${name}`, 'merge', { spec: patch });
  }

  it.each<[string, Kind, unknown, unknown, string]>([
    ['changes the range of a VPC', 'VPC', { cidr: '10.1.0.0/16' }, { cidr: '10.2.0.0/16' }, 'cidr'],
    ['unsets the range of a VPC', 'VPC', { cidr: '10.1.0.0/16' }, { cidr: null }, 'cidr'],
    ['sets the range of a VPC after creation', 'VPC', {}, { cidr: '10.1.0.0/16' }, 'cidr'],
    ['removes the spec of a VPC that has a range', 'VPC', { cidr: '10.1.0.0/16' }, null, 'cidr'],
    ['changes the range of a Subnet', 'Subnet', { cidr: '10.1.1.0/24' }, { cidr: '10.1.2.0/24' }, 'cidr'],
    ['sets the range of a Subnet after creation', 'Subnet', {}, { cidr: '10.1.1.0/24' }, 'cidr'],
    ['changes the VPC of a Subnet', 'Subnet', { vpcRef: { name: 'a' } }, { vpcRef: { name: 'b' } }, 'vpcRef'],
    [
      'changes the VLAN of a Subnet',
      'Subnet',
      { provider: { networkRef: { name: 'a' }, vlanID: 1 } },
      { provider: { vlanID: 2 } },
      'provider',
    ],
    [
      'connects a Subnet to a physical network after creation',
      'Subnet',
      {},
      { provider: { networkRef: { name: 'a' } } },
      'provider',
    ],
    [
      'changes the physical network of a ProviderNetwork',
      'ProviderNetwork',
      { physicalNetwork: 'a' },
      { physicalNetwork: 'b' },
      'physicalNetwork',
    ],
    ['unsets the VPC of a Subnet', 'Subnet', { vpcRef: { name: 'a' } }, { vpcRef: null }, 'vpcRef'],
    [
      'changes the Subnet of a Port',
      'Port',
      { subnetRef: { name: 'a' } },
      { subnetRef: { name: 'b' } },
      'subnetRef',
    ],
    ['unsets the Subnet of a Port', 'Port', { subnetRef: { name: 'a' } }, { subnetRef: null }, 'subnetRef'],
    [
      'changes the address of a Port',
      'Port',
      { ipAddress: '10.1.1.5' },
      { ipAddress: '10.1.1.6' },
      'ipAddress',
    ],
    ['unsets the address of a Port', 'Port', { ipAddress: '10.1.1.5' }, { ipAddress: null }, 'ipAddress'],
    ['sets the address of a Port after creation', 'Port', {}, { ipAddress: '10.1.1.5' }, 'ipAddress'],
    [
      'changes the range of an ExternalNetwork',
      'ExternalNetwork',
      external,
      { cidr: '203.0.112.0/23' },
      'cidr',
    ],
    [
      'changes the network of a FloatingIP',
      'FloatingIP',
      floating,
      { externalNetworkRef: { name: 'b' } },
      'externalNetworkRef',
    ],
    ['changes the address of a FloatingIP', 'FloatingIP', floating, { address: '203.0.113.6' }, 'address'],
    ['unsets the address of a FloatingIP', 'FloatingIP', floating, { address: null }, 'address'],
    ['sets the name of the peer of a VPCPeering', 'VPCPeering', peering, { peer: { name: 'net' } }, 'peer'],
    ['changes the peer of a VPCPeering', 'VPCPeering', peering, { peer: { namespace: 'c' } }, 'peer'],
    [
      'sets the VPC of a VPCPeering after creation',
      'VPCPeering',
      peering,
      { vpcRef: { name: 'a' } },
      'vpcRef',
    ],
  ])('reject an update that %s', async (_, kind, spec, patch, field) => {
    const response = await change(kind, spec, patch);
    expect(response.status).toBe(422);
    expect(causesOf(response)).toEqual([
      expect.stringMatching(`^spec.${field}: .*${field} cannot be set, changed or removed after creation`),
    ]);
  });

  it('accept the range of the Subnet default after its creation, and reject another one', async () => {
    const path = collection('Subnet');
    await client.create(path, object('Subnet', 'default', { vpcRef: { name: 'net' } }));
    const patch = (cidr: string | null) => client.patch(`${path}/default`, 'merge', { spec: { cidr } });
    expect((await patch('10.1.1.0/24')).status).toBe(200);
    for (const cidr of ['10.1.2.0/24', null]) expect((await patch(cidr)).status).toBe(422);
    expect((await patch('10.1.1.0/24')).status).toBe(200);
  });

  it.each<[string, Kind, unknown, unknown]>([
    ['changes the defaults field of a VPC', 'VPC', { cidr: '10.1.0.0/16' }, { defaults: 'None' }],
    [
      'changes the gateway of a Subnet',
      'Subnet',
      { cidr: '10.1.1.0/24' },
      { gateway: { mode: 'Address', address: '10.1.1.254' } },
    ],
    [
      'sets the allocation pools of a Subnet',
      'Subnet',
      {},
      { allocationPools: [{ start: '10.1.1.9', end: '10.1.1.99' }] },
    ],
    ['unsets the Subnet of a Port that has the default Subnet', 'Port', {}, { subnetRef: null }],
    [
      'sets the groups and the MAC address of a Port',
      'Port',
      {},
      { securityGroupRefs: [], macAddress: '0a:00:00:00:00:01' },
    ],
    [
      'changes the gateway and the chassis of an ExternalNetwork',
      'ExternalNetwork',
      external,
      { gateway: '203.0.113.254', gatewayChassis: { mode: 'Named', names: ['gw1'] } },
    ],
    [
      'sets the advertised networks of a VPCPeering',
      'VPCPeering',
      peering,
      { advertisedCIDRs: ['10.1.0.0/24'] },
    ],
    [
      'consents to another VPC and to other networks in a VPCPeering',
      'VPCPeering',
      peering,
      { peer: { vpcUID: '6b2f5d4e-0000-4000-8000-000000000001' }, acceptedCIDRs: ['10.2.0.0/24'] },
    ],
    [
      'changes the type of a NatRule',
      'NatRule',
      { type: 'SNAT', source: { cidr: '10.1.0.0/24' } },
      { type: 'DNAT', source: null, protocol: 'TCP', externalPort: 80, target: { address: '10.1.0.5' } },
    ],
  ])('accept an update that %s', async (_, kind, spec, patch) => {
    const { status, body }: Answer = await change(kind, spec, patch);
    expect({ status, message: body.message }).toEqual({ status: 200, message: undefined });
  });

  describe('for an attached Port', () => {
    const attached = { attachment: { vmID: 'vm-1', host: 'hv1' } };

    it('reject another VM, with a message that names the attached VM', async () => {
      const response = await change('Port', attached, { attachment: { vmID: 'vm-2' } });
      expect(response.status).toBe(422);
      expect(causesOf(response)).toEqual([
        expect.stringMatching(
          /^spec\.attachment\.vmID: .*: PORT_ALREADY_ATTACHED: the Port is attached to VM vm-1; remove spec\.attachment first$/,
        ),
      ]);
    });

    it('accept another VM after the Port is detached', async () => {
      const { body }: Answer = await change('Port', attached, { attachment: null });
      expect(body.spec).not.toHaveProperty('attachment');
      const path = `${collection('Port')}/${body.metadata.name}`;
      const { status } = await client.patch(path, 'merge', { spec: { attachment: { vmID: 'vm-2' } } });
      expect(status).toBe(200);
    });

    it('accept the migration of the VM to another host', async () => {
      const { status, body }: Answer = await change('Port', attached, {
        attachment: { migrationTargetHost: 'hv2' },
      });
      expect({ status, attachment: body.spec?.attachment }).toEqual({
        status: 200,
        attachment: { vmID: 'vm-1', host: 'hv1', migrationTargetHost: 'hv2' },
      });
      const path = `${collection('Port')}/${body.metadata.name}`;
      const arrived = { attachment: { host: 'hv2', migrationTargetHost: null } };
      expect(await client.patch(path, 'merge', { spec: arrived })).toMatchObject({ status: 200 });
    });
  });

  it('set the same defaults as src/api', async () => {
    for (const kind of ['VPC', 'Subnet', 'Port', 'SecurityGroup'] as const) {
      const { body }: Answer = await client.create(collection(kind), object(kind, 'defaulted'), {
        query: { dryRun: 'All' },
      });
      expect({ kind, spec: body.spec }).toEqual({ kind, spec: withDefaults(object(kind, 'defaulted')).spec });
    }
  });

  it('merge the groups of two field managers', async () => {
    const path = `${collection('Port')}/shared`;
    const apply = (manager: string, group: string) =>
      client.apply(path, manager, object('Port', 'shared', { securityGroupRefs: [{ name: group }] }));
    const first: Answer = await apply('one', 'web');
    if (first.status === 415) {
      // A server may report that it does not support server-side apply; a real server supports it.
      expect(target).not.toBe('real');
      return;
    }
    expect(first.status).toBe(201);
    const { body }: Answer = await apply('two', 'ssh');
    expect(body.spec?.securityGroupRefs).toEqual([{ name: 'web' }, { name: 'ssh' }]);
  });

  it('accept all examples together with strict validation', async () => {
    expect(examples.size).toBeGreaterThan(0);
    for (const [file, objects] of examples) {
      for (const each of objects) {
        const path =
          each.kind === 'Namespace'
            ? '/api/v1/namespaces'
            : each.kind === 'Secret'
              ? `/api/v1/namespaces/${each.metadata.namespace}/secrets`
              : collection(each.kind as Kind, each.metadata.namespace);
        const { status, body }: Answer = await client.create(path, each, {
          query: { fieldValidation: 'Strict' },
        });
        expect({ file, name: each.metadata.name, status, message: body.message }).toEqual({
          file,
          name: each.metadata.name,
          status: 201,
          message: undefined,
        });
      }
    }
    const vpcs: Answer = await client.get('/apis/network.plasmavmc.io/v1alpha1/vpcs');
    const owned = vpcs.body.items
      .filter(({ metadata }) => !metadata.name.startsWith('changed-'))
      .map(({ metadata }) => metadata.namespace);
    expect(new Set(owned).size).toBe(owned.length);
  });
});
