import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  namespace,
  port,
  portIn,
  providerNetwork,
  securityGroup,
  subnet,
  trafficPolicy,
  vpc,
} from '../../support/controllers/manifests.ts';
import { check } from '../../support/oracle/expression.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { seedOf } from '../../support/seed.ts';

const seed = seedOf('injection', 20_260_206);

/** Values that an attacker might write to any field, without validation by an API server. */
const hostile = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      '1 || ip',
      '0.0.0.0/0} || {ip4',
      '10.0.0.0/8 || 1',
      '10.0.0.0/8\n',
      '10.0.0.1 && ip',
      '$as_all',
      '@on_other',
      '"',
      '\\"',
      '") || (1',
      "'; drop",
      '\u0000',
      '\u2028',
      'ｉｐ４',
      '１０.0.0.0/8',
      '::1%eth0',
      '__proto__',
      'constructor',
      'default',
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.ipV4(), fc.string()).map(([a, b]) => a + b) },
);
/** Invalid values of numeric fields. */
const odd = fc.oneof(
  hostile,
  fc.constantFrom(-1, 0.5, NaN, 1e9, 65_536, true, [80], { min: 1 }),
  fc.integer(),
);
const mostly = <T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 6, arbitrary: good }, { weight: 1, arbitrary: bad });

const rule = fc
  .record({
    name: hostile,
    protocol: mostly(
      fc.constantFrom('TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6', 'All'),
      fc.oneof(hostile, fc.constantFrom('constructor', '__proto__', 'tcp')),
    ),
    ports: fc.option(fc.record({ min: mostly(fc.constant(80), odd), max: mostly(fc.constant(90), odd) }), {
      nil: undefined,
    }),
    icmp: fc.option(fc.record({ type: mostly(fc.constant(8), odd), code: mostly(fc.constant(0), odd) }), {
      nil: undefined,
    }),
    remote: fc.oneof(
      fc.constant(undefined),
      fc.record({ cidr: mostly(fc.constantFrom('10.0.0.0/8', 'fd00::/8'), hostile) }),
      fc.record({ securityGroupRef: fc.record({ name: mostly(fc.constant('g'), hostile) }) }),
    ),
  })
  .map((each) => Object.fromEntries(Object.entries(each).filter(([, value]) => value !== undefined)));
const rules = fc.array(rule, { minLength: 1, maxLength: 2 });
const labels = fc.dictionary(hostile, hostile, { maxKeys: 2 });

const input = fc.record({
  description: hostile,
  ingress: rules,
  egress: rules,
  listed: fc.array(
    rule.filter(({ remote }) => !(remote !== undefined && 'securityGroupRef' in (remote as object))),
  ),
  stateful: mostly(fc.constantFrom('Enabled', 'Disabled'), hostile),
  labels,
  hostname: hostile,
});

const address = mostly(fc.constantFrom('10.0.0.53', '192.0.2.1'), hostile) as fc.Arbitrary<string>;
const hostName = mostly(fc.constantFrom('hv1', 'hv-2.example'), fc.oneof(hostile, fc.constant('hv1,hv2')));
const options = fc.record(
  {
    dnsServers: fc.array(
      fc.oneof({ weight: 9, arbitrary: address }, fc.constant('1.1.1.1}, router={6.6.6.6')),
      { maxLength: 2 },
    ),
    ntpServers: fc.array(address, { maxLength: 2 }),
    domainName: mostly(
      fc.constant('example.com'),
      fc.oneof(hostile, fc.constant('x", router = 6.6.6.6, wpad = "y')),
    ),
    leaseSeconds: mostly(fc.constant(600), odd),
  },
  { requiredKeys: [] },
);
const plugged = fc.record({
  ofSubnet: options,
  ofPort: options,
  mtu: mostly(fc.constant(1400), odd),
  provider: fc.option(
    fc.record({
      physicalNetwork: mostly(fc.constant('physnet1'), hostile),
      vlanID: mostly(fc.constant(7), odd),
    }),
    { nil: undefined },
  ),
  host: hostName,
  migrationTargetHost: fc.option(hostName, { nil: undefined }),
});

/** The allowed values of options in rows, by key. */
const ip = '[0-9]+(?:\\.[0-9]+){3}';
const list = `(?:${ip}|\\{${ip}(?:, ${ip})*\\})`;
const word = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?';
const grammars: Readonly<Record<string, string>> = {
  server_id: ip,
  router: ip,
  server_mac: '[0-9a-f:]{17}',
  lease_time: '[0-9]+',
  mtu: '[0-9]+',
  dns_server: list,
  ntp_server: list,
  domain_name: '"[a-z0-9.-]+"',
  'requested-chassis': `${word}(?:,${word})?`,
  'activation-strategy': 'rarp',
  network_name: word,
};
const isExpected = ([key, value]: readonly [string, string]): boolean =>
  new RegExp(`^${grammars[key] ?? '(?!)'}$`).test(value);

/** A token of a match that contains typed values only: fields, operators, numbers, addresses, and names from UIDs. */
const uid = '[0-9a-f]{8}_[0-9a-f]{4}_[0-9a-f]{4}_[0-9a-f]{4}_[0-9a-f]{12}';
const typed = new RegExp(
  `^(?:&&|\\|\\||==|>=|<=|!(?=eth)|[(){},]|[@$]on_${uid}(?:_drop|_isolation)?(?:_ip[46])?` +
    `|"on_${uid}_(?:gateway|router|external|external_switch)"` +
    '|(?:inport|outport|arp|ip|ip4|ip6|tcp|udp|sctp|icmp4|icmp6|nd_ns|nd_na|nd_ra|eth\\.mcast)(?![\\w.])' +
    '|(?:ip[46]\\.(?:src|dst)|arp\\.spa|ip\\.proto|(?:tcp|udp|sctp)\\.dst|udp\\.src|icmp[46]\\.(?:type|code))(?![\\w.])' +
    '|[0-9]+(?:\\.[0-9]+){3}(?:/[0-9]+)?|[0-9a-f]*:[0-9a-f:]*(?:/[0-9]+)?|[0-9]+) ?',
);
function isTyped(match: string): boolean {
  try {
    check(match);
  } catch {
    return false;
  }
  let rest = match;
  while (rest !== '') {
    const found = typed.exec(rest)?.[0];
    if (found === undefined) return false;
    rest = rest.slice(found.length);
  }
  return true;
}

