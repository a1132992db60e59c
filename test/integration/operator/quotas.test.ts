import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_VERSION } from '../../../src/api/index.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { addGatewayChassis } from '../../support/operator/gateways.ts';
import type { Kind, TestObject } from '../../support/operator/objects.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

const clusterObject = (kind: Kind, name: string, spec: object) => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name },
  spec,
});
const object = (kind: Kind, namespace: string, name: string, spec: object) => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { namespace, name },
  spec,
});
const externalNetworkRef = { name: 'public' };
const policy = (limit: number, of = 6) =>
  clusterObject('ProjectPolicy', 'acme', {
    namespaceSelector: { matchLabels: { 'network.plasmavmc.io/organization': 'acme' } },
    quota: { externalAddresses: limit },
    organizationQuota: { externalAddresses: of },
  });

/** More than all limits allow. */
const COUNT = 20;

describe.each(targets)('quotas ($name API server)', (target) => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start(target, { northd: false });
    await addGatewayChassis(cluster.southbound, ['gw1', 'gw2']);
    for (const name of ['a', 'b'])
      await cluster.namespace(name, { 'network.plasmavmc.io/organization': 'acme' });
    await cluster.namespace('other');
    await cluster.startOperator();
    await cluster.apply(
      policy(4),
      clusterObject('ExternalNetwork', 'public', {
        physicalNetwork: 'physnet1',
        cidr: '203.0.113.0/24',
        gateway: '203.0.113.1',
        allocationPools: [{ start: '203.0.113.101', end: '203.0.113.132' }],
        allowedNamespaces: { selector: {} },
      }),
    );
  });

  afterAll(() => cluster.stop());

  const floatingIPs = (objects: ReadonlyMap<string, TestObject>) =>
    [...objects.values()].filter(({ kind }) => kind === 'FloatingIP');
  const reasonOf = ({ status }: TestObject) =>
    status?.conditions?.find(({ type }) => type === 'Ready')?.reason;

  /** Waits until every FloatingIP has a Ready condition, and returns the holders of each namespace. */
  const holders = async (total: number): Promise<Readonly<Record<string, readonly string[]>>> => {
    const all = await cluster.eventually(async () => {
      const found = floatingIPs(await cluster.objects());
      expect(found.filter((each) => reasonOf(each) !== undefined)).toHaveLength(total);
      return found;
    });
    const names: Record<string, string[]> = {};
    for (const { metadata, status } of all)
      if (status?.['address'] !== undefined) (names[metadata.namespace ?? ''] ??= []).push(metadata.name);
    for (const each of Object.values(names)) each.sort();
    return names;
  };

  it('hold for objects that are created at the same time', async () => {
    const wanted = ['a', 'b', 'other'].flatMap((namespace) =>
      Array.from({ length: COUNT }, (_, index) =>
        object('FloatingIP', namespace, `ip-${index}`, { externalNetworkRef }),
      ),
    );
    await Promise.all(wanted.map((each) => cluster.apply(each)));
    const found = await holders(3 * COUNT);
    const counts = ['a', 'b', 'other'].map((namespace) => found[namespace]?.length ?? 0);
    expect(Math.max(counts[0]!, counts[1]!)).toBeLessThanOrEqual(4);
    expect(counts[0]! + counts[1]!).toBe(6);
    // Half of the 32 addresses.
    expect(counts[2]).toBe(16);
    const addresses = floatingIPs(await cluster.objects()).flatMap(({ status }) => status?.['address'] ?? []);
    expect(new Set(addresses).size).toBe(22);
  });

  it('leave addresses for gateways', async () => {
    for (const namespace of ['a', 'other'])
      await cluster.apply(
        object('VPC', namespace, 'net', { defaults: 'None', externalGateway: { externalNetworkRef } }),
      );
    for (const namespace of ['a', 'other']) await cluster.reason('VPC', `${namespace}/net`, 'Ready', 'Ready');
  });

  it('have the same holders after a restart', async () => {
    const before = await holders(3 * COUNT);
    await cluster.stopOperators();
    await cluster.startOperator();
    await cluster.apply(object('FloatingIP', 'a', 'one-more', { externalNetworkRef }));
    await cluster.reason('FloatingIP', 'a/one-more', 'Ready', 'QuotaExceeded');
    expect(await holders(3 * COUNT + 1)).toEqual(before);
    await cluster.delete('FloatingIP', 'a/one-more');
  });

  it('give a freed part to a waiting object, and follow a policy', async () => {
    const before = await holders(3 * COUNT);
    const freed = before['b']![0]!;
    await cluster.delete('FloatingIP', `b/${freed}`);
    await cluster.eventually(async () => {
      const after = await holders(3 * COUNT - 1);
      expect(after['a']!.length + after['b']!.length).toBe(6);
    });
    await cluster.apply(policy(1, 20));
    await cluster.eventually(async () => {
      const { status } = await cluster.get('ProjectPolicy', 'acme');
      expect(status).toMatchObject({ namespaceCount: 2, observedGeneration: 2 });
    });
    const kept = await holders(3 * COUNT - 1);
    expect(kept['a']!.length + kept['b']!.length).toBe(6);
  });

  it('replace the values of Ports whose power ends, and return them with the permission', async () => {
    await cluster.apply(
      object('Subnet', 'a', 'web', {}),
      object('Port', 'a', 'p', {
        subnetRef: { name: 'web' },
        securityGroupRefs: [],
        spoofingProtection: 'Disabled',
      }),
    );
    await cluster.reason('Port', 'a/p', 'Ready', 'Ready');
    const strict = {
      ...policy(4),
      spec: { ...policy(4).spec, powers: { spoofingProtectionDisabled: 'Forbidden' } },
    };
    await cluster.apply(strict);
    await cluster.reason('Port', 'a/p', 'Ready', 'PowerForbidden');
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'a', labels: { 'network.plasmavmc.io/organization': 'another' } },
    });
    await cluster.reason('Port', 'a/p', 'Ready', 'Ready');
  });
});
