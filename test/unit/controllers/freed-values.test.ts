import { describe, expect, it } from '@jest/globals';
import {
  externalNetwork,
  floatingIP,
  namespace,
  natRule,
  portIn,
  projectPolicy,
  subnet,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster, type Manifest } from '../../support/controllers/offline-cluster.ts';

const WAITING = 100;
/** A freed value costs a few reconciles: of its former holder, its parent, and the woken objects. */
const MOST = 8;

const network = { externalNetworkRef: { name: 'public' } };
const small = { allocationPools: [{ start: '203.0.113.101', end: '203.0.113.106' }], gatewayReserve: 0 };
const pools = { allocationPools: [{ start: '10.9.1.10', end: '10.9.1.11' }] };

/** The namespaces of one organization. */
const crowd = ['holder', ...Array.from({ length: WAITING }, (_each, n) => `w${n}`)].map((name) =>
  namespace(name, { 'network.plasmavmc.io/organization': 'acme' }),
);

/** For each value: the objects around, the holder, and functions that return the n-th object that waits. */
const cases: Readonly<
  Record<string, { base: readonly Manifest[]; holder: Manifest; waiter: (n: number) => Manifest }>
> = {
  'an address of a Subnet': {
    base: [subnet('a', { cidr: '10.9.1.0/24', ...pools }), portIn('a', 'other')],
    holder: portIn('a', 'holder'),
    waiter: (n) => portIn('a', `w${n}`),
  },
  'the address that Ports name': {
    base: [subnet('a', { cidr: '10.9.1.0/24' })],
    holder: portIn('a', 'holder', { ipAddress: '10.9.1.50' }),
    waiter: (n) => portIn('a', `w${n}`, { ipAddress: '10.9.1.50' }),
  },
  'the MAC address that Ports name': {
    base: [subnet('a', { cidr: '10.9.1.0/24' })],
    holder: portIn('a', 'holder', { macAddress: '02:00:00:00:00:77' }),
    waiter: (n) => portIn('a', `w${n}`, { macAddress: '02:00:00:00:00:77' }),
  },
  'a range of the VPC': {
    base: [],
    holder: subnet('holder', { cidr: '10.9.0.0/16' }),
    waiter: (n) => subnet(`w${n}`),
  },
  'an address of an ExternalNetwork': {
    base: [externalNetwork('public', { ...small, maxAddressesPerNamespace: 1 })],
    holder: floatingIP('holder', network),
    waiter: (n) => floatingIP(`w${n}`, network),
  },
  'an address for the gateways of several tenants': {
    base: [
      externalNetwork('public', { allocationPools: [{ start: '203.0.113.101', end: '203.0.113.101' }] }),
    ],
    holder: vpc('net', { defaults: 'None', externalGateway: network }, 'holder'),
    waiter: (n) => vpc('net', { defaults: 'None', externalGateway: network }, `w${n}`),
  },
  'a range that the VPCs of an organization name': {
    base: crowd,
    holder: vpc('net', { cidr: '10.1.0.0/16', defaults: 'None' }, 'holder'),
    waiter: (n) => vpc('net', { cidr: '10.1.0.0/16', defaults: 'None' }, `w${n}`),
  },
  'an address that FloatingIPs name': {
    base: [externalNetwork('public', { maxAddressesPerNamespace: 99 })],
    holder: floatingIP('holder', { ...network, address: '203.0.113.150' }),
    waiter: (n) => floatingIP(`w${n}`, { ...network, address: '203.0.113.150' }),
  },
  'a part of a quota': {
    base: [
      externalNetwork('public'),
      projectPolicy('limits', { quota: { natRules: 1 } }),
      vpc('net', { cidr: '10.9.0.0/16', defaults: 'None', externalGateway: network }),
      subnet('a', { cidr: '10.9.1.0/24' }),
      portIn('a', 'p'),
    ],
    holder: natRule('holder', {
      type: 'DNAT',
      protocol: 'TCP',
      externalPort: 80,
      target: { portRef: { name: 'p' } },
    }),
    waiter: (n) =>
      natRule(`w${n}`, {
        type: 'DNAT',
        protocol: 'TCP',
        externalPort: 1000 + n,
        target: { portRef: { name: 'p' } },
      }),
  },
};

const keyOf = ({ metadata }: Manifest): string => `${metadata.namespace!}/${metadata.name}`;

describe.each(Object.entries(cases))('%s that becomes free', (_what, { base, holder, waiter }) => {
  const all = Array.from({ length: WAITING }, (_each, n) => waiter(n));

  /** Returns a cluster in which many objects wait. Nothing reconciles an object that nothing wakes. */
  async function waiting(): Promise<OfflineCluster> {
    const cluster = new OfflineCluster();
    cluster.apply(namespace('default'));
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
    for (const manifest of [...base, holder]) cluster.apply(manifest);
    await cluster.runQueue();
    for (const manifest of all) cluster.apply(manifest);
    await cluster.runQueue();
    expect([cluster.ready(holder.kind, keyOf(holder)), ready(cluster)]).toEqual(['Ready', []]);
    cluster.reconciles = 0;
    return cluster;
  }

  const ready = (cluster: OfflineCluster): readonly string[] =>
    all.filter((each) => cluster.ready(each.kind, keyOf(each)) === 'Ready').map(keyOf);

  it('wakes a few of the waiting objects, and one of them gets the value', async () => {
    const cluster = await waiting();
    cluster.delete(holder.kind, keyOf(holder));
    await cluster.runQueue();
    expect(ready(cluster).length).toBeGreaterThan(0);
    expect(cluster.reconciles).toBeLessThanOrEqual(MOST * ready(cluster).length);
  });

  it('goes to another object if the woken object was deleted', async () => {
    const cluster = await waiting();
    cluster.delete(holder.kind, keyOf(holder));
    for (const manifest of all.slice(0, 3)) cluster.delete(manifest.kind, keyOf(manifest));
    await cluster.runQueue();
    expect(ready(cluster).length).toBeGreaterThan(0);
  });

  it('is not lost if the woken object became invalid', async () => {
    const cluster = await waiting();
    cluster.delete(holder.kind, keyOf(holder));
    for (const manifest of all.slice(0, 3)) {
      const invalid = { subnetRef: { name: 'none' }, mtu: 1, externalNetworkRef: { name: 'none' } };
      cluster.apply({ ...manifest, spec: { ...manifest.spec, ...invalid, target: undefined } });
    }
    await cluster.runQueue();
    expect(ready(cluster).length).toBeGreaterThan(0);
  });

  it('is never lost, whatever the order of the reconciles: every object gets it in turn', async () => {
    const cluster = await waiting();
    let turns = 0;
    let current = keyOf(holder);
    for (; turns < 5; turns++) {
      cluster.delete(holder.kind, current);
      await cluster.runQueue((size) => size - 1);
      current = ready(cluster)[0] ?? 'nobody';
      expect([turns, current]).not.toEqual([turns, 'nobody']);
    }
  });
});
