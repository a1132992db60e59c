import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LabelSelector, Port, TrafficPolicy } from '../../../src/api/index.ts';
import { trafficPolicyKind } from '../../../src/controllers/trafficpolicy/kind.ts';
import { appliesTo, policyKeys, portKeys } from '../../../src/controllers/trafficpolicy/selection.ts';
import { portIn, subnet, trafficPolicy, vpc } from '../../support/controllers/manifests.ts';
import { OfflineCluster, printable } from '../../support/controllers/offline-cluster.ts';

let cluster: OfflineCluster;
beforeEach(async () => {
  cluster = new OfflineCluster();
  cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
  cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
  cluster.apply(subnet('b', { cidr: '10.9.2.0/24' }));
  await cluster.settle();
});

const symbolOf = (kind: string, name: string): string =>
  `on_${cluster.get(kind, `default/${name}`)?.metadata.uid.replaceAll('-', '_') ?? 'gone'}`;
const stateOf = (kind: string, name: string) =>
  cluster.writer.states.get(cluster.get(kind, `default/${name}`)?.metadata.uid ?? '')?.desired;

/** Returns the ACLs of the policy `p` as `direction priority action: match`. */
const acls = (): readonly string[] =>
  (stateOf('TrafficPolicy', 'p')?.rows ?? [])
    .filter(({ table }) => table === 'ACL')
    .map(({ columns }) => {
      const { direction, priority, action, match } = columns as Readonly<Record<string, string | number>>;
      const text = `${direction ?? ''} ${priority ?? ''} ${action ?? ''}: ${match ?? ''}`;
      return text.replaceAll(symbolOf('TrafficPolicy', 'p'), 'p');
    });
const drops = () => acls().filter((acl) => acl.includes(' drop: '));

/** Returns the names of the port groups of a Port that OVN contains. */
const groupsOf = (name: string): readonly string[] => {
  const rows = [...cluster.writer.states.values()].flatMap(({ desired }) => desired.rows);
  const memberships = stateOf('Port', name)?.memberships.filter(({ table }) => table === 'Port_Group') ?? [];
  return memberships
    .flatMap(
      ({ row }) => (rows.find(({ uuid }) => uuid === row)?.columns['name'] as string | undefined) ?? [],
    )
    .map((group) =>
      [symbolOf('TrafficPolicy', 'p'), symbolOf('Subnet', 'a'), symbolOf('VPC', 'net')].reduce(
        (text, symbol, index) => text.replace(symbol, ['p', 'a', 'net'][index] ?? ''),
        group,
      ),
    );
};
const labelled = (name: string, labels: Readonly<Record<string, string>>) => {
  const manifest = portIn('a', name);
  return { ...manifest, metadata: { ...manifest.metadata, labels } };
};
const portCount = () =>
  (cluster.get('TrafficPolicy', 'default/p')?.status as { portCount?: number }).portCount;
const all = { appliesTo: { portSelector: {} } };