describe(`with any values in the specs of tenants (seed ${seed}), the operator`, () => {
  it('writes matches with typed values only, and blocks and reports a group or policy with an invalid rule', async () => {
    let closed = 0;
    let open = 0;
    for (const each of fc.sample(input, { seed, numRuns: 400 })) {
      const cluster = new OfflineCluster();
      cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
      cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
      const { description, ingress, egress, stateful, listed } = each;
      cluster.apply(securityGroup('g', { description, ingress, egress, stateful }));
      const selector = {
        matchLabels: each.labels,
        matchExpressions: [{ key: each.hostname, operator: 'NotIn', values: [each.hostname] }],
      };
      cluster.apply(
        trafficPolicy('p', { description, appliesTo: { portSelector: selector }, ingress: listed }),
      );
      const one = port('one', { subnetRef: { name: 'a' }, securityGroupRefs: [{ name: 'g' }] });
      cluster.apply({ ...one, metadata: { ...one.metadata, labels: each.labels } });
      await cluster.settle();

      const rows = [...cluster.writer.states.values()].flatMap(({ desired, owner }) =>
        desired.rows.filter(({ table }) => table === 'ACL').map(({ columns }) => ({ owner, columns })),
      );
      for (const { columns } of rows) {
        const match = columns['match'] as string;
        if (!isTyped(match)) expect({ each, match }).toEqual('only typed values');
      }
      const ready = cluster.ready('SecurityGroup', 'default/g');
      if (ready.startsWith('!InvalidRule')) {
        closed++;
        expect(ready).toMatch(
          /spec\.(ingress\[\d\]|egress\[\d\]|stateful): [^]*\. Until you correct the rules, the group allows nothing\. Correct the rule\.$/,
        );
        expect(rows.filter(({ owner }) => owner.kind === 'SecurityGroup')).toEqual([]);
      } else open++;
      const policy = cluster.ready('TrafficPolicy', 'default/p');
      if (policy.startsWith('!')) {
        expect(policy).toMatch(
          /^!InvalidRule: spec\.ingress\[\d\]: [^]*\. Until you correct the rules, the policy forbids everything\. Correct the rule\.$/,
        );
        const drops = rows.filter(
          ({ owner, columns }) => owner.kind === 'TrafficPolicy' && columns['action'] === 'drop',
        );
        expect(drops).toHaveLength(2);
      }
    }
    expect(closed).toBeGreaterThan(50);
    expect(open).toBeGreaterThan(50);
  }, 120_000);

  it('writes only validated text to options of DHCP and ports, and reports invalid text in the status', async () => {
    const counts = { refused: 0, ready: 0 };
    for (const each of fc.sample(plugged, { seed, numRuns: 200 })) {
      const cluster = new OfflineCluster();
      cluster.apply(namespace('default'));
      cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
      const { ofSubnet, ofPort, mtu, provider, host, migrationTargetHost } = each;
      if (provider !== undefined)
        cluster.apply(providerNetwork('plant', { physicalNetwork: provider.physicalNetwork }));
      const wired = provider && { networkRef: { name: 'plant' }, vlanID: provider.vlanID };
      cluster.apply(
        subnet('a', { cidr: '10.9.1.0/24', dhcp: ofSubnet, mtu, ...(wired && { provider: wired }) }),
      );
      cluster.apply(subnet('b', { cidr: '10.9.2.0/24' }));
      const attachment = {
        vmID: 'vm',
        host,
        ...(migrationTargetHost !== undefined && { migrationTargetHost }),
      };
      for (const name of ['a', 'b']) cluster.apply(portIn(name, name, { dhcp: ofPort, attachment }));
      await cluster.settle();

      const rows = [...cluster.writer.states.values()].flatMap(({ desired }) => desired.rows);
      const found = rows
        .filter(({ table }) => table === 'DHCP_Options' || table === 'Logical_Switch_Port')
        .flatMap(({ columns }) => [...(columns['options'] as ReadonlyMap<string, string>)])
        .filter(([key]) => key !== 'router-port');
      expect({ each, unexpected: found.filter((option) => !isExpected(option)) }).toEqual({
        each,
        unexpected: [],
      });
      for (const ready of [cluster.ready('Subnet', 'default/a'), cluster.ready('Port', 'default/b')]) {
        if (ready !== 'Ready')
          expect(ready).toMatch(
            /^!(?:Invalid(?:CIDR|Spec): (?:INVALID_CIDR: )?spec\.|ProviderNetworkNotAllowed: )/,
          );
        counts[ready === 'Ready' ? 'ready' : 'refused']++;
      }
    }
    expect(counts.refused).toBeGreaterThan(50);
    expect(counts.ready).toBeGreaterThan(50);
  }, 120_000);

  it.each(['ip4.src == 10.0.0.0/8 || x', 'ip4 && foo == 1', '"a"', 'inport == @all', '$on_x_ip4', 'ip4 && '])(
    'would be detected if it wrote the match %j, which does not contain typed values only',
    (match) => expect(isTyped(match)).toBe(false),
  );
});
