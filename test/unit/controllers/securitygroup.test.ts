import { beforeEach, describe, expect, it } from '@jest/globals';
import { port, securityGroup, subnet, vpc } from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
});
const ready = (name: string) => cluster.ready('SecurityGroup', `default/${name}`);
const uidOf = (name: string) => cluster.get('SecurityGroup', `default/${name}`)?.metadata.uid ?? '';
const symbolOf = (name: string) => `on_${uidOf(name).replaceAll('-', '_')}`;

/** Returns the ACLs of a group as `direction action: match`, with the names of groups instead of their symbols. */
const aclsOf = (name: string) => {
  const rows =
    cluster.writer.states.get(uidOf(name))?.desired.rows.filter(({ table }) => table === 'ACL') ?? [];
  const names = [...cluster.stores.SecurityGroup.values()].map(({ metadata }) => metadata.name);
  return rows.map(({ columns }) => {
    const { direction, action, match } = columns as Readonly<Record<string, string>>;
    const acl = `${direction ?? ''} ${action ?? ''}: ${match ?? ''}`;
    return names.reduce((text, each) => text.replaceAll(symbolOf(each), each), acl);
  });
};

describe('a SecurityGroup', () => {
  it.each<[string, Record<string, unknown>, string]>([
    [
      'all incoming traffic',
      { ingress: [{ protocol: 'All' }] },
      'to-lport allow-related: outport == @g && ip',
    ],
    [
      'all outgoing traffic',
      { egress: [{ protocol: 'All' }] },
      'from-lport allow-related: inport == @g && ip',
    ],
    [
      'a TCP port from a network',
      { ingress: [{ protocol: 'TCP', ports: { min: 80 }, remote: { cidr: '10.0.0.0/8' } }] },
      'to-lport allow-related: outport == @g && ip4 && ip4.src == 10.0.0.0/8 && tcp && tcp.dst == 80',
    ],
    [
      'a range of UDP ports to an IPv6 network',
      { egress: [{ protocol: 'UDP', ports: { min: 5000, max: 5010 }, remote: { cidr: 'fd00::/8' } }] },
      'from-lport allow-related: inport == @g && ip6 && ip6.dst == fd00::/8 && udp && udp.dst >= 5000 && udp.dst <= 5010',
    ],
    ['SCTP', { ingress: [{ protocol: 'SCTP' }] }, 'to-lport allow-related: outport == @g && sctp'],
    [
      'echo requests',
      { ingress: [{ protocol: 'ICMP', icmp: { type: 8, code: 0 } }] },
      'to-lport allow-related: outport == @g && icmp4 && icmp4.type == 8 && icmp4.code == 0',
    ],
    ['ICMPv6', { ingress: [{ protocol: 'ICMPv6' }] }, 'to-lport allow-related: outport == @g && icmp6'],
    [
      'its own members',
      { ingress: [{ protocol: 'TCP', remote: { securityGroupRef: { name: 'g' } } }] },
      'to-lport allow-related: outport == @g && (ip4.src == $g_ip4 || ip6.src == $g_ip6) && tcp',
    ],
    [
      'traffic without connection tracking',
      { ingress: [{ protocol: 'All' }], stateful: 'Disabled' },
      'to-lport allow-stateless: outport == @g && ip',
    ],
  ])('allows %s with one ACL', async (_what, spec, acl) => {
    cluster.apply(securityGroup('g', spec));
    await cluster.settle();
    expect(aclsOf('g')).toEqual([acl]);
    expect(ready('g')).toBe('Ready');
  });

  it('has one ACL for several equal rules', async () => {
    cluster.apply(securityGroup('g', { ingress: [{ protocol: 'TCP' }, { name: 'again', protocol: 'TCP' }] }));
    await cluster.settle();
    expect(aclsOf('g')).toHaveLength(1);
    expect(cluster.get('SecurityGroup', 'default/g')?.status).toMatchObject({ ruleCount: 2 });
  });

  it('admits members of another group when OVN contains that group, and its other rules apply before', async () => {
    cluster.apply(
      securityGroup('g', {
        ingress: [{ protocol: 'TCP', remote: { securityGroupRef: { name: 'other' } } }, { protocol: 'UDP' }],
      }),
    );
    await cluster.settle();
    expect(aclsOf('g')).toEqual(['to-lport allow-related: outport == @g && udp']);
    expect(cluster.condition('ResolvedRefs', 'SecurityGroup', 'default/g')).toMatch(
      /^!SecurityGroupNotFound: SECURITY_GROUP_NOT_FOUND: .*"other"/,
    );
    cluster.apply(securityGroup('other'));
    await cluster.settle();
    expect(aclsOf('g')).toHaveLength(2);
    expect(ready('g')).toBe('Ready');
  });

  it.each<[string, Record<string, unknown>]>([
    ['an invalid network', { protocol: 'TCP', remote: { cidr: '10.0.0.0/8 || 1' } }],
    ['an invalid port', { protocol: 'TCP', ports: { min: 70000 } }],
    ['a reversed range', { protocol: 'TCP', ports: { min: 90, max: 80 } }],
    ['an invalid protocol', { protocol: 'constructor' }],
    ['ICMP of the other IP version', { protocol: 'ICMP', remote: { cidr: 'fd00::/8' } }],
  ])('with %s, which the schema rejects, allows nothing and reports the rule', async (_what, rule) => {
    cluster.apply(securityGroup('g', { ingress: [{ protocol: 'All' }, rule] }));
    await cluster.settle();
    expect(ready('g')).toMatch(
      /^!InvalidRule: spec\.ingress\[1\]: .*\. Until you correct the rules, the group allows nothing\. Correct the rule\.$/,
    );
    expect(aclsOf('g')).toEqual([]);
  });

  it.each<[string, Record<string, number>, RegExp]>([
    [
      'rules',
      { rulesPerGroup: 2 },
      /^!TooManyRules: The spec has 3 rules; the limit is 2 \(limits\.rulesPerGroup\)\. .*, the group allows nothing\. Merge rules, or split the object\.$/,
    ],
    [
      'flow matches',
      { matchesPerGroup: 31 },
      /^!TooManyRules: The rules expand to 32 flow matches; the limit is 31 \(limits\.matchesPerGroup\)\. .*, the group allows nothing\. Merge rules, or split the object\.$/,
    ],
  ])(
    'with too many %s allows nothing, and is Stalled until a user fixes the rules',
    async (_what, limit, said) => {
      cluster = new OfflineCluster({
        limits: {
          rulesPerGroup: 9,
          matchesPerGroup: 99,
          groupsPerPort: 9,
          policiesPerPort: 9,
          matchesPerPort: 9999,
          ...limit,
        },
      });
      const ingress = [
        { protocol: 'TCP', ports: { min: 1, max: 65_534 } },
        { protocol: 'UDP', ports: { min: 1024, max: 2047 } },
      ];
      cluster.apply(securityGroup('g', { ingress, egress: [{ protocol: 'All' }] }));
      await cluster.settle();
      expect(ready('g')).toMatch(said);
      expect(cluster.condition('Stalled', 'SecurityGroup', 'default/g')).toBe('TooManyRules');
      expect(aclsOf('g')).toEqual([]);
      cluster.apply(securityGroup('g', { ingress: ingress.slice(1) }));
      await cluster.settle();
      expect([ready('g'), aclsOf('g').length]).toEqual(['Ready', 1]);
    },
  );

  it('keeps the rows of rules that move within the list', async () => {
    const [a, b] = [{ protocol: 'TCP' }, { protocol: 'UDP' }];
    cluster.apply(securityGroup('g', { ingress: [a, b] }));
    await cluster.settle();
    const uuids = () =>
      cluster.writer.states
        .get(uidOf('g'))
        ?.desired.rows.map(({ uuid }) => uuid)
        .sort();
    const before = uuids();
    cluster.apply(securityGroup('g', { ingress: [b, a] }));
    await cluster.settle();
    expect(uuids()).toEqual(before);
  });

  it('that is being deleted exists until no Port and no rule uses it, and names its users', async () => {
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
    cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
    cluster.apply(securityGroup('g'));
    cluster.apply(
      securityGroup('h', { ingress: [{ protocol: 'TCP', remote: { securityGroupRef: { name: 'g' } } }] }),
    );
    cluster.apply(port('p', { subnetRef: { name: 'a' }, securityGroupRefs: [{ name: 'g' }] }));
    await cluster.settle();
    cluster.delete('SecurityGroup', 'default/g');
    await cluster.settle();
    expect(ready('g')).toBe(
      '!InUse: The SecurityGroup is being deleted, but is still used by Port p, SecurityGroup h. The deletion finishes when no object uses the SecurityGroup: delete or change these objects.',
    );
    cluster.delete('Port', 'default/p');
    cluster.apply(securityGroup('h'));
    await cluster.settle();
    expect(cluster.get('SecurityGroup', 'default/g')).toBeUndefined();
  });

  it('can be deleted together with a group that refers to it', async () => {
    const admits = (name: string) => ({
      ingress: [{ protocol: 'TCP', remote: { securityGroupRef: { name } } }],
    });
    cluster.apply(securityGroup('g', admits('h')));
    cluster.apply(securityGroup('h', admits('g')));
    await cluster.settle();
    cluster.delete('SecurityGroup', 'default/g');
    cluster.delete('SecurityGroup', 'default/h');
    await cluster.settle();
    expect([...cluster.writer.owners()]).toEqual([]);
  });

  it('whose last user is being deleted is gone at once, also if a Port keeps that user', async () => {
    const remote = { protocol: 'All', remote: { securityGroupRef: { name: 'g' } } };
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
    cluster.apply(subnet('a'));
    cluster.apply(securityGroup('g'));
    cluster.apply(securityGroup('h', { ingress: [remote] }));
    cluster.apply(port('p', { subnetRef: { name: 'a' }, securityGroupRefs: [{ name: 'h' }] }));
    await cluster.runQueue();
    cluster.delete('SecurityGroup', 'default/g');
    await cluster.runQueue();
    expect(ready('g')).toMatch(/^!InUse: .*SecurityGroup h/);
    cluster.delete('SecurityGroup', 'default/h');
    await cluster.runQueue();
    expect(ready('h')).toMatch(/^!InUse: .*Port p/);
    expect(cluster.get('SecurityGroup', 'default/g')).toBeUndefined();
  });
});
