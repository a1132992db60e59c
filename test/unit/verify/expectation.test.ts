import { describe, expect, it } from '@jest/globals';
import { withDefaults } from '../../../src/api/index.ts';
import type {
  LabelSelector,
  Port,
  SecurityGroup,
  Subnet,
  TrafficPolicy,
  VPC,
  VPCPeering,
} from '../../../src/api/index.ts';
import { echoRequest, expectation } from '../../../src/verify/index.ts';
import type { Packet, World } from '../../../src/verify/index.ts';

const apiVersion = 'network.plasmavmc.io/v1alpha1';
const metadata = (key: string) => {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name, uid: key, resourceVersion: '1' };
};
const conditions = (...types: readonly string[]) =>
  types.map((type) => ({ type, status: 'True', reason: type, message: '', lastTransitionTime: '' }) as const);

const vpc = (key: string, accepted = true): VPC =>
  withDefaults({
    apiVersion,
    kind: 'VPC',
    metadata: metadata(key),
    spec: {},
    status: { conditions: accepted ? conditions('Accepted') : [] },
  } as unknown as VPC);

const subnet = (key: string, status: Subnet['status'] = { gatewayIP: '10.1.1.1' }): Subnet =>
  withDefaults({
    apiVersion,
    kind: 'Subnet',
    metadata: metadata(key),
    spec: {},
    status,
  } as unknown as Subnet);

const port = (key: string, ipAddress: string, spec: Partial<Port['spec']> = {}, bound = true): Port =>
  withDefaults({
    apiVersion,
    kind: 'Port',
    metadata: metadata(key),
    spec: { subnetRef: { name: 'apps' }, ...spec },
    status: { ipAddress, conditions: bound ? conditions('Bound') : [] },
  } as unknown as Port);

const group = (key: string, spec: Partial<SecurityGroup['spec']>, programmed = true): SecurityGroup =>
  withDefaults({
    apiVersion,
    kind: 'SecurityGroup',
    metadata: metadata(key),
    spec,
    status: { conditions: programmed ? conditions('Programmed') : [] },
  } as unknown as SecurityGroup);

type Thing = VPC | Subnet | Port | SecurityGroup | VPCPeering | TrafficPolicy;

const members = { protocol: 'All', remote: { securityGroupRef: { name: 'default' } } } as const;
const anywhere = { protocol: 'All' } as const;

const byKey = <T extends { metadata: { namespace?: string; name: string } }>(objects: readonly T[]) =>
  new Map(objects.map((each) => [`${each.metadata.namespace ?? ''}/${each.metadata.name}`, each]));

const world = (objects: readonly Thing[]): World => {
  const of = (kind: string) => objects.filter((each) => each.kind === kind);
  return {
    vpcs: byKey(of('VPC') as VPC[]),
    subnets: byKey(of('Subnet') as Subnet[]),
    ports: byKey(of('Port') as Port[]),
    securityGroups: byKey(of('SecurityGroup') as SecurityGroup[]),
    peerings: byKey(of('VPCPeering') as VPCPeering[]),
    policies: byKey(of('TrafficPolicy') as TrafficPolicy[]),
  };
};

const base = [
  vpc('red/main'),
  subnet('red/apps'),
  subnet('red/data', { gatewayIP: '10.1.2.1' }),
  subnet('red/island', {}),
  group('red/default', { ingress: [members], egress: [anywhere] }),
];

/** What is expected of traffic from the first of two Ports to the second. */
const between = (from: Port, to: Port, more: readonly Thing[] = [], packet: Packet = echoRequest) =>
  expectation(world([...base, ...more, from, to]), from, to, packet);

const a = port('red/a', '10.1.1.2');

