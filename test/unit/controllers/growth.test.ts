import { describe, expect, it } from '@jest/globals';
import type { KindName } from '../../../src/controllers/common/env.ts';
import { kindNames } from '../../../src/controllers/kinds.ts';
import {
  externalNetwork,
  floatingIP,
  namespace,
  natRule,
  portIn,
  projectPolicy,
  providerNetwork,
  securityGroup,
  subnet,
  trafficPolicy,
  vpc,
  vpcPeering,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster, type Manifest } from '../../support/controllers/offline-cluster.ts';

/** More than the number of users of an object that a reconcile reads at most. */
const FEW = 120;
const MANY = 480;

/** The objects that the objects under test refer to. */
const base: readonly Manifest[] = [
  namespace('default'),
  externalNetwork('public', {
    cidr: '198.18.0.0/15',
    gateway: '198.18.0.1',
    allocationPools: [],
  }),
  externalNetwork('small', { maxAddressesPerNamespace: 3 }),
  vpc('net', {
    cidr: '10.0.0.0/10',
    defaults: 'None',
    externalGateway: { externalNetworkRef: { name: 'public' }, snat: 'Enabled' },
    staticRoutes: [{ destination: '192.168.0.0/16', nextHop: '10.1.0.9' }],
  }),
  subnet('web', { cidr: '10.1.0.0/16' }),
  portIn('web', 'target', { ipAddress: '10.1.0.5' }),
  floatingIP('ip', { externalNetworkRef: { name: 'public' } }),
];

const open = { subnetRefs: [{ name: 'web' }] };
const list = [{ protocol: 'TCP', ports: { min: 80 } }];
const toTarget = { portRef: { name: 'target' } };

/** Functions that return the n-th object: objects without a relation, and objects that compete with each other. */
const crowds: Readonly<Record<KindName, Readonly<Record<string, (n: number) => Manifest>>>> = {
  VPC: {
    'in one namespace': (n) => vpc(`v${n}`, { cidr: '10.0.0.0/10', defaults: 'None' }),
    'with static routes': (n) =>
      vpc(`v${n}`, { staticRoutes: [{ destination: '192.168.0.0/16', nextHop: '10.1.0.9' }] }),
  },
  Subnet: {
    'with their own ranges': (n) => subnet(`s${n}`, { cidr: `10.${2 + (n >> 8)}.${n & 255}.0/24` }),
    'with the same range': (n) => subnet(`s${n}`, { cidr: '10.9.0.0/16' }),
  },
  Port: {
    'with their own addresses': (n) => portIn('web', `p${n}`),
    'with the same address': (n) => portIn('web', `p${n}`, { ipAddress: '10.1.0.77' }),
    'with the same MAC address': (n) => portIn('web', `p${n}`, { macAddress: '02:00:00:00:00:77' }),
  },
  SecurityGroup: {
    'that allow each other': (n) =>
      securityGroup(`g${n}`, {
        ingress: [{ protocol: 'All', remote: { securityGroupRef: { name: 'g0' } } }],
      }),
  },
  TrafficPolicy: {
    'for one Subnet that does not exist': (n) =>
      trafficPolicy(`t${n}`, { appliesTo: { subnetRefs: [{ name: 'none' }] }, ingress: list }),
    'with a selector that excludes a label': (n) =>
      trafficPolicy(`t${n}`, {
        appliesTo: { portSelector: { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['b'] }] } },
        ingress: list,
      }),
    'for one Subnet': (n) => trafficPolicy(`t${n}`, { appliesTo: open, ingress: list }),
  },
  ExternalNetwork: {
    'with their own ranges': (n) =>
      externalNetwork(`e${n}`, {
        cidr: `100.${64 + (n >> 8)}.${n & 255}.0/24`,
        gateway: `100.${64 + (n >> 8)}.${n & 255}.1`,
        allocationPools: [],
        type: 'VLAN',
        vlanID: n + 1,
      }),
  },
  ProviderNetwork: {
    'with their own physical networks': (n) => providerNetwork(`p${n}`, { physicalNetwork: `physnet-${n}` }),
  },
  ProjectPolicy: {
    'that select the same namespaces': (n) => projectPolicy(`p${n}`, { quota: { natRules: 5 } }),
  },
  FloatingIP: {
    'over the limit of their namespace': (n) =>
      floatingIP(`f${n}`, { externalNetworkRef: { name: 'small' } }),
    'with their own addresses': (n) => floatingIP(`f${n}`, { externalNetworkRef: { name: 'public' } }),
    'with the same address': (n) =>
      floatingIP(`f${n}`, { externalNetworkRef: { name: 'public' }, address: '198.18.9.9' }),
  },
  NatRule: {
    'that forward different ports': (n) =>
      natRule(`n${n}`, { type: 'DNAT', protocol: 'TCP', externalPort: 1000 + n, target: toTarget }),
    'that forward the same port': (n) =>
      natRule(`n${n}`, { type: 'DNAT', protocol: 'TCP', externalPort: 80, target: toTarget }),
    'with different sources': (n) =>
      natRule(`n${n}`, { type: 'SNAT', source: { cidr: `10.1.${n >> 8}.${n & 255}/32` } }),
    'with the same source': (n) => natRule(`n${n}`, { type: 'SNAT', source: { cidr: '10.1.7.0/24' } }),
    'with the same FloatingIP': (n) =>
      natRule(`n${n}`, { type: 'FloatingIP', floatingIPRef: { name: 'ip' }, target: toTarget }),
    'that are distributed, on another host': (n) =>
      natRule(`n${n}`, {
        type: 'FloatingIP',
        mode: 'Distributed',
        externalIP: `198.18.${8 + (n >> 7)}.${1 + (n & 127)}`,
        target: { portRef: { name: 'target' } },
      }),
    'with ports of one FloatingIP': (n) =>
      natRule(`n${n}`, {
        type: 'DNAT',
        protocol: 'TCP',
        externalPort: 1000 + n,
        floatingIPRef: { name: 'ip' },
        target: toTarget,
      }),
  },
  VPCPeering: {
    'with different namespaces': (n) => vpcPeering(`v${n}`, { peer: { namespace: `other-${n}` } }),
    'with the same namespace': (n) => vpcPeering(`v${n}`, { peer: { namespace: 'other' } }),
  },
};