describe('a TrafficPolicy', () => {
  it('applies to the Ports of the Subnets in its spec, and counts them', async () => {
    cluster.apply(portIn('a', 'one'));
    cluster.apply(portIn('b', 'other'));
    cluster.apply(trafficPolicy('p', { appliesTo: { subnetRefs: [{ name: 'a' }] }, ingress: [] }));
    await cluster.settle();
    expect([groupsOf('one'), groupsOf('other')]).toEqual([['net_drop', 'p'], ['net_drop']]);
    expect(portCount()).toBe(1);
    expect(cluster.ready('TrafficPolicy', 'default/p')).toBe('Ready');
  });

  it('applies to Ports without traffic filtering too', async () => {
    cluster.apply(portIn('a', 'router', { trafficFiltering: 'Disabled' }));
    cluster.apply(trafficPolicy('p', all));
    await cluster.settle();
    expect(groupsOf('router')).toEqual(['p']);
  });

  it('applies to Ports while they have the selected label', async () => {
    cluster.apply(labelled('one', { tier: 'db' }));
    cluster.apply(trafficPolicy('p', { appliesTo: { portSelector: { matchLabels: { tier: 'db' } } } }));
    await cluster.settle();
    expect([groupsOf('one'), portCount()]).toEqual([['net_drop', 'p'], 1]);
    cluster.apply(labelled('one', { tier: 'web' }));
    await cluster.settle();
    expect([groupsOf('one'), portCount()]).toEqual([['net_drop'], 0]);
  });

  it('does not apply to Ports of another namespace', async () => {
    cluster.apply(vpc('net', { cidr: '10.8.0.0/16', defaults: 'None' }, 'other'));
    cluster.apply(subnet('a', { cidr: '10.8.1.0/24' }, 'other'));
    cluster.apply(portIn('a', 'one', {}, 'other'));
    cluster.apply(trafficPolicy('p', { ...all, isolation: 'VPC' }));
    await cluster.settle();
    const uid = cluster.get('Port', 'other/one')?.metadata.uid ?? '';
    const groups = cluster.writer.states
      .get(uid)
      ?.desired.memberships.filter(({ table }) => table === 'Port_Group');
    expect([groups?.length, portCount()]).toEqual([1, 0]);
  });

  it('leaves no rows and no memberships after its deletion', async () => {
    cluster.apply(portIn('a', 'one'));
    cluster.apply(trafficPolicy('p', { ...all, ingress: [], isolation: 'Subnet' }));
    await cluster.settle();
    expect(groupsOf('one')).toHaveLength(3);
    cluster.delete('TrafficPolicy', 'default/p');
    await cluster.settle();
    expect(groupsOf('one')).toEqual(['net_drop']);
    expect([...cluster.writer.owners()].filter(({ kind }) => kind === 'TrafficPolicy')).toEqual([]);
  });

  it.each([
    ['Subnet', 'a_isolation'],
    ['VPC', 'net_isolation'],
  ])(
    'with isolation %s adds a Port that waited for the group of the policy to its groups',
    async (isolation, group) => {
      cluster.apply(portIn('a', 'one'));
      cluster.apply(trafficPolicy('p', { ...all, isolation }));
      // The operator has not yet reconciled the policy itself, so OVN lacks the group of the policy.
      await cluster.settle((objects) => objects.filter(({ kind }) => kind !== 'TrafficPolicy'));
      expect(groupsOf('one')).toEqual([]);
      await cluster.reconcile('TrafficPolicy', 'default/p');
      await cluster.runQueue();
      expect(groupsOf('one').toSorted()).toEqual(['net_drop', 'p', group].toSorted());
    },
  );

  it('drops nothing in a direction that its spec omits', async () => {
    cluster.apply(trafficPolicy('p', all));
    await cluster.settle();
    expect(acls()).toEqual([]);
    cluster.apply(trafficPolicy('p', { ...all, egress: [] }));
    await cluster.settle();
    expect(drops()).toEqual([
      'from-lport 3000 drop: inport == @p && ip4',
      'from-lport 3000 drop: inport == @p && ip6',
    ]);
  });

  it('admits the traffic that a VM needs before it has an address', async () => {
    cluster.apply(trafficPolicy('p', { ...all, ingress: [] }));
    await cluster.settle();
    expect(acls().filter((acl) => acl.includes(' allow'))).toEqual([
      'from-lport 3001 allow-related: inport == @p && ip4.dst == 255.255.255.255 && udp.src == 68 && udp.dst == 67',
      'from-lport 3001 allow: inport == @p && (nd_ns || nd_na)',
      'to-lport 3001 allow: outport == @p && (nd_ns || nd_na)',
    ]);
  });

  it('drops, for each IP version, the protocols and ports that it does not list', async () => {
    const ingress = [
      { protocol: 'TCP', ports: { min: 80 }, remote: { cidr: '128.0.0.0/1' } },
      { protocol: 'ICMP', icmp: { type: 8, code: 0 }, remote: { cidr: '128.0.0.0/1' } },
    ];
    cluster.apply(trafficPolicy('p', { ...all, ingress }));
    await cluster.settle();
    const numbers = (...without: number[]): string =>
      Array.from({ length: 256 }, (_, value) => value)
        .filter((value) => !without.includes(value))
        .join(', ');
    expect(drops()).toEqual([
      'to-lport 3000 drop: outport == @p && ip4.src == 0.0.0.0/1',
      'to-lport 3000 drop: outport == @p && ip4.src == 128.0.0.0/1 && udp',
      'to-lport 3000 drop: outport == @p && ip4.src == 128.0.0.0/1 && sctp',
      'to-lport 3000 drop: outport == @p && ip4.src == 128.0.0.0/1 && tcp && ((tcp.dst >= 0 && tcp.dst <= 79) || (tcp.dst >= 81 && tcp.dst <= 65535))',
      `to-lport 3000 drop: outport == @p && ip4.src == 128.0.0.0/1 && icmp4 && (icmp4.type == {${numbers(8)}} || (icmp4.type == 8 && icmp4.code == {${numbers(0)}}))`,
      'to-lport 3000 drop: outport == @p && ip6',
      `to-lport 3000 drop: outport == @p && ip4 && ip.proto == {${numbers(1, 6, 17, 132)}}`,
    ]);
  });

  it('shares the drop of unusual protocols with policies that list other protocols, and does not count this drop', async () => {
    const policy = (protocol: string, cidr: string) => ({
      ...all,
      ingress: [{ protocol, remote: { cidr } }],
    });
    cluster.apply(trafficPolicy('p', policy('TCP', '10.1.0.0/16')));
    await cluster.settle();
    const unusual = drops().filter((acl) => acl.includes('ip.proto'));
    expect(unusual).toHaveLength(1);
    expect(cluster.get('TrafficPolicy', 'default/p')?.status).toMatchObject({ matchCount: 25 });
    cluster.apply(trafficPolicy('p', policy('SCTP', '10.2.3.0/24')));
    await cluster.settle();
    expect(drops().filter((acl) => acl.includes('ip.proto'))).toEqual(unusual);
  });

  it.each<[string, Record<string, unknown>]>([
    ['an invalid network', { protocol: 'TCP', remote: { cidr: '10.0.0.0/8 || 1' } }],
    ['an invalid port', { protocol: 'TCP', ports: { min: 70_000 } }],
    ['an invalid ICMP type', { protocol: 'ICMP', icmp: { type: 256 } }],
    ['ICMP of the other IP version', { protocol: 'ICMP', remote: { cidr: 'fd00::/8' } }],
  ])('with %s, which the schema rejects, forbids everything and reports the rule', async (_what, rule) => {
    cluster.apply(portIn('a', 'one'));
    cluster.apply(trafficPolicy('p', { ...all, ingress: [{ protocol: 'All' }, rule] }));
    await cluster.settle();
    expect(cluster.ready('TrafficPolicy', 'default/p')).toMatch(
      /^!InvalidRule: spec\.ingress\[1\]: .*\. Until you correct the rules, the policy forbids everything\. Correct the rule\.$/,
    );
    expect(drops()).toEqual([
      'from-lport 3000 drop: inport == @p && ip',
      'to-lport 3000 drop: outport == @p && ip',
    ]);
    expect(groupsOf('one')).toContain('p');
  });

  it.each([
    [
      'rules',
      { rulesPerGroup: 1, matchesPerGroup: 9999 },
      /^!TooManyRules: The spec has 2 rules; the limit is 1 \(limits\.rulesPerGroup\)\. .* the policy/,
    ],
    [
      'matches',
      { rulesPerGroup: 9, matchesPerGroup: 100 },
      /^!TooManyRules: The rules expand to \d+ flow matches; the limit is 100 /,
    ],
  ])('with too many %s forbids everything', async (_what, limits, message) => {
    cluster = new OfflineCluster({
      limits: { groupsPerPort: 16, policiesPerPort: 9, matchesPerPort: 9999, ...limits },
    });
    cluster.apply(
      trafficPolicy('p', { ...all, ingress: [{ protocol: 'TCP' }], egress: [{ protocol: 'TCP' }] }),
    );
    await cluster.settle();
    expect(cluster.ready('TrafficPolicy', 'default/p')).toMatch(message);
    expect(drops()).toHaveLength(2);
  });

  it('reports missing Subnets, and applies to the other Subnets', async () => {
    cluster.apply(portIn('a', 'one'));
    cluster.apply(trafficPolicy('p', { appliesTo: { subnetRefs: [{ name: 'a' }, { name: 'c' }] } }));
    await cluster.settle();
    expect(cluster.ready('TrafficPolicy', 'default/p')).toBe(
      '!SubnetNotFound: There is no Subnet "c" in the namespace; create the Subnet, or correct the name.',
    );
    expect(groupsOf('one')).toContain('p');
    cluster.apply(subnet('c', { cidr: '10.9.3.0/24' }));
    await cluster.settle();
    expect(cluster.ready('TrafficPolicy', 'default/p')).toBe('Ready');
  });

  const db = { key: 'app', operator: 'In', values: ['db'] };
  it.each<[string, object, Readonly<Record<string, string>>, Readonly<Record<string, string>>]>([
    [
      'gets another value of the second label',
      { matchLabels: { app: 'db', env: 'prod' } },
      { env: 'test' },
      {},
    ],
    ['gets the second label', { matchLabels: { app: 'db', env: 'prod' } }, {}, {}],
    [
      'gets an excluded value',
      { matchExpressions: [db, { key: 'env', operator: 'NotIn', values: ['test', 'stage'] }] },
      { env: 'stage' },
      {},
    ],
    [
      'gets a required label with any value',
      { matchExpressions: [db, { key: 'env', operator: 'Exists' }] },
      {},
      { env: 'other' },
    ],
    [
      'gets a forbidden label',
      { matchExpressions: [db, { key: 'old', operator: 'DoesNotExist' }] },
      { env: 'prod', old: 'yes' },
      {},
    ],
    [
      'gets a forbidden label, and the policy requires no label',
      { matchExpressions: [{ key: 'old', operator: 'DoesNotExist' }] },
      { old: 'yes' },
      {},
    ],
  ])('counts its Ports by all terms of its selector: a Port %s', async (_what, selector, others, labels) => {
    const outside = labelled('one', { app: 'db', ...others });
    const inside = labelled('one', { app: 'db', env: 'prod', ...labels });
    cluster.apply(trafficPolicy('p', { appliesTo: { portSelector: selector } }));
    cluster.apply(outside);
    await cluster.runQueue();
    expect([portCount(), groupsOf('one')]).toEqual([0, ['net_drop']]);
    for (const [manifest, count] of [
      [inside, 1],
      [outside, 0],
      [inside, 1],
    ] as const) {
      cluster.apply(manifest);
      await cluster.runQueue();
      expect([portCount(), groupsOf('one').length]).toEqual([count, 1 + count]);
    }
    cluster.delete('Port', 'default/one');
    await cluster.runQueue();
    expect(portCount()).toBe(0);
  });

  it('has facts without its rules, so that a changed rule wakes no Port', () => {
    const facts = trafficPolicyKind.facts!;
    const one = cluster.apply(trafficPolicy('p', { ...all, ingress: [] })) as unknown as TrafficPolicy;
    const rules = cluster.apply(trafficPolicy('p', { ...all, egress: [] })) as unknown as TrafficPolicy;
    const isolation = cluster.apply(
      trafficPolicy('p', { ...all, isolation: 'VPC' }),
    ) as unknown as TrafficPolicy;
    expect(facts(rules)).toEqual(facts(one));
    expect(facts(isolation)).not.toEqual(facts(one));
  });
});

