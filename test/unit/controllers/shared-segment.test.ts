import { beforeEach, describe, expect, it } from '@jest/globals';
import { computeMac } from '../../../src/api/index.ts';
import { dropGroupUuid } from '../../../src/controllers/rows/names.ts';
import {
  namespace,
  on,
  portIn,
  projectPolicy,
  providerNetwork,
  subnet,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { rowsOf } from '../../support/controllers/rows.ts';

const allPowers = {
  trafficFilteringDisabled: 'Allowed',
  spoofingProtectionDisabled: 'Allowed',
  spoofingProtectionMACOnly: 'Allowed',
  allowedAddresses: 'Any',
};

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
  cluster.apply(providerNetwork('plant', { subnetsPerSegment: 'Several' }));
  // The protection does not depend on the powers of the namespaces.
  cluster.apply(projectPolicy('open', { providerPowers: allPowers }));
  for (const ns of ['a', 'b']) {
    cluster.apply(namespace(ns, { 'network.plasmavmc.io/organization': ns }));
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }, ns));
  }
});

/** A Subnet on the same VLAN, with the same range in each namespace. */
const floor = (ns: string, spec: Readonly<Record<string, unknown>> = {}) =>
  subnet('floor', { cidr: '10.9.1.0/24', gateway: { mode: 'None' }, provider: on('plant', 77), ...spec }, ns);
const machine = (ns: string, name: string, spec: Readonly<Record<string, unknown>> = {}) =>
  portIn('floor', name, spec, ns);
const address = (key: string) =>
  (cluster.get('Port', key)?.status as { ipAddress?: string } | undefined)?.ipAddress;
const isConnected = (ns: string) =>
  rowsOf(cluster, 'Subnet', 'floor', 'Logical_Switch_Port', ns).some(({ type }) => type === 'localnet');
const portSecurity = (ns: string, name: string) =>
  rowsOf(cluster, 'Port', name, 'Logical_Switch_Port', ns)[0]?.['port_security'];

