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

/** Returns the expectation for traffic from the Port `from` to the Port `to`. */
const between = (from: Port, to: Port, more: readonly Thing[] = [], packet: Packet = echoRequest) =>
  expectation(world([...base, ...more, from, to]), from, to, packet);

const a = port('red/a', '10.1.1.2');

describe('the expected reachability of two Ports', () => {
  it('is positive in one Subnet, and in two Subnets with gateways', () => {
    expect(between(a, port('red/b', '10.1.1.3'))).toEqual({ reachable: true, because: 'same Subnet' });
    const data = port('red/b', '10.1.2.3', { subnetRef: { name: 'data' } });
    expect(between(a, data)).toEqual({ reachable: true, because: 'same VPC' });
  });

  it.each([
    ['one is in another VPC', port('blue/b', '10.1.1.3'), 'different VPCs'],
    [
      'a Subnet has no gateway',
      port('red/b', '10.1.3.3', { subnetRef: { name: 'island' } }),
      'a Subnet has no gateway',
    ],
    ['one is not bound', port('red/b', '10.1.1.3', {}, false), 'b is not bound'],
    ['one has adminState Down', port('red/b', '10.1.1.3', { adminState: 'Down' }), 'b has adminState Down'],
    [
      'one is in no group',
      port('red/b', '10.1.1.3', { securityGroupRefs: [] }),
      'no group of b allows ingress',
    ],
  ])('is negative when %s', (_, b, because) => {
    const blue = [
      vpc('blue/main'),
      subnet('blue/apps'),
      group('blue/default', { ingress: [anywhere], egress: [anywhere] }),
    ];
    expect(between(a, b, blue)).toEqual({ reachable: false, because });
  });

  it('is negative in a namespace whose VPC is not accepted', () => {
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

  it('follows the protocol and the ports of a rule', () => {
    const groups = web({ ingress: [{ protocol: 'TCP', ports: { min: 80, max: 90 } }] });
    expect(between(a, inWeb, groups, tcp(80)).reachable).toBe(true);
    expect(between(a, inWeb, groups, tcp(90)).reachable).toBe(true);
    expect(between(a, inWeb, groups, tcp(91)).reachable).toBe(false);
    expect(between(a, inWeb, groups, { protocol: 'UDP', port: 80 }).reachable).toBe(false);
    expect(between(a, inWeb, groups).because).toBe('no group of w allows ingress');
    expect(between(inWeb, a, groups).because).toBe('no group of w allows egress');
  });

  it('follows the ICMP type of a rule', () => {
    expect(between(a, inWeb, web({ ingress: [{ protocol: 'ICMP', icmp: { type: 8 } }] })).reachable).toBe(
      true,
    );
    expect(between(a, inWeb, web({ ingress: [{ protocol: 'ICMP', icmp: { type: 0 } }] })).reachable).toBe(
      false,
    );
    expect(between(a, inWeb, web({ ingress: [{ protocol: 'ICMPv6' }] })).reachable).toBe(false);
  });

  it('follows the remote of a rule: a CIDR or the members of a group', () => {
    const from = (cidr: string) => web({ ingress: [{ protocol: 'ICMP', remote: { cidr } }] });
    expect(between(a, inWeb, from('10.1.1.0/30')).reachable).toBe(true);
    expect(between(a, inWeb, from('10.1.1.4/30')).reachable).toBe(false);
    const ofDefault = web({
      ingress: [{ protocol: 'ICMP', remote: { securityGroupRef: { name: 'default' } } }],
    });
    expect(between(a, inWeb, ofDefault).reachable).toBe(true);
    // A Port without traffic filtering is not a member of the groups that it references.
    const open = port('red/a', '10.1.1.2', { trafficFiltering: 'Disabled' });
    expect(between(open, inWeb, ofDefault).reachable).toBe(false);
  });

  it('is positive between Ports without traffic filtering', () => {
    const open = { trafficFiltering: 'Disabled', securityGroupRefs: [] } as const;
    expect(between(port('red/a', '10.1.1.2', open), port('red/b', '10.1.1.3', open)).reachable).toBe(true);
  });

  it('is negative when the only allowing group is not programmed', () => {
    expect(between(a, inWeb, [group('red/web', { ingress: [anywhere] }, false)]).reachable).toBe(false);
  });

  it('requires rules for the reply in stateless groups', () => {
    const request = { protocol: 'ICMP', icmp: { type: 8 } } as const;
    const answer = { protocol: 'ICMP', icmp: { type: 0 } } as const;
    const stateless = (spec: Partial<SecurityGroup['spec']>) => web({ stateful: 'Disabled', ...spec });
    expect(between(a, inWeb, stateless({ ingress: [request] })).because).toBe(
      'no stateless group of w allows egress of the reply',
    );
    expect(between(a, inWeb, stateless({ ingress: [request], egress: [answer] })).reachable).toBe(true);
    expect(between(inWeb, inOther, [...stateless({ egress: [request] }), other]).because).toBe(
      'no stateless group of w allows ingress of the reply',
    );
  });

  describe('in peered VPCs', () => {
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

    it('is positive when both sides have a VPCPeering', () => {
      expect(between(a, b, [...blue, there, back])).toEqual({ reachable: true, because: 'peered VPCs' });
      expect(between(a, b, [...blue, there]).because).toBe('different VPCs');
    });

    it.each<[boolean, readonly string[] | undefined, readonly string[] | undefined]>([
      [true, ['10.2.1.0/24'], ['10.2.1.0/24']],
      [false, ['10.2.9.0/24'], ['10.2.1.0/24']],
      [false, undefined, []],
    ])('is %s if one side accepts %j and has routes to %j', (reachable, acceptedCIDRs, acceptedRoutes) => {
      const limited = {
        ...there,
        spec: { ...there.spec, acceptedCIDRs },
        status: { ...there.status, acceptedRoutes },
      } as VPCPeering;
      expect(between(a, b, [...blue, limited, back]).reachable).toBe(reachable);
      const unfiltered = port('red/a', '10.1.1.2', { trafficFiltering: 'Disabled' });
      expect(between(b, unfiltered, [...blue, limited, back]).reachable).toBe(reachable);
    });

    it('is positive only for addresses that both sides advertise', () => {
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

  describe('with a TrafficPolicy', () => {
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

    it('is negative when the policy of either side does not list the packet', () => {
      const ping = { protocol: 'ICMP' } as const;
      expect(between(a, b, [policy({ ...all, ingress: [ping], egress: [ping] })]).reachable).toBe(true);
      expect(between(a, b, [policy({ ...all, ingress: [] })]).because).toBe(
        'TrafficPolicy guard denies the packet',
      );
      expect(between(a, b, [policy({ ...all, egress: [{ protocol: 'TCP' }] })]).reachable).toBe(false);
      expect(between(a, b, [policy(all)]).reachable).toBe(true);
    });

    it('follows the isolation of the policy: Subnet or VPC', () => {
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
    it.each(selectors)('follows the label selector of the policy: %j', (portSelector, reachable) => {
      const labelled = { ...a, metadata: { ...a.metadata, labels: { tier: 'web' } } };
      const guard = policy({ appliesTo: { portSelector }, egress: [] });
      // Only `labelled` has labels. Selectors for absent labels select `b`, which only receives; the policy allows
      // ingress.
      expect(between(labelled, b, [guard]).reachable).toBe(reachable);
    });
  });

  const other = group('red/other', { ingress: [anywhere] });
  const inOther = port('red/o', '10.1.1.8', { securityGroupRefs: [{ name: 'other' }] });
});