describe('Ports and policies', () => {
  const key = fc.constantFrom('a', 'b');
  const value = fc.constantFrom('x', 'y', '');
  const term = fc.oneof(
    fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
    fc.record({
      key,
      operator: fc.constantFrom('In' as const, 'NotIn' as const),
      values: fc.array(value, { minLength: 1, maxLength: 3 }),
    }),
  );
  const selector: fc.Arbitrary<LabelSelector> = fc.record(
    { matchLabels: fc.dictionary(key, value), matchExpressions: fc.array(term, { maxLength: 2 }) },
    { requiredKeys: [] },
  );
  const policyOf = (portSelector: LabelSelector) =>
    ({ metadata: { namespace: 'ns' }, spec: { appliesTo: { portSelector } } }) as unknown as TrafficPolicy;
  const portWith = (labels: Readonly<Record<string, string>>) =>
    ({ metadata: { namespace: 'ns', labels }, spec: { subnetRef: { name: 's' } } }) as unknown as Port;

  it('have exactly one common key if the policy applies to the Port', () => {
    let together = 0;
    fc.assert(
      fc.property(selector, fc.dictionary(key, value), (portSelector, labels) => {
        const [policy, port] = [policyOf(portSelector), portWith(labels)];
        const common = policyKeys(policy).filter((each) => portKeys(port).includes(each)).length;
        const applies = appliesTo(policy, port);
        if (applies) together++;
        if (applies || common > 0) expect(common).toBe(1);
      }),
      { seed: 20_260_203, numRuns: 2000 },
    );
    expect(together).toBeGreaterThan(200);
  });

  it.each<[LabelSelector, Readonly<Record<string, string>>, boolean]>([
    [{}, {}, true],
    [{ matchLabels: { a: '' } }, {}, false],
    [{ matchLabels: { a: '' } }, { a: '' }, true],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x'] }] }, {}, true],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x'] }] }, { a: 'x' }, false],
    [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, { a: 'x' }, false],
    [{ matchExpressions: [{ key: 'toString', operator: 'Exists' }] }, {}, false],
    [
      { matchLabels: { a: 'x' }, matchExpressions: [{ key: 'b', operator: 'In', values: ['y'] }] },
      { a: 'x' },
      false,
    ],
  ])('match like selectors and labels in Kubernetes: %j with %j', (portSelector, labels, expected) => {
    const [policy, port] = [policyOf(portSelector), portWith(labels)];
    const meet = policyKeys(policy).some((each) => portKeys(port).includes(each));
    expect(meet && appliesTo(policy, port)).toBe(expected);
  });
});

