import { describe, expect, it } from '@jest/globals';
import { Pools } from '../../../src/controllers/pools/pools.ts';
import { rebuildPools } from '../../../src/controllers/upkeep/rebuild.ts';
import type { KubeObject } from '../../../src/reconcile/index.ts';
import {
  externalNetwork,
  floatingIP,
  namespace,
  natRule,
  on,
  portIn,
  projectPolicy,
  providerNetwork,
  securityGroup,
  subnet,
  trafficPolicy,
  vpc,
  vpcPeering,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster, printable, type Manifest } from '../../support/controllers/offline-cluster.ts';
import { poolContents } from '../../support/controllers/pool-contents.ts';
import { randomOf, seeds, shuffled } from '../../support/operator/seeded-random.ts';
import { takeAll } from '../../support/reconcile/steps.ts';

/** This number of steps reaches rare states in acceptable time. */
const STEPS = 60;

const gateway = { externalNetworkRef: { name: 'public' } };
const toPort = (name: string) => ({ target: { portRef: { name } } });
const organization = 'network.plasmavmc.io/organization';
const range = (start: string, end = start) => ({ start, end });

/** The objects of one project. */
const project = (ns: string, index: number): readonly Manifest[] => [
  namespace(ns, index < 2 ? { [organization]: 'acme' } : {}),
  vpc(
    'net',
    { ...(index === 1 ? {} : { cidr: `10.${index}.0.0/16` }), defaults: 'None', externalGateway: gateway },
    ns,
  ),
  subnet('auto', {}, ns),
  subnet('second', index === 1 ? {} : { cidr: `10.${index}.1.0/24` }, ns),
  subnet(
    'wired',
    { ...(index === 1 ? {} : { cidr: `10.${index}.2.0/24` }), provider: on('lab', 10 + index) },
    ns,
  ),
  securityGroup('open', { ingress: [{ protocol: 'All' }] }, ns),
  portIn('auto', 'p', { securityGroupRefs: [{ name: 'open' }] }, ns),
  portIn('auto', 'q', {}, ns),
  portIn('second', 'r', {}, ns),
  portIn('wired', 'w', {}, ns),
  trafficPolicy(
    'list',
    { appliesTo: { subnetRefs: [{ name: 'auto' }] }, ingress: [{ protocol: 'TCP', ports: { min: 80 } }] },
    ns,
  ),
  floatingIP('ip', gateway, ns),
  floatingIP('named', { ...gateway, address: `203.0.113.15${index}` }, ns),
  natRule('floating', { type: 'FloatingIP', floatingIPRef: { name: 'ip' }, ...toPort('p') }, ns),
  natRule(
    'forward',
    { type: 'DNAT', protocol: 'TCP', externalPort: 80, externalIP: `203.0.113.16${index}`, ...toPort('q') },
    ns,
  ),
  natRule('source', { type: 'SNAT', source: { subnetRef: { name: 'second' } } }, ns),
];

const objects: readonly Manifest[] = [
  externalNetwork('public'),
  providerNetwork('lab'),
  projectPolicy('limits', {
    quota: { natRules: 3, externalAddresses: 5 },
    powers: { allowedAddresses: 'Any' },
  }),
  ...['a', 'b', 'c'].flatMap(project),
  vpcPeering('peer', { peer: { namespace: 'b' } }, 'a'),
  vpcPeering('peer', { peer: { namespace: 'a' } }, 'b'),
];

