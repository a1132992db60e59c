import { beforeEach, describe, expect, it } from '@jest/globals';
import type { FloatingIP } from '../../../src/api/index.ts';
import {
  externalNetwork,
  floatingIP,
  namespace,
  natRule,
  portIn,
  projectPolicy,
  securityGroup,
  subnet,
  trafficPolicy,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { rowsOf } from '../../support/controllers/rows.ts';

const externalNetworkRef = { name: 'public' };
const gateway = { externalGateway: { externalNetworkRef }, defaults: 'None' };
const ORGANIZATION = 'network.plasmavmc.io/organization';

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
});

const ips = (ns: string, from: number, to: number): void => {
  for (let n = from; n <= to; n++)
    cluster.apply(floatingIP(`ip-${String(n).padStart(3, '0')}`, { externalNetworkRef }, ns));
};
/** The FloatingIPs of a namespace that have an address. */
const holders = (ns: string): readonly string[] =>
  ([...cluster.stores.FloatingIP.values()] as FloatingIP[])
    .filter(({ metadata, status }) => metadata.namespace === ns && status?.address !== undefined)
    .map(({ metadata }) => metadata.name)
    .sort();
const pool = (count: number) => ({
  allocationPools: [{ start: '203.0.113.101', end: `203.0.113.${100 + count}` }],
});

describe('the addresses of an ExternalNetwork', () => {
  beforeEach(() => {
    for (const ns of ['greedy', 'other', 'third']) cluster.apply(namespace(ns));
  });

  it('are not all available to one namespace, and some are left for gateways', async () => {
    cluster.apply(externalNetwork('public', pool(110 - 10)));
    for (const ns of ['greedy', 'other']) ips(ns, 1, 110);
    await cluster.settle();
    expect(holders('greedy')).toHaveLength(50);
    expect(holders('other')).toHaveLength(25);
    expect(cluster.ready('FloatingIP', 'greedy/ip-110')).toBe(
      '!QuotaExceeded: QUOTA_EXCEEDED: FloatingIPs and NatRules of this namespace hold 50 addresses of the ' +
        'ExternalNetwork "public", and the limit is 50 (maxAddressesPerNamespace); delete an unused FloatingIP, or ' +
        'ask an administrator for a higher limit.',
    );
    expect(cluster.ready('FloatingIP', 'other/ip-110')).toMatch(
      /^!PoolExhausted: .*has no free address; [^0-9]*$/,
    );
    for (const ns of ['greedy', 'third']) cluster.apply(vpc('net', gateway, ns));
    await cluster.settle();
    for (const ns of ['greedy', 'third']) expect(cluster.ready('VPC', `${ns}/net`)).toBe('Ready');
  });

  it('are limited and reserved as the spec says, and waiting objects follow a change', async () => {
    cluster.apply(externalNetwork('public', { ...pool(10), maxAddressesPerNamespace: 2, gatewayReserve: 7 }));
    for (const ns of ['greedy', 'other']) ips(ns, 1, 5);
    await cluster.settle();
    expect([holders('greedy').length, holders('other').length]).toEqual([2, 1]);
    cluster.apply(externalNetwork('public', { ...pool(10), maxAddressesPerNamespace: 3, gatewayReserve: 0 }));
    await cluster.settle();
    expect([holders('greedy').length, holders('other').length]).toEqual([3, 3]);
    cluster.apply(
      externalNetwork('public', { ...pool(10), maxAddressesPerNamespace: 1, gatewayReserve: 10 }),
    );
    await cluster.settle();
    expect([holders('greedy').length, holders('other').length]).toEqual([3, 3]);
  });

  it('can all belong to one namespace of a small network except the reserve', async () => {
    cluster.apply(externalNetwork('public', pool(8)));
    ips('greedy', 1, 9);
    await cluster.settle();
    expect(holders('greedy')).toHaveLength(6);
  });

  it('count for a namespace if its objects name them', async () => {
    cluster.apply(externalNetwork('public', { ...pool(20), maxAddressesPerNamespace: 2 }));
    cluster.apply(vpc('net', { cidr: '10.1.0.0/16', ...gateway }, 'greedy'));
    cluster.apply(subnet('web', {}, 'greedy'));
    cluster.apply(portIn('web', 'p', {}, 'greedy'));
    for (const last of [110, 111, 112])
      cluster.apply(
        natRule(
          `rule-${last}`,
          {
            type: 'DNAT',
            protocol: 'TCP',
            externalPort: 80,
            externalIP: `203.0.113.${last}`,
            target: { portRef: { name: 'p' } },
          },
          'greedy',
        ),
      );
    cluster.apply(floatingIP('named', { externalNetworkRef, address: '203.0.113.115' }, 'greedy'));
    await cluster.settle();
    const ready = [
      ...[110, 111, 112].map((last) => cluster.ready('NatRule', `greedy/rule-${last}`)),
      cluster.ready('FloatingIP', 'greedy/named'),
    ];
    expect(ready.filter((each) => each === 'Ready')).toHaveLength(2);
    expect(ready.filter((each) => each.startsWith('!QuotaExceeded'))).toHaveLength(2);
  });

  it('have the same holders after a restart, and a freed one goes to a waiting object', async () => {
    cluster.apply(externalNetwork('public', { ...pool(20), maxAddressesPerNamespace: 3 }));
    ips('greedy', 5, 7);
    await cluster.settle();
    ips('greedy', 1, 4);
    for (let times = 0; times < 2; times++) {
      await cluster.settle();
      expect(holders('greedy')).toEqual(['ip-005', 'ip-006', 'ip-007']);
      await cluster.restart();
    }
    cluster.delete('FloatingIP', 'greedy/ip-006');
    await cluster.settle();
    expect(holders('greedy')).toHaveLength(3);
  });

  it('count once if a NatRule translates to the address of a FloatingIP', async () => {
    cluster.apply(externalNetwork('public', { ...pool(20), maxAddressesPerNamespace: 2 }));
    cluster.apply(vpc('net', { cidr: '10.1.0.0/16', ...gateway }, 'greedy'));
    cluster.apply(subnet('web', {}, 'greedy'));
    cluster.apply(portIn('web', 'p', {}, 'greedy'));
    ips('greedy', 1, 1);
    cluster.apply(
      natRule(
        'rule',
        { type: 'FloatingIP', floatingIPRef: { name: 'ip-001' }, target: { portRef: { name: 'p' } } },
        'greedy',
      ),
    );
    await cluster.settle();
    expect(cluster.ready('NatRule', 'greedy/rule')).toBe('Ready');
    ips('greedy', 2, 3);
    await cluster.settle();
    expect(holders('greedy')).toEqual(['ip-001', 'ip-002']);
  });
});