describe('a Port to which many TrafficPolicies apply', () => {
  const enabled = () =>
    printable(
      stateOf('Port', 'one')?.rows.find(({ table }) => table === 'Logical_Switch_Port')?.columns['enabled'],
    );
  const limited = async (limits: object, count: number, spec: object) => {
    cluster = new OfflineCluster({
      limits: {
        rulesPerGroup: 256,
        matchesPerGroup: 4096,
        groupsPerPort: 16,
        policiesPerPort: 4,
        matchesPerPort: 2048,
        ...limits,
      },
    });
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
    cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
    cluster.apply(labelled('one', { tier: 'db' }));
    for (let n = 0; n < count; n++) cluster.apply(trafficPolicy(`p${n}`, { ...all, ...spec }));
    await cluster.runQueue();
  };

  it('is disabled above the limit for policies, and follows them again below the limit', async () => {
    await limited({}, 5, { ingress: [] });
    expect(cluster.ready('Port', 'default/one')).toBe(
      '!TooManyPolicies: 5 TrafficPolicies apply to the Port; the limit is 4 (limits.policiesPerPort). ' +
        'Until fewer policies apply, OVN drops all traffic of the Port. Merge TrafficPolicies, or narrow their appliesTo.',
    );
    expect([enabled(), groupsOf('one').length]).toEqual([[false], 1]);
    cluster.delete('TrafficPolicy', 'default/p0');
    await cluster.runQueue();
    expect(cluster.ready('Port', 'default/one')).toBe('Ready');
    expect([enabled(), groupsOf('one').length]).toEqual([undefined, 5]);
  });

  it('is disabled if the policies need too many flow matches together, also after a change of rules', async () => {
    const list = { ingress: [{ protocol: 'ICMP', icmp: { type: 8, code: 0 } }] };
    await limited({ matchesPerPort: 1000 }, 2, list);
    expect(cluster.ready('Port', 'default/one')).toMatch(
      /^!TooManyPolicies: The TrafficPolicies of the Port count as 1280 flow matches.*the limit is 1000/,
    );
    expect(enabled()).toEqual([false]);
    cluster.apply(trafficPolicy('p0', { ...all, ingress: [] }));
    await cluster.runQueue();
    expect(cluster.ready('Port', 'default/one')).toBe('Ready');
    expect(enabled()).toBeUndefined();
    cluster.apply(trafficPolicy('p0', { ...all, ...list }));
    await cluster.runQueue();
    expect(enabled()).toEqual([false]);
  });

  it('is disabled if too many policies of the namespace must be compared with it', async () => {
    const portSelector = { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['db'] }] };
    await limited({}, 33, { appliesTo: { portSelector } });
    expect(cluster.ready('Port', 'default/one')).toMatch(
      /^!TooManyPolicies: 33 TrafficPolicies of the namespace/,
    );
    expect(enabled()).toEqual([false]);
  });
});

describe('a TrafficPolicy that needs many flow matches', () => {
  it('forbids everything, because ovn-controller combines each protocol number with each network', async () => {
    const hosts = Array.from({ length: 9 }, (_, n) => ({
      protocol: 'All',
      remote: { cidr: `${20 + 17 * n}.2.3.4/32` },
    }));
    cluster.apply(
      trafficPolicy('p', { ...all, ingress: [...hosts, { protocol: 'TCP', ports: { min: 80 } }] }),
    );
    await cluster.settle();
    expect(cluster.ready('TrafficPolicy', 'default/p')).toMatch(
      /^!TooManyRules: The rules need \d+ flow matches on a hypervisor; the limit is 16384 \(limits\.matchesPerPort\)/,
    );
    expect(drops()).toEqual([
      'from-lport 3000 drop: inport == @p && ip',
      'to-lport 3000 drop: outport == @p && ip',
    ]);
  });
});