describe('what the objects say about two machines', () => {
  it('is that they reach each other in one Subnet, and in two Subnets with gateways', () => {
    expect(between(a, port('red/b', '10.1.1.3'))).toEqual({ reachable: true, because: 'same Subnet' });
    const data = port('red/b', '10.1.2.3', { subnetRef: { name: 'data' } });
    expect(between(a, data)).toEqual({ reachable: true, because: 'same VPC' });
  });

  it.each([
    ['one is in another VPC', port('blue/b', '10.1.1.3'), 'different VPCs'],
    [
      'a Subnet has no gateway',
      port('red/b', '10.1.3.3', { subnetRef: { name: 'island' } }),
      'a Subnet without gateway',
    ],
    ['one is not plugged in', port('red/b', '10.1.1.3', {}, false), 'b is not plugged in'],
    ['one is switched off', port('red/b', '10.1.1.3', { adminState: 'Down' }), 'b is switched off'],
    ['one is in no group', port('red/b', '10.1.1.3', { securityGroupRefs: [] }), 'no group of b lets it in'],
  ])('is that they do not when %s', (_, b, because) => {
    const blue = [
      vpc('blue/main'),
      subnet('blue/apps'),
      group('blue/default', { ingress: [anywhere], egress: [anywhere] }),
    ];
    expect(between(a, b, blue)).toEqual({ reachable: false, because });
  });

  it('is that nothing reaches a namespace whose VPC was not accepted', () => {
    const blue = [
      vpc('blue/main', false),
      subnet('blue/apps'),
      group('blue/default', { ingress: [anywhere] }),
    ];
    expect(between(port('blue/a', '10.1.1.2'), port('blue/b', '10.1.1.3'), blue).because).toBe(
      'different VPCs',
    );
  });

  const web = (spec: Partial<SecurityGroup['spec']>) => [group('red/web', spec)];
  const inWeb = port('red/w', '10.1.1.9', { securityGroupRefs: [{ name: 'web' }] });
  const tcp = (number: number): Packet => ({ protocol: 'TCP', port: number });

  it('follows protocol and ports of a rule', () => {
    const groups = web({ ingress: [{ protocol: 'TCP', ports: { min: 80, max: 90 } }] });
    expect(between(a, inWeb, groups, tcp(80)).reachable).toBe(true);
    expect(between(a, inWeb, groups, tcp(90)).reachable).toBe(true);
    expect(between(a, inWeb, groups, tcp(91)).reachable).toBe(false);
    expect(between(a, inWeb, groups, { protocol: 'UDP', port: 80 }).reachable).toBe(false);
    expect(between(a, inWeb, groups).because).toBe('no group of w lets it in');
    expect(between(inWeb, a, groups).because).toBe('no group of w lets it out');
  });

  it('follows the kind of ICMP of a rule', () => {
    expect(between(a, inWeb, web({ ingress: [{ protocol: 'ICMP', icmp: { type: 8 } }] })).reachable).toBe(
      true,
    );
    expect(between(a, inWeb, web({ ingress: [{ protocol: 'ICMP', icmp: { type: 0 } }] })).reachable).toBe(
      false,
    );
    expect(between(a, inWeb, web({ ingress: [{ protocol: 'ICMPv6' }] })).reachable).toBe(false);
  });

  it('follows the remote of a rule: a network, or the members of a group', () => {
    const from = (cidr: string) => web({ ingress: [{ protocol: 'ICMP', remote: { cidr } }] });
    expect(between(a, inWeb, from('10.1.1.0/30')).reachable).toBe(true);
    expect(between(a, inWeb, from('10.1.1.4/30')).reachable).toBe(false);
    const ofDefault = web({
      ingress: [{ protocol: 'ICMP', remote: { securityGroupRef: { name: 'default' } } }],
    });
    expect(between(a, inWeb, ofDefault).reachable).toBe(true);
    // Not filtered, and so a member of no group, whatever it names.
    const open = port('red/a', '10.1.1.2', { trafficFiltering: 'Disabled' });
    expect(between(open, inWeb, ofDefault).reachable).toBe(false);
  });

  it('is that a Port without filtering lets everything through', () => {
    const open = { trafficFiltering: 'Disabled', securityGroupRefs: [] } as const;
    expect(between(port('red/a', '10.1.1.2', open), port('red/b', '10.1.1.3', open)).reachable).toBe(true);
  });

  it('is that a group which is not in OVN yet allows nothing', () => {
    expect(between(a, inWeb, [group('red/web', { ingress: [anywhere] }, false)]).reachable).toBe(false);
  });

  it('wants rules for the answer from groups that keep no state', () => {
    const request = { protocol: 'ICMP', icmp: { type: 8 } } as const;
    const answer = { protocol: 'ICMP', icmp: { type: 0 } } as const;
    const stateless = (spec: Partial<SecurityGroup['spec']>) => web({ stateful: 'Disabled', ...spec });
    expect(between(a, inWeb, stateless({ ingress: [request] })).because).toBe(
      'no stateless group of w lets the answer out',
    );
    expect(between(a, inWeb, stateless({ ingress: [request], egress: [answer] })).reachable).toBe(true);
    expect(between(inWeb, inOther, [...stateless({ egress: [request] }), other]).because).toBe(
      'no stateless group of w lets the answer in',
    );
  });

  describe('of peered VPCs', () => {
    const peering = (key: string, peerVPC: string, advertisedCIDRs?: readonly string[]): VPCPeering =>
      ({
        apiVersion,
        kind: 'VPCPeering',
        metadata: metadata(key),
        spec: { peer: {}, advertisedCIDRs },
        status: { peerVPC },
      }) as unknown as VPCPeering;
    const b = port('blue/b', '10.2.1.3');
    const blue = [
      { ...vpc('blue/main'), status: { cidr: '10.2.0.0/16', conditions: conditions('Accepted') } },
      { ...vpc('red/main'), status: { cidr: '10.1.0.0/16', conditions: conditions('Accepted') } },
      subnet('blue/apps', { gatewayIP: '10.2.1.1' }),
      group('blue/default', { ingress: [anywhere], egress: [anywhere] }),
    ];
    const [there, back] = [peering('red/p', 'blue/main'), peering('blue/p', 'red/main')];

    it('is that they reach each other when both sides have agreed', () => {
      expect(between(a, b, [...blue, there, back])).toEqual({ reachable: true, because: 'peered VPCs' });
      expect(between(a, b, [...blue, there]).because).toBe('different VPCs');
    });

    it('is that only what both sides advertise is reached', () => {
      const little = (key: string, vpcKey: string, cidr: string) => peering(key, vpcKey, [cidr]);
      expect(between(a, b, [...blue, there, little('blue/p', 'red/main', '10.2.1.0/24')]).reachable).toBe(
        true,
      );
      expect(between(a, b, [...blue, there, little('blue/p', 'red/main', '10.2.9.0/24')]).reachable).toBe(
        false,
      );
      expect(between(a, b, [...blue, little('red/p', 'blue/main', '10.1.9.0/24'), back]).reachable).toBe(
        false,
      );
    });
  });

  describe('under a policy', () => {
    const policy = (spec: Partial<TrafficPolicy['spec']>): TrafficPolicy =>
      withDefaults({
        apiVersion,
        kind: 'TrafficPolicy',
        metadata: metadata('red/guard'),
        spec,
      } as unknown as TrafficPolicy);
    const all = { appliesTo: { portSelector: {} } } as const;
    const b = port('red/b', '10.1.1.3');
    const far = port('red/f', '10.1.2.3', { subnetRef: { name: 'data' } });

    it('is that what it does not list is forbidden, on either side', () => {
      const ping = { protocol: 'ICMP' } as const;
      expect(between(a, b, [policy({ ...all, ingress: [ping], egress: [ping] })]).reachable).toBe(true);
      expect(between(a, b, [policy({ ...all, ingress: [] })]).because).toBe('the policy guard forbids it');
      expect(between(a, b, [policy({ ...all, egress: [{ protocol: 'TCP' }] })]).reachable).toBe(false);
      expect(between(a, b, [policy(all)]).reachable).toBe(true);
    });

    it('is that isolation ends at the Subnet, or at the VPC', () => {
      const sized = [
        subnet('red/apps', { gatewayIP: '10.1.1.1', cidr: '10.1.1.0/24' }),
        { ...vpc('red/main'), status: { cidr: '10.1.0.0/16', conditions: conditions('Accepted') } },
      ];
      const apps = { appliesTo: { subnetRefs: [{ name: 'apps' }] } } as const;
      expect(between(a, b, [...sized, policy({ ...apps, isolation: 'Subnet' })]).reachable).toBe(true);
      expect(between(a, far, [...sized, policy({ ...apps, isolation: 'Subnet' })]).reachable).toBe(false);
      expect(between(far, a, [...sized, policy({ ...apps, isolation: 'Subnet' })]).reachable).toBe(false);
      expect(between(a, far, [...sized, policy({ ...apps, isolation: 'VPC' })]).reachable).toBe(true);
    });

    const selectors: readonly (readonly [LabelSelector, boolean])[] = [
      [{ matchLabels: { tier: 'web' } }, false],
      [{ matchLabels: { tier: 'data' } }, true],
      [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['web', 'data'] }] }, false],
      [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['web'] }] }, true],
      [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['web'] }] }, false],
      [{ matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, false],
      [{ matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, true],
    ];
    it.each(selectors)('is that it applies by labels: %j', (portSelector, reachable) => {
      const labelled = { ...a, metadata: { ...a.metadata, labels: { tier: 'web' } } };
      const guard = policy({ appliesTo: { portSelector }, egress: [] });
      // Of the two only one has labels, and selectors of what is absent select the other: it receives, which is listed.
      expect(between(labelled, b, [guard]).reachable).toBe(reachable);
    });
  });

  const other = group('red/other', { ingress: [anywhere] });
  const inOther = port('red/o', '10.1.1.8', { securityGroupRefs: [{ name: 'other' }] });
});