describe('the quota of a ProjectPolicy', () => {
  const used = (resource: 'vpcAddresses' | 'externalAddresses' | 'natRules' | 'securityRules', ns: string) =>
    cluster.env.pools.usage.used(resource, { namespace: ns, organization: 'organization/acme' }, 'namespace');

  beforeEach(() => {
    for (const ns of ['a', 'b']) cluster.apply(namespace(ns, { [ORGANIZATION]: 'acme' }));
    cluster.apply(namespace('c'));
  });

  it('limits the external addresses of each namespace and of the organization', async () => {
    cluster.apply(externalNetwork('public'));
    cluster.apply(
      projectPolicy('all', { quota: { externalAddresses: 3 }, organizationQuota: { externalAddresses: 5 } }),
    );
    for (const ns of ['a', 'b', 'c']) ips(ns, 1, 10);
    await cluster.settle();
    expect(['a', 'b', 'c'].map((ns) => holders(ns).length)).toEqual([3, 2, 3]);
    expect(cluster.ready('FloatingIP', 'a/ip-010')).toBe(
      '!QuotaExceeded: QUOTA_EXCEEDED: The namespace holds 3 addresses of ExternalNetworks, and the limit is 3 ' +
        '(quota.externalAddresses of its ProjectPolicy); delete unused objects, or ask an administrator for a higher limit.',
    );
    expect(cluster.ready('FloatingIP', 'b/ip-010')).toMatch(
      /The organization holds 5 addresses of ExternalNetworks, and the limit is 5 \(organizationQuota\.externalAddresses/,
    );
    cluster.apply(namespace('b', {}));
    await cluster.settle();
    expect(['a', 'b', 'c'].map((ns) => holders(ns).length)).toEqual([3, 3, 3]);
  });

  it('lets objects keep what they hold when it shrinks, also after a restart', async () => {
    cluster.apply(externalNetwork('public'));
    ips('a', 1, 4);
    await cluster.settle();
    cluster.apply(projectPolicy('all', { quota: { externalAddresses: 2 } }));
    ips('a', 5, 5);
    for (let times = 0; times < 2; times++) {
      await cluster.settle();
      expect(holders('a')).toEqual(['ip-001', 'ip-002', 'ip-003', 'ip-004']);
      await cluster.restart();
    }
    cluster.delete('FloatingIP', 'a/ip-001');
    await cluster.settle();
    expect(holders('a')).toEqual(['ip-002', 'ip-003', 'ip-004']);
  });

  it('limits the addresses of VPC ranges, named and allocated', async () => {
    cluster.apply(projectPolicy('all', { organizationQuota: { vpcAddresses: 65_536 + 256 } }));
    cluster.apply(vpc('net', { defaults: 'None' }, 'a'));
    await cluster.settle();
    cluster.apply(vpc('net', { cidr: '10.9.0.0/23', defaults: 'None' }, 'b'));
    await cluster.settle();
    expect(cluster.ready('VPC', 'b/net')).toMatch(
      /^!QuotaExceeded: .*organization holds 65536 .*limit is 65792/,
    );
    expect(rowsOf(cluster, 'VPC', 'net', 'Logical_Router', 'b')).toEqual([]);
    await cluster.restart();
    await cluster.settle();
    expect(cluster.ready('VPC', 'b/net')).toMatch(/^!QuotaExceeded/);
    cluster.delete('VPC', 'a/net');
    await cluster.settle();
    expect(cluster.ready('VPC', 'b/net')).toBe('Ready');
    expect([used('vpcAddresses', 'a'), used('vpcAddresses', 'b')]).toEqual([0, 512]);
  });

  it('limits NatRules in effect', async () => {
    cluster.apply(externalNetwork('public'));
    cluster.apply(projectPolicy('all', { quota: { natRules: 2 } }));
    cluster.apply(vpc('net', { cidr: '10.1.0.0/16', ...gateway }, 'a'));
    cluster.apply(subnet('web', {}, 'a'));
    cluster.apply(portIn('web', 'p', {}, 'a'));
    await cluster.settle();
    for (const externalPort of [81, 82, 83]) {
      const spec = { type: 'DNAT', protocol: 'TCP', externalPort, target: { portRef: { name: 'p' } } };
      cluster.apply(natRule(`rule-${externalPort}`, spec, 'a'));
      await cluster.settle();
    }
    await cluster.restart();
    await cluster.settle();
    expect([81, 82, 83].map((each) => cluster.ready('NatRule', `a/rule-${each}`).slice(0, 14))).toEqual([
      'Ready',
      'Ready',
      '!QuotaExceeded',
    ]);
    expect(rowsOf(cluster, 'NatRule', 'rule-83', 'Load_Balancer', 'a')).toEqual([]);
    cluster.delete('NatRule', 'a/rule-81');
    await cluster.settle();
    expect(cluster.ready('NatRule', 'a/rule-83')).toBe('Ready');
  });

  it('limits the rules of SecurityGroups and TrafficPolicies, which fail closed', async () => {
    const rules = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ protocol: 'TCP', ports: { min: index + 1 } }));
    cluster.apply(projectPolicy('all', { quota: { securityRules: 10 } }));
    cluster.apply(securityGroup('first', { ingress: rules(6) }, 'a'));
    await cluster.settle();
    cluster.apply(securityGroup('second', { ingress: rules(5) }, 'a'));
    cluster.apply(trafficPolicy('policy', { appliesTo: { portSelector: {} }, egress: rules(5) }, 'a'));
    await cluster.settle();
    for (let times = 0; times < 2; times++) {
      await cluster.settle();
      expect(cluster.ready('SecurityGroup', 'a/first')).toBe('Ready');
      expect(cluster.ready('SecurityGroup', 'a/second')).toMatch(
        /^!QuotaExceeded: .*the group allows nothing\. .*6 rules of .*limit is 10 /,
      );
      expect(rowsOf(cluster, 'SecurityGroup', 'second', 'ACL', 'a')).toEqual([]);
      expect(cluster.ready('TrafficPolicy', 'a/policy')).toMatch(
        /^!QuotaExceeded: .*the policy forbids everything/,
      );
      await cluster.restart();
    }
    cluster.apply(securityGroup('first', { ingress: rules(5) }, 'a'));
    cluster.delete('TrafficPolicy', 'a/policy');
    await cluster.settle();
    expect(cluster.ready('SecurityGroup', 'a/second')).toBe('Ready');
    expect(used('securityRules', 'a')).toBe(10);
    cluster.apply(securityGroup('first', { ingress: rules(6) }, 'a'));
    await cluster.settle();
    expect(cluster.ready('SecurityGroup', 'a/first')).toMatch(/^!QuotaExceeded/);
    expect(used('securityRules', 'a')).toBe(5);
    cluster.apply(projectPolicy('all', {}));
    await cluster.settle();
    expect(cluster.ready('SecurityGroup', 'a/first')).toBe('Ready');
  });
});
