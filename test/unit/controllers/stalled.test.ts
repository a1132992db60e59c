import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  externalNetwork,
  floatingIP,
  namespace,
  natRule,
  on,
  portIn,
  providerNetwork,
  subnet,
  trafficPolicy,
  vpc,
  vpcPeering,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster, type Manifest } from '../../support/controllers/offline-cluster.ts';

let cluster: OfflineCluster;
beforeEach(async () => {
  cluster = new OfflineCluster();
  for (const name of ['default', 'other'])
    cluster.apply(namespace(name, { 'network.plasmavmc.io/organization': 'acme' }));
  cluster.apply(externalNetwork('public'));
  cluster.apply(providerNetwork('plant'));
  cluster.apply(
    vpc('net', {
      cidr: '10.9.0.0/16',
      defaults: 'None',
      externalGateway: { externalNetworkRef: { name: 'public' } },
    }),
  );
  cluster.apply(
    subnet('a', { cidr: '10.9.1.0/29', reservedRanges: [{ start: '10.9.1.5', end: '10.9.1.5' }] }),
  );
  cluster.apply(portIn('a', 'first', { ipAddress: '10.9.1.3', macAddress: '0a:00:00:00:00:01' }));
  await cluster.settle();
});
const stalled = ({ kind, metadata: { namespace = 'default', name } }: Manifest) =>
  cluster.condition('Stalled', kind, `${namespace}/${name}`);

describe('the condition Stalled', () => {
  it.each<[string, string, Manifest]>([
    ['an address outside the Subnet', 'IPOutsideSubnet', portIn('a', 'x', { ipAddress: '10.9.2.9' })],
    ['the address of the gateway', 'IPReserved', portIn('a', 'x', { ipAddress: '10.9.1.1' })],
    ['a reserved address', 'IPReserved', portIn('a', 'x', { ipAddress: '10.9.1.5' })],
    ['the address of another Port', 'IPAlreadyAllocated', portIn('a', 'x', { ipAddress: '10.9.1.3' })],
    ['the MAC address of another Port', 'MACConflict', portIn('a', 'x', { macAddress: '0a:00:00:00:00:01' })],
    [
      'a forbidden additional address',
      'AllowedAddressRefused',
      portIn('a', 'x', { allowedAddresses: [{ cidr: '10.9.1.1/32' }] }),
    ],
    ['the range of another Subnet', 'CIDROverlap', subnet('x', { cidr: '10.9.1.0/24' })],
    [
      'a gateway outside the range',
      'IPOutsideSubnet',
      subnet('x', { cidr: '10.9.2.0/24', gateway: { mode: 'Address', address: '10.9.3.1' } }),
    ],
    ['a second VPC in the namespace', 'VPCAlreadyExists', vpc('x')],
    ['a public range', 'RangeNotAllowed', vpc('x', { cidr: '8.8.0.0/16' }, 'other')],
    ['the range of another VPC', 'CIDROverlap', vpc('x', { cidr: '10.9.0.0/16' }, 'other')],
    [
      'an external address outside the pools',
      'AddressNotAvailable',
      floatingIP('x', { externalNetworkRef: { name: 'public' }, address: '203.0.113.9' }),
    ],
    [
      'a translation that the VPC already has',
      'NatConflict',
      natRule('x', { type: 'SNAT', source: { cidr: '10.9.0.0/16' } }),
    ],
    ['its own namespace as peer', 'InvalidSpec', vpcPeering('x', { peer: { namespace: 'default' } })],
  ])('reports %s', async (_what, reason, manifest) => {
    cluster.apply(manifest);
    await cluster.settle();
    expect(stalled(manifest)).toBe(reason);
  });

  it('reports the segment of another network', async () => {
    const manifest = subnet('y', { cidr: '10.9.3.0/24', provider: on('plant', 7) });
    cluster.apply(subnet('x', { cidr: '10.9.2.0/24', provider: on('plant', 7) }));
    cluster.apply(manifest);
    await cluster.settle();
    expect(stalled(manifest)).toBe('SegmentConflict');
  });

  it.each<[string, string, Manifest]>([
    ['a Subnet', 'SubnetNotFound', portIn('nowhere', 'x')],
    ['a SecurityGroup', 'SecurityGroupNotFound', portIn('a', 'x', { securityGroupRefs: [{ name: 'g' }] })],
    ['a VPC', 'VPCNotFound', subnet('x', { vpcRef: { name: 'nowhere' } })],
    [
      'the permission for an ExternalNetwork',
      'ExternalNetworkNotAllowed',
      floatingIP('x', { externalNetworkRef: { name: 'secret' } }),
    ],
    [
      'a FloatingIP',
      'FloatingIPNotFound',
      natRule('x', {
        type: 'FloatingIP',
        floatingIPRef: { name: 'ip' },
        target: { portRef: { name: 'first' } },
      }),
    ],
    [
      'a Subnet in a policy',
      'SubnetNotFound',
      trafficPolicy('x', { appliesTo: { subnetRefs: [{ name: 'nowhere' }] } }),
    ],
    ['the other side of a peering', 'PendingPeer', vpcPeering('x', { peer: { namespace: 'other' } })],
  ])('is absent while an object waits for %s', async (_what, reason, manifest) => {
    cluster.apply(manifest);
    await cluster.settle();
    const { kind, metadata } = manifest;
    expect(cluster.ready(kind, `default/${metadata.name}`)).toContain(`!${reason}: `);
    expect(stalled(manifest)).toBe('-');
  });

  it('is absent while all addresses are in use, because a deleted Port returns its address', async () => {
    for (const name of ['p', 'q', 'r', 's']) cluster.apply(portIn('a', name));
    await cluster.settle();
    expect(cluster.ready('Port', 'default/s')).toMatch(/^!PoolExhausted: /);
    expect(stalled(portIn('a', 's'))).toBe('-');
  });

  it('is absent while the operator removes the Port that had the address', async () => {
    cluster.apply(portIn('a', 'next', { ipAddress: '10.9.1.3' }));
    await cluster.settle();
    expect(stalled(portIn('a', 'next'))).toBe('IPAlreadyAllocated');
    cluster.writer.down = true;
    cluster.delete('Port', 'default/first');
    await cluster.settle();
    expect(cluster.ready('Port', 'default/next')).toMatch(/^!IPAlreadyAllocated: .*is removing/);
    expect(stalled(portIn('a', 'next'))).toBe('-');
  });

  it('stays until the older VPC of the namespace is gone', async () => {
    cluster.apply(vpc('next'));
    cluster.delete('VPC', 'default/net');
    await cluster.settle();
    expect(cluster.ready('VPC', 'default/next')).toMatch(/^!VPCAlreadyExists: /);
    expect(stalled(vpc('next'))).toBe('VPCAlreadyExists');
  });
});
