import { describe, expect, it } from '@jest/globals';
import { precedenceOf, type KubeObject } from '../../../src/reconcile/index.ts';
import type { NatRule } from '../../../src/api/index.ts';
import {
  externalNetwork,
  floatingIP,
  namespace,
  natRule,
  portIn,
  subnet,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { randomOf, seeds } from '../../support/operator/seeded-random.ts';

const CHANGES = 120;
const RULES = 24;
const addresses = { a: '10.9.1.11', b: '10.9.1.12' };

/** Creates a project with a gateway, two Ports and two FloatingIPs. */
async function project(): Promise<OfflineCluster> {
  const cluster = new OfflineCluster();
  cluster.apply(namespace('default'));
  cluster.apply(externalNetwork('public'));
  const externalGateway = { externalNetworkRef: { name: 'public' }, snat: 'Disabled' };
  cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None', externalGateway }));
  cluster.apply(subnet('web', { cidr: '10.9.1.0/24' }));
  for (const [name, ipAddress] of Object.entries(addresses))
    cluster.apply(portIn('web', name, { ipAddress }));
  for (const name of ['x', 'y']) cluster.apply(floatingIP(name, { externalNetworkRef: { name: 'public' } }));
  await cluster.runQueue();
  return cluster;
}

/** The external side that a spec names: a FloatingIP, an address, or the gateway. */
const externalOf = ({ spec }: NatRule): string => spec.floatingIPRef?.name ?? spec.externalIP ?? 'gateway';
/** The source that a rule translates: a network, or the address of a Port. */
const sourceOf = ({ spec: { source, target } }: NatRule): string =>
  source === undefined
    ? `${addresses[target?.portRef?.name as 'a' | 'b']}/32`
    : (source.cidr ?? '10.9.1.0/24');

/** The definition: two rules that nothing but a conflict prevents exclude each other. */
function excludes(a: NatRule, b: NatRule): boolean {
  const sameExternal = externalOf(a) === externalOf(b);
  if (sameExternal && [a, b].some(({ spec }) => spec.type === 'FloatingIP')) return true;
  if (a.spec.type === 'DNAT' && b.spec.type === 'DNAT')
    return sameExternal && a.spec.externalPort === b.spec.externalPort;
  return [a, b].every(({ spec }) => spec.type !== 'DNAT') && sourceOf(a) === sourceOf(b);
}

/** Returns the names of the rules that no older rule excludes. */
function inEffect(rules: readonly NatRule[]): readonly string[] {
  const isOlder = (a: KubeObject, b: KubeObject): boolean => precedenceOf(a) < precedenceOf(b);
  return rules
    .filter((rule) => !rules.some((other) => isOlder(other, rule) && excludes(other, rule)))
    .map(({ metadata }) => metadata.name)
    .sort();
}

const rulesOf = (cluster: OfflineCluster): readonly NatRule[] => [...cluster.stores.NatRule.values()];
const readyRules = (cluster: OfflineCluster): readonly string[] =>
  rulesOf(cluster)
    .map(({ metadata }) => metadata.name)
    .filter((name) => cluster.ready('NatRule', `default/${name}`) === 'Ready')
    .sort();

describe.each(seeds)('random NatRules of one namespace, in any order of events (seed %d)', (seed) => {
  it('are in effect exactly if no older rule excludes them, and nothing else changes their status', async () => {
    const cluster = await project();
    const random = randomOf(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const external = () =>
      pick([
        {},
        { floatingIPRef: { name: 'x' } },
        { floatingIPRef: { name: 'y' } },
        { externalIP: '203.0.113.150' },
      ]);
    const spec = (): Record<string, unknown> => {
      const target = { portRef: { name: pick(['a', 'b']) } };
      const address = external();
      switch (pick(['DNAT', 'DNAT', 'SNAT', 'FloatingIP'])) {
        case 'DNAT':
          return { type: 'DNAT', protocol: 'TCP', externalPort: pick([80, 443, 22]), target, ...address };
        case 'SNAT':
          return {
            type: 'SNAT',
            source: pick([
              { cidr: '10.9.1.0/24' },
              { subnetRef: { name: 'web' } },
              { cidr: `${addresses.a}/32` },
              { cidr: `${addresses.b}/32` },
            ]),
            ...address,
          };
        default:
          return Object.keys(address).length === 0
            ? { type: 'FloatingIP', target, floatingIPRef: { name: 'x' } }
            : { type: 'FloatingIP', target, ...address };
      }
    };
    const created = new Map<string, string>();
    for (let change = 0; change < CHANGES; change++) {
      const name = `r${Math.floor(random() * RULES)}`;
      if (random() < 0.3) {
        cluster.delete('NatRule', `default/${name}`);
      } else {
        const known = cluster.get('NatRule', `default/${name}`);
        // Objects of one second have the order of their names, so a younger event can be of an older object.
        const time = `2026-01-01T00:00:0${Math.floor(random() * 10)}Z`;
        if (known === undefined) created.set(name, time);
        const creationTimestamp = created.get(name);
        const uid = known?.metadata.uid ?? `${name}-${change}`;
        cluster.apply({ ...natRule(name, spec()), metadata: { name, uid, creationTimestamp } });
      }
      if (random() < 0.3) continue;
      await cluster.runQueue((size) => Math.floor(random() * size));
      expect(readyRules(cluster)).toEqual(inEffect(rulesOf(cluster)));
    }
    await cluster.runQueue();
    cluster.statusWrites.length = 0;
    await cluster.settle();
    expect(cluster.statusWrites).toEqual([]);
    const before = readyRules(cluster);
    await cluster.restart();
    await cluster.settle((objects) => objects.toReversed());
    expect([readyRules(cluster), cluster.statusWrites]).toEqual([before, []]);
  });
});

describe('1,000 NatRules that forward the same port', () => {
  it('need a number of reconciles that grows with their number only, whichever is created or deleted first', async () => {
    const cluster = await project();
    const target = { portRef: { name: 'a' } };
    const spec = { type: 'DNAT', protocol: 'TCP', externalPort: 80, target };
    const order = Array.from({ length: 1000 }, (_, n) => (n * 617) % 1000);
    cluster.reconciles = 0;
    for (const n of order) {
      const creationTimestamp = new Date(n * 1000).toISOString();
      cluster.apply({ ...natRule(`r${n}`, spec), metadata: { name: `r${n}`, creationTimestamp } });
      await cluster.runQueue();
    }
    expect(readyRules(cluster)).toEqual(['r0']);
    for (let n = 0; n < 1000; n++) {
      cluster.delete('NatRule', `default/r${n}`);
      await cluster.runQueue();
    }
    expect(cluster.reconciles).toBeLessThan(1000 * 30);
  });
});