/** The values that an edit sets, by kind and field. Some of them are invalid, or conflict with other objects. */
const edits: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
  ExternalNetwork: {
    gateway: ['203.0.113.1', '203.0.113.2', '203.0.113.255', '203.0.113.0', 'x', '203.0.113.105'],
    allocationPools: [
      undefined,
      [range('203.0.113.101', '203.0.113.200')],
      [range('203.0.113.150', '203.0.113.155')],
      [range('198.51.100.1', '198.51.100.9')],
      [range('203.0.113.9', '203.0.113.3')],
    ],
    reservedRanges: [undefined, [range('203.0.113.102', '203.0.113.130')], [range('198.51.100.1')]],
    routedRanges: [undefined, ['10.0.0.0/8'], ['10.0.0.0/33']],
    privateSources: [undefined, ['192.168.0.0/16'], ['nonsense']],
    maxAddressesPerNamespace: [undefined, 1, 5],
    gatewayReserve: [undefined, 0, 90],
    allowedNamespaces: [undefined, { selector: {} }, { selector: { matchLabels: { 'may-use': 'yes' } } }],
    physicalNetwork: ['physnet1', 'physnet2', '_'],
    gatewayChassis: [{}, { names: ['gw1'] }, { names: ['none'] }],
  },
  ProviderNetwork: {
    vlanIDs: [[{ min: 1, max: 4094 }], [{ min: 10, max: 11 }], []],
    untagged: ['Allowed', 'Forbidden'],
    allowedNamespaces: [undefined, { selector: {} }],
    subnetsPerSegment: ['One', 'Any'],
  },
  ProjectPolicy: {
    priority: [0, 1],
    namespaceSelector: [{}, { matchLabels: { 'may-use': 'yes' } }],
    vpcRanges: [undefined, ['10.0.0.0/8'], ['10.1.0.0/16'], ['nonsense']],
    minVPCPrefixLength: [undefined, 8, 24],
    quota: [
      undefined,
      { natRules: 3, externalAddresses: 5 },
      { natRules: 1 },
      { vpcAddresses: 16, securityRules: 1 },
    ],
    organizationQuota: [undefined, { natRules: 4, vpcAddresses: 65536 }],
  },
  VPC: {
    externalGateway: [
      undefined,
      gateway,
      { ...gateway, snat: 'Disabled' },
      { externalNetworkRef: { name: 'none' } },
    ],
    staticRoutes: [
      undefined,
      [{ destination: '192.168.0.0/16', nextHop: '10.0.1.9' }],
      [{ destination: '192.168.0.1/16', nextHop: '10.0.1.9' }],
      [{ destination: '10.2.0.0/16', nextHop: '1.2.3' }],
      [{ destination: '10.1.0.0/16', nextHop: '10.0.1.9' }],
    ],
  },
  Subnet: {
    gateway: [
      { mode: 'Automatic' },
      { mode: 'None' },
      { mode: 'Address' },
      { mode: 'Address', address: '10.0.1.254' },
      { mode: 'Address', address: '192.0.2.1' },
      { mode: 'Address', address: '10.2.1.2' },
    ],
    allocationPools: [
      undefined,
      [range('10.0.1.10', '10.0.1.20')],
      [range('10.2.1.30', '10.2.1.40')],
      [range('192.0.2.1')],
    ],
    reservedRanges: [undefined, [range('10.0.1.2', '10.0.1.5')], [range('10.2.1.2')], [range('192.0.2.1')]],
    dhcp: [undefined, { mode: 'Disabled' }, { mode: 'Enabled', dnsServers: ['nonsense'] }],
    mtu: [undefined, 1280, 1],
    metadata: ['Enabled', 'Disabled'],
  },
  Port: {
    macAddress: [undefined, '02:00:00:00:00:01', '02:00:00:00:00:02', 'nonsense'],
    allowedAddresses: [
      undefined,
      [{ cidr: '10.0.1.77/32' }],
      [{ cidr: '10.0.1.2/32' }],
      [{ cidr: '10.2.1.64/27', mac: '02:00:00:00:00:01' }],
      [{ cidr: 'nonsense' }],
    ],
    securityGroupRefs: [[], [{ name: 'open' }], [{ name: 'none' }]],
    spoofingProtection: ['Enabled', 'Disabled'],
    trafficFiltering: ['Enabled', 'Disabled'],
  },
  NatRule: {
    externalIP: [undefined, '203.0.113.160', '203.0.113.102', '192.0.2.1', 'nonsense'],
    externalPort: [80, 81, 70000],
    floatingIPRef: [undefined, { name: 'ip' }, { name: 'named' }, { name: 'none' }],
    target: [undefined, { portRef: { name: 'p' } }, { portRef: { name: 'none' } }],
  },
  SecurityGroup: {
    ingress: [[], [{ protocol: 'All' }], [{ protocol: 'TCP', ports: { min: 9, max: 3 } }]],
  },
  TrafficPolicy: {
    ingress: [
      [],
      [{ protocol: 'TCP', ports: { min: 80 } }],
      [{ protocol: 'TCP', ports: { min: 9, max: 3 } }],
    ],
  },
  VPCPeering: {
    advertisedCIDRs: [undefined, ['10.0.1.0/24'], ['10.2.0.0/16'], ['nonsense']],
  },
};

/** The fields that the schema does not allow together with another one. */
const excludedBy: Readonly<Record<string, object>> = {
  externalIP: { floatingIPRef: undefined },
  floatingIPRef: { externalIP: undefined },
};

