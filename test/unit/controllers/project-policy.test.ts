import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  namespace,
  on,
  portIn,
  projectPolicy,
  providerNetwork,
  subnet,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { rowsOf } from '../../support/controllers/rows.ts';

const ORGANIZATION = 'network.plasmavmc.io/organization';

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
});
const status = (kind: string, key: string) =>
  cluster.get(kind, key)?.status as Record<string, unknown> | undefined;

describe('the range that a VPC names', () => {
  const refusal = async (cidr: string, ns = 'a'): Promise<string> => {
    cluster.apply(vpc('net', { cidr, defaults: 'None' }, ns));
    await cluster.settle();
    return cluster.ready('VPC', `${ns}/net`);
  };

  it.each(['10.1.0.0/16', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'])(
    'may be a private network: %s',
    async (cidr) => {
      expect(await refusal(cidr)).toBe('Ready');
    },
  );

  it.each([
    '8.8.8.0/24',
    '198.0.0.0/10',
    '203.0.113.0/24',
    '172.32.0.0/16',
    '100.128.0.0/16',
    '192.169.0.0/16',
    '11.0.0.0/16',
    '192.0.2.0/30',
  ])('may not be another network: %s', async (cidr) => {
    expect(await refusal(cidr)).toMatch(
      /^!RangeNotAllowed: RANGE_NOT_ALLOWED: .*10\.0\.0\.0\/8, .* ask an administrator/,
    );
    expect(rowsOf(cluster, 'VPC', 'net', 'Logical_Router', 'a')).toEqual([]);
  });

  it.each(['10.0.0.0/8', '10.0.0.0/9'])('may not be larger than the setting: %s', async (cidr) => {
    expect(await refusal(cidr)).toMatch(
      /^!RangeNotAllowed: .*the largest allowed VPC is a \/10 with 4194304 addresses/,
    );
  });

  it('may be a network that a ProjectPolicy grants to the namespace, and to no other namespace', async () => {
    cluster.apply(namespace('a', { team: 'a' }));
    cluster.apply(namespace('b'));
    cluster.apply(
      projectPolicy('grant', {
        namespaceSelector: { matchLabels: { team: 'a' } },
        vpcRanges: ['8.8.0.0/16'],
        minVPCPrefixLength: 8,
      }),
    );
    expect(await refusal('8.8.8.0/24')).toBe('Ready');
    expect(await refusal('8.8.9.0/24', 'b')).toMatch(/^!RangeNotAllowed/);
  });

  it('is checked again when an administrator grants the network', async () => {
    cluster.apply(namespace('a'));
    expect(await refusal('8.8.8.0/24')).toMatch(/^!RangeNotAllowed/);
    cluster.apply(projectPolicy('grant', { vpcRanges: ['8.8.0.0/16'] }));
    await cluster.settle();
    expect(cluster.ready('VPC', 'a/net')).toBe('Ready');
  });

  it('stays in effect when an administrator ends the permission, and the VPC reports that, also after a restart', async () => {
    cluster.apply(namespace('a'));
    cluster.apply(projectPolicy('grant', { vpcRanges: ['8.8.0.0/16'] }));
    expect(await refusal('8.8.8.0/24')).toBe('Ready');
    cluster.delete('ProjectPolicy', 'grant');
    for (let times = 0; times < 2; times++) {
      await cluster.settle();
      expect(cluster.ready('VPC', 'a/net')).toMatch(/^!RangeNotAllowed/);
      expect(rowsOf(cluster, 'VPC', 'net', 'Logical_Router', 'a')).toHaveLength(1);
      await cluster.restart();
    }
  });

  it('may not be named at all with an empty list, but the operator allocates one', async () => {
    cluster.apply(namespace('a'));
    cluster.apply(namespace('b'));
    cluster.apply(projectPolicy('none', { vpcRanges: [], minVPCPrefixLength: 20 }));
    expect(await refusal('10.1.0.0/24')).toMatch(/^!RangeNotAllowed: .*\(none\)/);
    cluster.apply(vpc('net', { defaults: 'None' }, 'b'));
    await cluster.settle();
    expect(status('VPC', 'b/net')).toMatchObject({ cidr: '10.0.0.0/20' });
  });

  it('waits while policies exist and the namespace is not known', async () => {
    cluster.apply(projectPolicy('all', {}));
    cluster.apply(vpc('net', { cidr: '10.1.0.0/16', defaults: 'None' }, 'a'));
    cluster.delete('Namespace', 'a');
    await cluster.settle();
    expect(cluster.ready('VPC', 'a/net')).toMatch(/^!NamespaceNotRead/);
    cluster.apply(namespace('a'));
    await cluster.settle();
    expect(cluster.ready('VPC', 'a/net')).toBe('Ready');
  });
});

describe('namespaces without an organization', () => {
  it('can have the same range, and do not appear in an organization', async () => {
    for (const ns of ['a', 'b']) cluster.apply(vpc('net', { cidr: '10.0.0.0/12', defaults: 'None' }, ns));
    await cluster.settle();
    for (const ns of ['a', 'b']) {
      expect(cluster.ready('VPC', `${ns}/net`)).toBe('Ready');
      expect(status('VPC', `${ns}/net`)).not.toHaveProperty('organization');
    }
  });

  it('leave the ranges of the pool to each other', async () => {
    cluster = new OfflineCluster({ cidrPool: '10.0.0.0/12' });
    cluster.apply(vpc('net', { cidr: '10.0.0.0/12', defaults: 'None' }, 'greedy'));
    cluster.apply(vpc('net', { defaults: 'None' }, 'other'));
    await cluster.settle();
    expect(cluster.ready('VPC', 'other/net')).toBe('Ready');
  });

  it('are not in the organization that has their name', async () => {
    cluster.apply(namespace('member', { [ORGANIZATION]: 'acme' }));
    for (const ns of ['member', 'acme'])
      cluster.apply(vpc('net', { cidr: '10.1.0.0/16', defaults: 'None' }, ns));
    await cluster.settle();
    for (const ns of ['member', 'acme']) expect(cluster.ready('VPC', `${ns}/net`)).toBe('Ready');
  });
});

describe('the policy of a namespace', () => {
  const lengths = async (): Promise<unknown[]> => {
    await cluster.settle();
    return ['a', 'b'].map((ns) => cluster.env.policies.of(ns)?.metadata.name);
  };
  const selecting = (labels: object) => ({ namespaceSelector: { matchLabels: labels } });
  const counts = () =>
    [...cluster.stores.ProjectPolicy.values()].map(({ metadata, status: of }) => [
      metadata.name,
      of?.namespaceCount,
    ]);

  beforeEach(() => {
    cluster.apply(namespace('a', { team: 'a' }));
    cluster.apply(namespace('b', { team: 'b' }));
  });

  it('is the oldest policy that selects the namespace', async () => {
    cluster.apply(projectPolicy('z-first', {}));
    cluster.apply(projectPolicy('a-second', {}));
    expect(await lengths()).toEqual(['z-first', 'z-first']);
    expect(counts()).toEqual([
      ['z-first', 2],
      ['a-second', 0],
    ]);
  });

  it('is the policy with the highest priority', async () => {
    cluster.apply(projectPolicy('all', {}));
    cluster.apply(projectPolicy('team', { ...selecting({ team: 'b' }), priority: 1 }));
    expect(await lengths()).toEqual(['all', 'team']);
  });

  it('follows changes of policies and of labels', async () => {
    cluster.apply(projectPolicy('team', selecting({ team: 'b' })));
    expect(await lengths()).toEqual([undefined, 'team']);
    cluster.apply(namespace('a', { team: 'b' }));
    cluster.apply(namespace('b', {}));
    expect(await lengths()).toEqual(['team', undefined]);
    cluster.apply(projectPolicy('team', selecting({ team: 'c' })));
    expect(await lengths()).toEqual([undefined, undefined]);
    cluster.apply(projectPolicy('team', {}));
    expect(await lengths()).toEqual(['team', 'team']);
    expect(counts()).toEqual([['team', 2]]);
    cluster.delete('ProjectPolicy', 'team');
    expect(await lengths()).toEqual([undefined, undefined]);
  });
});

/** The powers: the spec that uses each, its effect in the row, and the field that forbids it. */
const powers: [field: string, spec: Readonly<Record<string, unknown>>][] = [
  ['trafficFilteringDisabled', { trafficFiltering: 'Disabled' }],
  ['spoofingProtectionDisabled', { spoofingProtection: 'Disabled' }],
  ['spoofingProtectionMACOnly', { spoofingProtection: 'MACOnly' }],
  ['allowedAddresses', { allowedAddresses: [{ cidr: '10.244.0.0/16' }] }],
];
const forbidding = (field: string) => ({
  powers: { [field]: field === 'allowedAddresses' ? 'None' : 'Forbidden' },
});

describe.each(powers)('the power %s', (field, spec) => {
  const rowOf = (ns: string) => rowsOf(cluster, 'Port', 'p', 'Logical_Switch_Port', ns)[0];
  const isFiltered = (ns: string) =>
    [...cluster.writer.states.values()].some(
      ({ owner, desired }) =>
        owner.kind === 'Port' &&
        owner.namespace === ns &&
        desired.memberships.some(({ table }) => table === 'Port_Group'),
    );
  const isSafe = (ns: string): boolean => {
    const security = rowOf(ns)?.['port_security'] as string[];
    return isFiltered(ns) && security.length === 1 && /^\S+ 10\.1\.1\.9$/.test(security[0]!);
  };

  beforeEach(async () => {
    for (const ns of ['free', 'bound']) {
      cluster.apply(namespace(ns, { kind: ns }));
      cluster.apply(vpc('net', { cidr: '10.1.0.0/16', defaults: 'None' }, ns));
      cluster.apply(subnet('web', { cidr: '10.1.1.0/24' }, ns));
      cluster.apply(portIn('web', 'p', { ...spec, ipAddress: '10.1.1.9' }, ns));
    }
    await cluster.settle();
  });

  it('is allowed without a policy, and with a policy that forbids others', async () => {
    const others = Object.assign(
      {},
      ...powers.filter(([name]) => name !== field).map(([name]) => forbidding(name).powers),
    ) as object;
    expect(cluster.ready('Port', 'bound/p')).toBe('Ready');
    expect(isSafe('bound')).toBe(false);
    cluster.apply(projectPolicy('others', { powers: others }));
    await cluster.settle();
    expect(cluster.ready('Port', 'bound/p')).toBe('Ready');
    expect(isSafe('bound')).toBe(false);
  });

  it('is replaced by the safe value where a policy forbids it, and the Port reports that', async () => {
    const selector = { namespaceSelector: { matchLabels: { kind: 'bound' } } };
    cluster.apply(projectPolicy('strict', { ...selector, ...forbidding(field) }));
    await cluster.settle();
    expect(cluster.ready('Port', 'bound/p')).toMatch(
      /^!PowerForbidden: POWER_FORBIDDEN: Administrators do not allow .* ask an administrator/,
    );
    expect(isSafe('bound')).toBe(true);
    expect(cluster.ready('Port', 'free/p')).toBe('Ready');
    expect(isSafe('free')).toBe(false);
    await cluster.restart();
    await cluster.settle();
    expect(isSafe('bound')).toBe(true);
    cluster.apply(namespace('bound', { kind: 'other' }));
    await cluster.settle();
    expect(cluster.ready('Port', 'bound/p')).toBe('Ready');
    expect(isSafe('bound')).toBe(false);
  });

  it('ends for a Port whose Subnet disappeared while the rows of the Subnet and the Port exist', async () => {
    cluster.delete('Subnet', 'bound/web');
    cluster.apply(portIn('none', 'p', { ...spec, ipAddress: '10.1.1.9' }, 'bound'));
    cluster.apply(projectPolicy('strict', forbidding(field)));
    await cluster.reconcile('Port', 'bound/p');
    const isDisabled = JSON.stringify(rowOf('bound')?.['enabled']) === '[false]';
    expect([isSafe('bound'), isDisabled]).toContain(true);
  });

  it('makes the Port depend on policies and the labels of its namespace', () => {
    const { Port } = cluster.stores;
    cluster.apply(portIn('web', 'plain', {}, 'bound'));
    expect([...Port.keysByIndex('projectPolicies', '*')].sort()).toEqual(['bound/p', 'free/p']);
    expect([...Port.keysByIndex('namespace', 'bound')]).toEqual(['bound/p']);
  });
});

describe('a Port on a provider network', () => {
  const provider = { gateway: { mode: 'None' }, provider: on('lan') };

  beforeEach(() => {
    cluster.apply(namespace('a'));
    cluster.apply(vpc('net', { cidr: '10.1.0.0/16', defaults: 'None' }, 'a'));
    cluster.apply(providerNetwork('lan'));
    cluster.apply(subnet('wire', { cidr: '10.1.1.0/24', ...provider }, 'a'));
  });

  it.each(powers)('does not have the power %s without permission', async (_field, spec) => {
    cluster.apply(portIn('wire', 'p', spec, 'a'));
    await cluster.settle();
    expect(cluster.ready('Port', 'a/p')).toMatch(/^!PowerForbidden: .*in a Subnet on a provider network/);
  });

  it.each(powers)('has the power %s if a policy grants it', async (field, spec) => {
    const value = field === 'allowedAddresses' ? 'Any' : 'Allowed';
    cluster.apply(projectPolicy('grant', { providerPowers: { [field]: value } }));
    cluster.apply(portIn('wire', 'p', spec, 'a'));
    await cluster.settle();
    expect(cluster.ready('Port', 'a/p')).toBe('Ready');
  });
});

describe('the entries of allowedAddresses', () => {
  const security = () => rowsOf(cluster, 'Port', 'p', 'Logical_Switch_Port', 'a')[0]?.['port_security'];

  it.each([
    ['Any', 0, ['10.1.1.100/32', '10.1.1.64/28', '10.244.0.0/16']],
    ['Any', 32, ['10.1.1.100/32']],
    ['WithinSubnet', 0, ['10.1.1.100/32', '10.1.1.64/28']],
    ['WithinSubnet', 30, ['10.1.1.100/32']],
    ['None', 0, []],
  ])('that take effect with %s and a shortest prefix of %d are %j', async (mode, shortest, expected) => {
    cluster.apply(namespace('a'));
    cluster.apply(
      projectPolicy('all', { powers: { allowedAddresses: mode, minAllowedPrefixLength: shortest } }),
    );
    cluster.apply(vpc('net', { cidr: '10.1.0.0/16', defaults: 'None' }, 'a'));
    cluster.apply(subnet('web', { cidr: '10.1.1.0/24' }, 'a'));
    const entries = ['10.1.1.100/32', '10.1.1.64/28', '10.244.0.0/16'];
    cluster.apply(
      portIn('web', 'p', { ipAddress: '10.1.1.9', allowedAddresses: entries.map((cidr) => ({ cidr })) }, 'a'),
    );
    await cluster.settle();
    expect(security()).toEqual([
      expect.stringMatching(
        new RegExp(`^\\S+ 10\\.1\\.1\\.9${expected.map((each) => ` ${each}`).join('')}$`),
      ),
    ]);
    const refused = entries.filter((each) => !(expected as readonly string[]).includes(each));
    const ready = cluster.ready('Port', 'a/p');
    if (refused.length === 0) expect(ready).toBe('Ready');
    else for (const each of refused) expect(ready).toContain(each);
  });
});