describe('the Subnets of two tenants on one VLAN', () => {
  it('allocate different addresses from the same range', async () => {
    cluster.apply(floor('a'));
    cluster.apply(floor('b', { cidr: '10.9.0.0/23' }));
    for (const ns of ['a', 'b']) for (const name of ['p', 'q']) cluster.apply(machine(ns, name));
    cluster.apply(machine('b', 'edge', { ipAddress: '10.9.1.0' }));
    await cluster.settle();
    expect([isConnected('a'), isConnected('b')]).toEqual([true, true]);
    const all = ['a/p', 'a/q', 'b/p', 'b/q'].map(address);
    expect(new Set(all).size).toBe(4);
    // The network address of one Subnet is not an address of a machine in the other one.
    expect(cluster.ready('Port', 'b/edge')).toMatch(/^!IPAlreadyAllocated/);
    await cluster.restart();
    await cluster.settle();
    expect(['a/p', 'a/q', 'b/p', 'b/q'].map(address)).toEqual(all);
  });

  it.each([
    ['the address of a Port', { ipAddress: '10.9.1.10' }],
    ['the gateway', { ipAddress: '10.9.1.1' }],
    ['a reserved address', { ipAddress: '10.9.1.200' }],
    ['an additional address of a Port', { ipAddress: '10.9.1.20' }],
  ])('do not give %s of one tenant to the other, and do not name the holder', async (_what, spec) => {
    const reservedRanges = [{ start: '10.9.1.200', end: '10.9.1.209' }];
    cluster.apply(floor('a', { gateway: { mode: 'Automatic' }, reservedRanges }));
    cluster.apply(
      machine('a', 'victim', { ipAddress: '10.9.1.10', allowedAddresses: [{ cidr: '10.9.1.20/32' }] }),
    );
    await cluster.settle();
    cluster.apply(floor('b'));
    cluster.apply(machine('b', 'thief', spec));
    await cluster.settle();
    expect(cluster.ready('Subnet', 'b/floor')).toBe('Ready');
    expect(cluster.ready('Port', 'b/thief')).toBe(
      `!IPAlreadyAllocated: IP_ALREADY_ALLOCATED: ${spec.ipAddress} is already used by another network on the VLAN ` +
        'of the Subnet; create the Port with another ipAddress, or without ipAddress.',
    );
    expect(portSecurity('b', 'thief')).toBeUndefined();
    cluster.delete('Port', 'a/victim');
    cluster.delete('Subnet', 'a/floor');
    await cluster.settle();
    expect(cluster.ready('Port', 'b/thief')).toBe('Ready');
  });

  it('do not have the same gateway', async () => {
    const gateway = { mode: 'Automatic' };
    cluster.apply(floor('a', { gateway }));
    cluster.apply(floor('b', { gateway }));
    await cluster.settle();
    expect([isConnected('a'), isConnected('b')]).toEqual([true, false]);
    expect(cluster.ready('Subnet', 'b/floor')).toMatch(
      /^!IPAlreadyAllocated: .*10\.9\.1\.1, which another network on VLAN 77 of the ProviderNetwork "plant" uses/,
    );
    cluster.apply(floor('b', { gateway: { mode: 'Address', address: '10.9.1.2' } }));
    await cluster.settle();
    expect(isConnected('b')).toBe(true);
    cluster.apply(floor('b', { gateway }));
    await cluster.settle();
    expect(cluster.ready('Subnet', 'b/floor')).toMatch(/^!IPAlreadyAllocated: .*10\.9\.1\.1 is already used/);
  });

  it('give each MAC address to one machine', async () => {
    cluster.apply(floor('a'));
    cluster.apply(floor('b'));
    await cluster.settle();
    const mac = '02:00:00:00:00:07';
    const gatewayMac = computeMac(cluster.get('Subnet', 'a/floor')?.metadata.uid ?? '', 'gateway');
    cluster.apply(machine('a', 'victim', { macAddress: mac }));
    await cluster.settle();
    cluster.apply(machine('b', 'thief', { macAddress: mac }));
    cluster.apply(machine('b', 'router', { macAddress: gatewayMac }));
    cluster.apply(machine('b', 'sharer', { allowedAddresses: [{ cidr: '10.9.1.99/32', mac }] }));
    await cluster.settle();
    for (const name of ['thief', 'router', 'sharer'])
      expect(cluster.ready('Port', `b/${name}`)).toMatch(
        /^!MACConflict: .*is already a MAC address of another network on the VLAN of the Subnet/,
      );
    expect(JSON.stringify(portSecurity('b', 'sharer'))).not.toContain(mac);
    cluster.delete('Port', 'a/victim');
    await cluster.settle();
    expect(cluster.condition('Ready', 'Port', 'b/thief')).toBe('Ready');
  });

  it('let a Port use additional single addresses of its Subnet only', async () => {
    cluster.apply(floor('a'));
    cluster.apply(machine('a', 'victim', { ipAddress: '10.9.1.10' }));
    await cluster.settle();
    cluster.apply(floor('b'));
    const wanted = ['10.9.1.10/32', '10.9.1.0/28', '10.77.0.1/32', '10.9.1.30/32'];
    cluster.apply(machine('b', 'thief', { allowedAddresses: wanted.map((cidr) => ({ cidr })) }));
    await cluster.settle();
    expect(cluster.ready('Port', 'b/thief')).toMatch(/^!AllowedAddressRefused/);
    const [own] = portSecurity('b', 'thief') as string[];
    expect(own?.split(' ').slice(2)).toEqual(['10.9.1.30/32']);
    // The other tenant cannot have the additional address either.
    cluster.apply(machine('a', 'late', { ipAddress: '10.9.1.30' }));
    await cluster.settle();
    expect(cluster.ready('Port', 'a/late')).toMatch(/^!IPAlreadyAllocated/);
  });

  it('filter a Port with trafficFiltering Disabled', async () => {
    cluster.apply(floor('a'));
    cluster.apply(machine('a', 'p', { trafficFiltering: 'Disabled' }));
    await cluster.settle();
    expect(cluster.ready('Port', 'a/p')).toMatch(/^!ProtectionRequired: .*trafficFiltering: Enabled/);
    const { metadata } = cluster.get('VPC', 'a/net') as { metadata: { uid: string } };
    const groups = cluster.writer
      .present(cluster.get('Port', 'a/p')?.metadata.uid ?? '')
      .memberships.map(({ row }) => row);
    expect(groups).toContain(dropGroupUuid(metadata.uid));
  });

  it.each(['MACOnly', 'Disabled'])(
    'protect each other from a Port with spoofingProtection %s',
    async (off) => {
      cluster.apply(floor('a'));
      cluster.apply(machine('a', 'p', { spoofingProtection: off }));
      await cluster.settle();
      expect(cluster.ready('Port', 'a/p')).toMatch(/^!ProtectionRequired: .*MACAndIP/);
      expect(portSecurity('a', 'p')).toEqual([expect.stringMatching(/^\S+ 10\.9\.1\.\d+$/)]);
      cluster.apply(providerNetwork('plant'));
      await cluster.settle();
      expect(cluster.ready('Port', 'a/p')).toBe('Ready');
      // Without a permission the operator cannot know whether the VLAN is shared.
      cluster.apply(providerNetwork('plant', { allowedNamespaces: undefined }));
      await cluster.settle();
      expect(cluster.ready('Port', 'a/p')).toMatch(/^!ProtectionRequired/);
    },
  );
});

describe('the router of a VPC on a shared VLAN', () => {
  const accepts = (kind: string, name: string) =>
    rowsOf(cluster, kind, name, 'Logical_Router_Policy', 'a')
      .filter(({ action }) => action === 'allow')
      .map(({ match }) => String(match).replace(/^inport == "[^"]*" && /, ''));

  it('carries packets of its own Ports, and not those of other machines on the VLAN', async () => {
    cluster.apply(floor('a', { gateway: { mode: 'Automatic' } }));
    cluster.apply(
      machine('a', 'own', { ipAddress: '10.9.1.10', allowedAddresses: [{ cidr: '10.9.1.20/32' }] }),
    );
    await cluster.settle();
    expect(accepts('Subnet', 'floor')).toEqual(['ip4.dst == 10.9.1.0/24']);
    expect(accepts('Port', 'own')).toEqual(['ip4.src == {10.9.1.10, 10.9.1.20}']);
  });

  it('carries packets of all machines when the VLAN belongs to one Subnet', async () => {
    cluster.apply(floor('a', { gateway: { mode: 'Automatic' } }));
    cluster.apply(machine('a', 'own', { ipAddress: '10.9.1.10' }));
    await cluster.settle();
    cluster.apply(providerNetwork('plant', { subnetsPerSegment: 'One' }));
    await cluster.settle();
    expect(accepts('Subnet', 'floor')).toEqual(['(ip4.src == 10.9.1.0/24 || ip4.dst == 10.9.1.0/24)']);
    expect(accepts('Port', 'own')).toEqual([]);
  });
});