interface Cost {
  /** The largest number of objects that one reconcile reads. */
  readonly most: number;
  readonly reconciles: number;
}

/** Returns the cost of each change in a namespace with `size` objects. */
async function costs(make: (n: number) => Manifest, size: number): Promise<Readonly<Record<string, Cost>>> {
  const cluster = new OfflineCluster();
  for (const manifest of base) cluster.apply(manifest);
  await cluster.runQueue();
  const measure = async (change: () => unknown): Promise<Cost> => {
    cluster.reconciles = 0;
    cluster.mostVisits = 0;
    change();
    await cluster.runQueue();
    return { most: cluster.mostVisits, reconciles: cluster.reconciles };
  };
  const { kind, metadata } = make(0);
  const key = (n: number) => {
    const { name } = make(n).metadata;
    return kind === 'ExternalNetwork' || kind === 'ProviderNetwork' || kind === 'ProjectPolicy'
      ? name
      : `${metadata.namespace ?? 'default'}/${name}`;
  };
  // The others refer to the first object. When it appears, they all change.
  cluster.apply(make(0));
  await cluster.runQueue();
  const filled = await measure(() => {
    for (let n = 1; n < size; n++) cluster.apply(make(n));
  });
  return {
    'the creation of all': { most: filled.most, reconciles: Math.ceil(filled.reconciles / size) },
    'the creation of one more': await measure(() => cluster.apply(make(size))),
    'an edit of the oldest': await measure(() => cluster.apply(make(0))),
    'an edit of the youngest': await measure(() => cluster.apply(make(size))),
    // Each ExternalNetwork lists its hosts.
    ...(kind === 'ExternalNetwork'
      ? {}
      : {
          'a new gateway host': await measure(() => cluster.changeChassis(['gw1', 'gw2', 'gw3'])),
          'a removed host': await measure(() => cluster.changeChassis(['gw1', 'gw2'])),
        }),
    'the deletion of the oldest': await measure(() => cluster.delete(kind, key(0))),
    'the deletion of the youngest': await measure(() => cluster.delete(kind, key(size))),
  };
}

const cases = kindNames.flatMap((kind) =>
  Object.entries(crowds[kind]).map(([what, make]) => [kind, what, make] as const),
);

describe.each(cases)('with %ss %s', (_kind, _what, make) => {
  it('a change costs the same with a few objects and with many', async () => {
    const few = await costs(make, FEW);
    const many = await costs(make, MANY);
    const grown = Object.entries(many).filter(([change, { most, reconciles }]) => {
      const before = few[change] as Cost;
      return most > 1.5 * before.most + 8 || reconciles > 1.5 * before.reconciles + 4;
    });
    expect(grown.map(([change, cost]) => [change, few[change], cost])).toEqual([]);
  });
});
