import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  externalNetwork,
  floatingIP,
  natRule,
  on,
  port,
  providerNetwork,
  securityGroup,
  subnet,
  trafficPolicy,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
  cluster.apply(externalNetwork('public'));
  cluster.apply(providerNetwork('plant'));
  cluster.apply(
    vpc('net', {
      cidr: '10.9.0.0/16',
      defaults: 'None',
      externalGateway: { externalNetworkRef: { name: 'public' } },
    }),
  );
  cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
  cluster.apply(securityGroup('web', { ingress: [{ protocol: 'TCP' }] }));
});
const statusOf = (kind: string, name: string) =>
  cluster.get(kind, kind.endsWith('Network') ? name : `default/${name}`)?.status as Record<string, unknown>;
const web = (name: string, spec: Record<string, unknown> = {}) =>
  port(name, { subnetRef: { name: 'a' }, securityGroupRefs: [{ name: 'web' }], ...spec });

/** The counts must be right without a reconcile that nothing enqueued. */
const settle = () => cluster.runQueue();

describe('the counts in a status', () => {
  it('contain the Subnets of a VPC that OVN contains, and not refused ones', async () => {
    cluster.apply(subnet('outside', { cidr: '10.8.0.0/24' }));
    cluster.apply(subnet('overlapping', { cidr: '10.9.1.0/25' }));
    cluster.apply(subnet('b', { cidr: '10.9.2.0/24' }));
    await settle();
    expect(statusOf('VPC', 'net')['subnetCount']).toBe(2);
    cluster.delete('Subnet', 'default/b');
    await settle();
    expect(statusOf('VPC', 'net')['subnetCount']).toBe(1);
  });

  it('contain the Subnets of a VPC only, and none that waits for another VPC', async () => {
    cluster.apply(subnet('elsewhere', { vpcRef: { name: 'later' } }));
    await settle();
    expect(statusOf('VPC', 'net')['subnetCount']).toBe(1);
    cluster.apply(vpc('later', { defaults: 'None' }));
    await settle();
    expect(statusOf('VPC', 'later')['subnetCount']).toBe(0);
  });

  it('contain the Ports of a SecurityGroup that OVN filters with the group', async () => {
    cluster.apply(web('in'));
    cluster.apply(web('refused', { ipAddress: '10.9.7.7' }));
    cluster.apply(web('nowhere', { subnetRef: { name: 'nowhere' } }));
    cluster.apply(web('unfiltered', { trafficFiltering: 'Disabled' }));
    await settle();
    expect(statusOf('SecurityGroup', 'web')['portCount']).toBe(1);
  });

  it('follow a Port that joins a group, is refused a change, leaves the group, and is deleted', async () => {
    cluster.apply(securityGroup('db'));
    cluster.apply(web('p'));
    await settle();
    const counts = () => ['web', 'db'].map((name) => statusOf('SecurityGroup', name)['portCount']);
    expect(counts()).toEqual([1, 0]);
    const groups = ['web', 'db', ...Array.from({ length: 16 }, (_, index) => `g${index}`)];
    cluster.apply(web('p', { securityGroupRefs: groups.map((name) => ({ name })) }));
    await settle();
    expect(cluster.ready('Port', 'default/p')).toMatch(/^!TooManyGroups: /);
    expect(counts()).toEqual([1, 0]);
    cluster.apply(web('p', { securityGroupRefs: [{ name: 'db' }] }));
    await settle();
    expect(counts()).toEqual([0, 1]);
    cluster.delete('Port', 'default/p');
    await settle();
    expect(counts()).toEqual([0, 0]);
  });

  it('contain a deleted Port until OVN no longer contains its rows', async () => {
    cluster.apply(web('p'));
    await settle();
    cluster.writer.down = true;
    cluster.delete('Port', 'default/p');
    await settle();
    expect(statusOf('SecurityGroup', 'web')['portCount']).toBe(1);
    cluster.writer.down = false;
    await cluster.reconcile('Port', 'default/p');
    await settle();
    expect(statusOf('SecurityGroup', 'web')['portCount']).toBe(0);
  });

  it('contain the Ports to which OVN applies a TrafficPolicy', async () => {
    cluster.apply(trafficPolicy('rail', { appliesTo: { subnetRefs: [{ name: 'a' }] } }));
    cluster.apply(web('in'));
    cluster.apply(web('refused', { ipAddress: '10.9.7.7' }));
    await settle();
    expect(statusOf('TrafficPolicy', 'rail')['portCount']).toBe(1);
    cluster.delete('Port', 'default/in');
    await settle();
    expect(statusOf('TrafficPolicy', 'rail')['portCount']).toBe(0);
  });

  it('contain the rules of a SecurityGroup in effect', async () => {
    const remote = { securityGroupRef: { name: 'later' } };
    cluster.apply(securityGroup('web', { ingress: [{ protocol: 'TCP' }, { protocol: 'UDP', remote }] }));
    await settle();
    expect(statusOf('SecurityGroup', 'web')['ruleCount']).toBe(1);
    cluster.apply(securityGroup('later'));
    await settle();
    expect(statusOf('SecurityGroup', 'web')['ruleCount']).toBe(2);
    const invalid = { protocol: 'TCP', ports: { min: 9, max: 8 } };
    cluster.apply(securityGroup('web', { ingress: [{ protocol: 'TCP' }, invalid] }));
    await settle();
    expect(statusOf('SecurityGroup', 'web')['ruleCount']).toBe(0);
  });

  it('name the NatRules that translate the address of a FloatingIP', async () => {
    cluster.apply(floatingIP('ip', { externalNetworkRef: { name: 'public' } }));
    cluster.apply(web('p'));
    const rule = (target: string) => ({
      type: 'FloatingIP',
      floatingIPRef: { name: 'ip' },
      target: { portRef: { name: target } },
    });
    cluster.apply(natRule('in', rule('p')));
    cluster.apply(natRule('younger', rule('p')));
    cluster.apply(natRule('waiting', rule('nowhere')));
    await settle();
    expect(statusOf('FloatingIP', 'ip')['usedBy']).toEqual(['in']);
    cluster.delete('NatRule', 'default/in');
    await settle();
    expect(statusOf('FloatingIP', 'ip')['usedBy']).toEqual(['younger']);
  });

  it('contain the Subnets that a ProviderNetwork connects', async () => {
    cluster.apply(subnet('wired', { cidr: '10.9.2.0/24', provider: on('plant', 7) }));
    cluster.apply(subnet('second', { cidr: '10.9.3.0/24', provider: on('plant', 7) }));
    cluster.apply(subnet('outside', { cidr: '10.8.0.0/24', provider: on('plant', 8) }));
    await settle();
    expect(statusOf('ProviderNetwork', 'plant')['subnetCount']).toBe(1);
    cluster.delete('Subnet', 'default/wired');
    await settle();
    expect(cluster.ready('Subnet', 'default/second')).toBe('Ready');
    expect(statusOf('ProviderNetwork', 'plant')['subnetCount']).toBe(1);
  });
});