const labels: readonly Readonly<Record<string, string>>[] = [
  {},
  { [organization]: 'acme' },
  { [organization]: 'other' },
  { [organization]: 'acme', 'may-use': 'yes' },
];

/** Returns the manifest with another value of one field, and the change as text. */
function edit(manifest: Manifest, pick: <T>(items: readonly T[]) => T): readonly [Manifest, string] {
  if (manifest.kind === 'Namespace') {
    const edited = { ...manifest, metadata: { ...manifest.metadata, labels: pick(labels) } };
    return [edited, JSON.stringify(edited.metadata.labels)];
  }
  const fields = Object.entries(edits[manifest.kind] ?? {});
  if (fields.length === 0) return [manifest, 'no change'];
  const [field, values] = pick(fields);
  const value = pick(values);
  const spec = { ...manifest.spec, ...excludedBy[field], [field]: value };
  return [{ ...manifest, spec }, `${field} ${JSON.stringify(value)}`];
}

const keyIn = ({ kind, metadata: { namespace: ns, name } }: Manifest): string =>
  kind === 'Namespace' || ns === undefined ? name : `${ns}/${name}`;

/** Returns the rows and the statuses of all objects. */
function everything(cluster: OfflineCluster): readonly string[] {
  const rows = [...cluster.writer.states.values()].map(
    ({ owner, desired }) =>
      `rows of ${owner.kind} ${owner.namespace}/${owner.name}: ${JSON.stringify(printable(desired))}`,
  );
  const statuses = objectsOf(cluster).map(
    ({ kind, metadata, status }) =>
      `status of ${kind} ${metadata.namespace ?? ''}/${metadata.name}: ${JSON.stringify(printable(status))}`,
  );
  return [...rows, ...statuses];
}

const objectsOf = ({ stores }: OfflineCluster): readonly KubeObject[] =>
  Object.values(stores).flatMap((store) => [...store.values()]);

/** Returns the addresses and ranges that machines use, by object. */
const inUse = (cluster: OfflineCluster): ReadonlyMap<string, string> =>
  new Map(
    objectsOf(cluster).flatMap(({ kind, metadata, status }) => {
      const { cidr, ipAddress, address } = (status ?? {}) as Readonly<Record<string, string | undefined>>;
      const value = cidr ?? ipAddress ?? address;
      return value === undefined ? [] : [[`${kind} ${metadata.namespace ?? ''}/${metadata.name}`, value]];
    }),
  );

const difference = (before: readonly string[], after: readonly string[]) => {
  const [known, present] = [new Set(before), new Set(after)];
  return {
    more: after.filter((line) => !known.has(line)),
    less: before.filter((line) => !present.has(line)),
  };
};

const same = { more: [], less: [] };

describe.each(seeds)('an operator that restarts after random edits (seed %d)', (seed) => {
  it('has the same pools, rows and statuses as before, and no address or range in use moves', async () => {
    const random = randomOf(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const order = (all: KubeObject[]): KubeObject[] => shuffled(all, random);
    const cluster = new OfflineCluster();
    const manifests = new Map(objects.map((manifest) => [`${manifest.kind} ${keyIn(manifest)}`, manifest]));
    for (const manifest of objects) cluster.apply(manifest);
    await cluster.settle(order);
    const used = new Map(inUse(cluster));
    const history: string[] = [];
    for (let step = 0; step < STEPS; step++) {
      const id = pick([...manifests.keys()]);
      const [edited, text] = edit(manifests.get(id)!, pick);
      history.push(`${id}: ${text}`);
      manifests.set(id, edited);
      cluster.apply(edited);
      if (random() < 0.3) await cluster.restart();
      if (random() < 0.5) continue;

      await cluster.settle(order);
      const recent = history.slice(-8);
      for (const [object, value] of inUse(cluster)) {
        expect([recent, object, value]).toEqual([recent, object, used.get(object) ?? value]);
        used.set(object, value);
      }
      const pools = new Pools(cluster.env.settings, () => undefined);
      const conflicts = takeAll(rebuildPools({ ...cluster.env, pools }));
      const rebuilt = difference(poolContents(cluster, cluster.env.pools), poolContents(cluster, pools));
      expect({ recent, conflicts, rebuilt }).toEqual({ recent, conflicts: [], rebuilt: same });
      const before = everything(cluster);
      cluster.writer.applied.length = 0;
      await cluster.restart();
      await cluster.settle(order);
      const restarted = difference(before, everything(cluster));
      const { applied } = cluster.writer;
      expect({ recent, applied, restarted }).toEqual({ recent, applied: [], restarted: same });
    }
  });
});
