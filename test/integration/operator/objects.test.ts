import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { API_VERSION, containsCidr, mustParseCidr, resources } from '../../../src/api/index.ts';
import { readManifests } from '../../../src/dev/manifests.ts';
import { namespaceType, type NewObject } from '../../../src/reconcile/index.ts';
import { ApiClient } from '../../../packages/dev-apiserver/test/support/client.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { managedRows } from '../../support/operator/dump.ts';
import { refOf, type Kind } from '../../support/operator/objects.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

const object = (kind: Kind, key: string, spec: object = {}, metadata: object = {}): NewObject => {
  const { namespace, name } = refOf(key);
  return { apiVersion: API_VERSION, kind, metadata: { namespace, name, ...metadata }, spec };
};

/** A VPC 10.1.0.0/16 without defaults and a Subnet 10.1.1.0/24 named `apps` in namespace `team`. */
const network = [
  object('VPC', 'team/main', { cidr: '10.1.0.0/16', defaults: 'None' }),
  object('Subnet', 'team/apps', { cidr: '10.1.1.0/24' }),
];
const port = (name: string, spec: object = {}): NewObject =>
  object('Port', `team/${name}`, { subnetRef: { name: 'apps' }, securityGroupRefs: [], ...spec });

describe.each(targets)('an operator ($name API server)', (target) => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start(target, { northd: false });
  }, 60_000);
  beforeEach(async () => {
    await cluster.reset();
    await cluster.namespace('team');
    await cluster.startOperator();
  });
  afterAll(() => cluster.stop());

  /** Waits until the cluster has no rows. */
  const nothingLeft = (): Promise<void> =>
    cluster.eventually(async () => expect(managedRows(await cluster.nb.rows())).toEqual([]));

  describe('with a VPC', () => {
    it('creates a Subnet and a SecurityGroup named default, so that a Port needs no references', async () => {
      await cluster.apply(object('VPC', 'team/main'), object('Port', 'team/vm'));
      const objects = await cluster.ready();
      expect([...objects.keys()]).toEqual([
        'Port/team/vm',
        'SecurityGroup/team/default',
        'Subnet/team/default',
        'VPC/team/main',
      ]);
      const vpc = mustParseCidr(String(objects.get('VPC/team/main')!.status!['cidr']), { family: 4 });
      expect(vpc.prefix).toBe(16);
      const subnet = mustParseCidr(String(objects.get('Subnet/team/default')!.status!['cidr']), {
        family: 4,
      });
      expect(containsCidr(vpc, subnet)).toBe(true);
    });

    it('deletes the default Subnet and SecurityGroup with the VPC', async () => {
      await cluster.apply(object('VPC', 'team/main'));
      await cluster.ready();
      await cluster.eventually(async () => expect((await cluster.objects()).size).toBe(3));
      await cluster.delete('VPC', 'team/main');
      await cluster.eventually(async () => expect([...(await cluster.objects()).keys()]).toEqual([]));
      await nothingLeft();
    });

    it('uses an existing Subnet named default, and does not delete it with the VPC', async () => {
      await cluster.apply(
        object('Subnet', 'team/default', { cidr: '10.1.7.0/24' }),
        object('VPC', 'team/main', { cidr: '10.1.0.0/16' }),
      );
      await cluster.eventually(async () => expect((await cluster.ready()).size).toBe(3));
      expect((await cluster.get('Subnet', 'team/default')).spec['cidr']).toBe('10.1.7.0/24');
      await cluster.delete('VPC', 'team/main');
      const { message } = await cluster.reason('VPC', 'team/main', 'Ready', 'InUse');
      expect(message).toContain('Subnet default');
    });

    it('creates no objects with defaults: None', async () => {
      await cluster.apply(object('VPC', 'team/main', { defaults: 'None' }));
      expect([...(await cluster.ready()).keys()]).toEqual(['VPC/team/main']);
    });

    it('makes the VPC Ready without the Subnet of a next hop, and updates it when the Subnet appears or disappears', async () => {
      const staticRoutes = [{ destination: '192.168.9.0/24', nextHop: '10.1.1.9' }];
      await cluster.apply(
        object('VPC', 'team/main', { cidr: '10.1.0.0/16', defaults: 'None', staticRoutes }),
      );
      const says = (reason: string): Promise<void> =>
        cluster.eventually(async () => {
          const { status } = (await cluster.ready()).get('VPC/team/main')!;
          expect(status!.conditions).toContainEqual(expect.objectContaining({ reason }));
        });
      await says('NextHopUnreachable');
      await cluster.apply(network[1]!);
      await says('RoutesResolved');
      await cluster.delete('Subnet', 'team/apps');
      await says('NextHopUnreachable');
    });

    it('allows one VPC per namespace: the younger waits until the older is deleted', async () => {
      await cluster.apply(object('VPC', 'team/a', { defaults: 'None' }));
      await cluster.ready();
      await cluster.apply(object('VPC', 'team/b', { defaults: 'None' }));
      const { message } = await cluster.reason('VPC', 'team/b', 'Accepted', 'VPCAlreadyExists');
      expect(message).toContain('"a"');
      await cluster.delete('VPC', 'team/a');
      await cluster.gone('VPC', 'team/a');
      expect([...(await cluster.ready()).keys()]).toEqual(['VPC/team/b']);
    });
  });

  describe('with a deleted object that others use', () => {
    it('keeps the object, names the users, and finishes the deletion when the users are deleted', async () => {
      await cluster.apply(
        ...network,
        object('SecurityGroup', 'team/web'),
        port('vm', { securityGroupRefs: [{ name: 'web' }] }),
      );
      await cluster.ready();
      const before = await cluster.nbDump();
      for (const [kind, name] of [
        ['VPC', 'main'],
        ['Subnet', 'apps'],
        ['SecurityGroup', 'web'],
      ] as const)
        await cluster.delete(kind, `team/${name}`);
      const held = await Promise.all([
        cluster.reason('VPC', 'team/main', 'Ready', 'InUse'),
        cluster.reason('Subnet', 'team/apps', 'Ready', 'InUse'),
        cluster.reason('SecurityGroup', 'team/web', 'Ready', 'InUse'),
      ]);
      expect(held.map(({ message }) => message)).toEqual([
        expect.stringContaining('Subnet apps'),
        expect.stringContaining('Port vm'),
        expect.stringContaining('Port vm'),
      ]);
      expect(await cluster.nbDump()).toEqual(before);
      await cluster.delete('Port', 'team/vm');
      await cluster.eventually(async () => expect([...(await cluster.objects()).keys()]).toEqual([]));
      await nothingLeft();
    });

    it('deletes two SecurityGroups that reference each other', async () => {
      const admits = (name: string) => ({
        ingress: [{ protocol: 'TCP', remote: { securityGroupRef: { name } } }],
      });
      await cluster.apply(
        object('SecurityGroup', 'team/a', admits('b')),
        object('SecurityGroup', 'team/b', admits('a')),
      );
      await cluster.ready();
      await cluster.delete('SecurityGroup', 'team/a');
      await cluster.reason('SecurityGroup', 'team/a', 'Ready', 'InUse');
      await cluster.delete('SecurityGroup', 'team/b');
      await nothingLeft();
      await cluster.eventually(async () => expect([...(await cluster.objects()).keys()]).toEqual([]));
    });
  });

  describe('with a range or an address that is in use', () => {
    it('rejects a second VPC of the organization until the first is deleted, without naming the first', async () => {
      const labels = { 'network.plasmavmc.io/organization': 'acme' };
      await cluster.namespace('other', labels);
      await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team', labels } });
      await cluster.apply(network[0]!);
      await cluster.ready();
      await cluster.apply(object('VPC', 'other/theirs', { cidr: '10.1.128.0/17', defaults: 'None' }));
      const { message } = await cluster.reason('VPC', 'other/theirs', 'Accepted', 'CIDROverlap');
      expect(message).toMatch(/^CIDR_OVERLAP: 10\.1\.128\.0\/17 overlaps/);
      expect(message).not.toMatch(/main|team/);
      await cluster.delete('VPC', 'team/main');
      expect([
        ...(
          await cluster.eventually(async () => {
            const objects = await cluster.ready();
            expect(objects.size).toBe(1);
            return objects;
          })
        ).keys(),
      ]).toEqual(['VPC/other/theirs']);
    });

    it('accepts the same range in another organization', async () => {
      await cluster.namespace('other', { 'network.plasmavmc.io/organization': 'acme' });
      await cluster.apply(
        network[0]!,
        object('VPC', 'other/theirs', { cidr: '10.1.0.0/16', defaults: 'None' }),
      );
      expect((await cluster.ready()).get('VPC/other/theirs')!.status).toMatchObject({
        cidr: '10.1.0.0/16',
        organization: 'acme',
      });
    });

    it('rejects a second Subnet until the first is deleted', async () => {
      await cluster.apply(...network);
      await cluster.ready();
      await cluster.apply(object('Subnet', 'team/more', { cidr: '10.1.1.128/25' }));
      const { message } = await cluster.reason('Subnet', 'team/more', 'Accepted', 'CIDROverlap');
      expect(message).toMatch(/^CIDR_OVERLAP: .*"apps"/);
      await cluster.delete('Subnet', 'team/apps');
      await cluster.gone('Subnet', 'team/apps');
      await cluster.ready();
    });

    it.each([
      ['ipAddress', '10.1.1.9', 'IPAlreadyAllocated', /^IP_ALREADY_ALLOCATED: 10\.1\.1\.9 .*"first"/],
      ['macAddress', '0a:00:00:00:00:09', 'MACConflict', /0a:00:00:00:00:09 .*"first"/],
    ])(
      'rejects a second Port with the same %s until the first is deleted',
      async (field, value, reason, says) => {
        await cluster.apply(...network, port('first', { [field]: value }));
        await cluster.ready();
        await cluster.apply(port('second', { [field]: value }));
        expect((await cluster.reason('Port', 'team/second', 'Accepted', reason)).message).toMatch(says);
        await cluster.delete('Port', 'team/first');
        await cluster.gone('Port', 'team/first');
        expect((await cluster.ready()).get('Port/team/second')!.status).toMatchObject({ [field]: value });
      },
    );

    it('allocates each address of an exhausted pool once, and again after its release', async () => {
      await cluster.apply(network[0]!, object('Subnet', 'team/apps', { cidr: '10.1.1.0/29' }));
      const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
      await Promise.all(names.map((name) => cluster.apply(port(name))));
      const addresses = await cluster.eventually(async () => {
        const ports = await cluster.list('Port');
        const given = ports.flatMap(({ status }) => status?.['ipAddress'] ?? []);
        const refused = ports.filter(({ status }) =>
          status?.conditions?.some(({ reason }) => reason === 'PoolExhausted'),
        );
        expect([given.length, refused.length]).toEqual([5, 2]);
        return given;
      });
      expect(new Set(addresses)).toEqual(
        new Set(['10.1.1.2', '10.1.1.3', '10.1.1.4', '10.1.1.5', '10.1.1.6']),
      );
      const given = (await cluster.list('Port')).filter(({ status }) => status?.['ipAddress'] !== undefined);
      for (const { metadata } of given.slice(0, 2)) await cluster.delete('Port', `team/${metadata.name}`);
      await cluster.eventually(async () => {
        const ports = [...(await cluster.ready()).values()].filter(({ kind }) => kind === 'Port');
        expect(
          ports
            .map(({ status }) => status!['ipAddress'])

            .toSorted(),
        ).toEqual(addresses.toSorted());
      });
    });
  });

  describe('with input that is invalid because of other objects', () => {
    it.each<[string, NewObject, string, string, RegExp]>([
      [
        'a Subnet outside its VPC',
        object('Subnet', 'team/x', { cidr: '10.2.1.0/24' }),
        'Accepted',
        'SubnetOutsideVPC',
        /^SUBNET_OUTSIDE_VPC: 10\.2\.1\.0\/24 .*10\.1\.0\.0\/16/,
      ],
      [
        'a Subnet larger than its VPC',
        object('Subnet', 'team/x', { cidr: '10.0.0.0/8' }),
        'Accepted',
        'SubnetOutsideVPC',
        /^SUBNET_OUTSIDE_VPC: /,
      ],
      [
        'a Subnet without a VPC',
        object('Subnet', 'team/x', { vpcRef: { name: 'nowhere' } }),
        'ResolvedRefs',
        'VPCNotFound',
        /"nowhere"/,
      ],
      [
        'a Port without a Subnet',
        object('Port', 'team/x', { subnetRef: { name: 'nowhere' } }),
        'ResolvedRefs',
        'SubnetNotFound',
        /"nowhere"/,
      ],
      [
        'a Port with a missing SecurityGroup',
        port('x', { securityGroupRefs: [{ name: 'nobody' }] }),
        'ResolvedRefs',
        'SecurityGroupNotFound',
        /^SECURITY_GROUP_NOT_FOUND: .*"nobody"/,
      ],
      [
        'an address outside the Subnet',
        port('x', { ipAddress: '10.1.2.5' }),
        'Accepted',
        'IPOutsideSubnet',
        /^IP_OUTSIDE_SUBNET: 10\.1\.2\.5 .*10\.1\.1\.0\/24/,
      ],
      [
        'the address of the gateway',
        port('x', { ipAddress: '10.1.1.1' }),
        'Accepted',
        'IPReserved',
        /^IP_RESERVED: .*gateway/,
      ],
      [
        'the address of the network',
        port('x', { ipAddress: '10.1.1.0' }),
        'Accepted',
        'IPReserved',
        /^IP_RESERVED: .*network/,
      ],
      [
        'the broadcast address',
        port('x', { ipAddress: '10.1.1.255' }),
        'Accepted',
        'IPReserved',
        /^IP_RESERVED: .*broadcast/,
      ],
      [
        'an address in a reserved range',
        port('x', { ipAddress: '10.1.1.77' }),
        'Accepted',
        'IPReserved',
        /^IP_RESERVED: .*reserved/,
      ],
      [
        'a rule with a missing SecurityGroup',
        object('SecurityGroup', 'team/x', {
          ingress: [{ protocol: 'TCP', remote: { securityGroupRef: { name: 'nobody' } } }],
        }),
        'ResolvedRefs',
        'SecurityGroupNotFound',
        /^SECURITY_GROUP_NOT_FOUND: .*"nobody"/,
      ],
    ])('reports the error code of %s', async (_, bad, type, reason, says) => {
      await cluster.apply(
        network[0]!,
        object('Subnet', 'team/apps', {
          cidr: '10.1.1.0/24',
          reservedRanges: [{ start: '10.1.1.70', end: '10.1.1.80' }],
        }),
      );
      await cluster.ready();
      await cluster.apply(bad);
      const condition = await cluster.reason(bad.kind as Kind, 'team/x', type, reason);
      expect(condition).toMatchObject({ status: 'False', message: expect.stringMatching(says) });
      // A rejected object has no rows. A group whose rule references a missing group has rows that allow nothing.
      if (type === 'Accepted' || reason.startsWith('Subnet') || reason.startsWith('VPC')) {
        const uid = (await cluster.get(bad.kind as Kind, 'team/x')).metadata.uid;
        expect(JSON.stringify(await cluster.nb.rows())).not.toContain(uid);
      }
    });

    it('accepts the input when the missing objects are created, in any order', async () => {
      await cluster.apply(port('vm', { securityGroupRefs: [{ name: 'web' }] }));
      await cluster.reason('Port', 'team/vm', 'ResolvedRefs', 'SubnetNotFound');
      await cluster.apply(network[1]!);
      await cluster.reason('Subnet', 'team/apps', 'ResolvedRefs', 'VPCNotFound');
      await cluster.apply(network[0]!);
      await cluster.reason('Port', 'team/vm', 'ResolvedRefs', 'SecurityGroupNotFound');
      await cluster.apply(object('SecurityGroup', 'team/web'));
      expect((await cluster.ready()).size).toBe(4);
    });
  });

  describe('behind an API server that rejects invalid input', () => {
    let api: ApiClient;
    beforeAll(() => {
      api = new ApiClient(cluster.server);
    });
    afterAll(() => api.close());
    const path = (kind: Kind) => `/apis/${API_VERSION}/namespaces/team/${resources[kind].plural}`;

    it('receives no unknown field with strict validation, which kubectl requests', async () => {
      const bad = object('VPC', 'team/main', { cidrs: ['10.1.0.0/16'] });
      const { status, body } = await api.create(path('VPC'), bad, { query: { fieldValidation: 'Strict' } });
      expect([status, body.message]).toEqual([400, expect.stringContaining('unknown field "spec.cidrs"')]);
    });

    it('receives no NUL character in a description', async () => {
      const bad = object('SecurityGroup', 'team/web', { description: 'nothing\u0000else' });
      const { status, body } = await api.create(path('SecurityGroup'), bad);
      expect([status, body.message]).toEqual([422, expect.stringContaining('spec.description')]);
    });

    it('receives no invalid YAML', () => {
      expect(() => readManifests('kind: VPC\n  metadata: {')).toThrow(/line 1/);
    });
  });

  describe('with a deleted namespace', () => {
    it('lets everything in the namespace be deleted, and leaves no rows', async () => {
      await cluster.apply(
        object('VPC', 'team/main'),
        object('Port', 'team/vm'),
        object('SecurityGroup', 'team/web'),
      );
      await cluster.ready();
      await cluster.deleteNamespace('team');
      await cluster.eventually(async () => {
        const { items } = await cluster.client.list(namespaceType);
        expect(items.map(({ metadata }) => metadata.name)).not.toContain('team');
      });
      await nothingLeft();
      expect(cluster.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
    });

    it('keeps the objects that a Port with a foreign finalizer uses, and reports it on them', async () => {
      await cluster.apply(
        object('VPC', 'team/main'),
        object('Port', 'team/vm', {}, { finalizers: ['example.com/backup'] }),
      );
      await cluster.ready();
      await cluster.deleteNamespace('team');
      const { message } = await cluster.reason('Subnet', 'team/default', 'Ready', 'InUse');
      expect(message).toContain('Port vm');
      await cluster.edit('Port', 'team/vm', { metadata: { finalizers: null } });
      await cluster.eventually(async () => {
        const { items } = await cluster.client.list(namespaceType);
        expect(items.map(({ metadata }) => metadata.name)).not.toContain('team');
      });
      await nothingLeft();
    });
  });

  // The real server needs more time per object.
  const count = target.name === 'embedded' ? 10_000 : 1_000;
  it(`keeps ${count} objects with the same names in 100 namespaces apart`, async () => {
    // Each namespace also has a VPC with its default Subnet and group, and one more group.
    const ports = Array.from({ length: count / 100 - 4 }, (_, index) => `p${index}`);
    const namespaces = Array.from({ length: 100 }, (_, index) => `tenant-${index}`);
    const queue = namespaces.values();
    const create = async (): Promise<void> => {
      for (const name of queue) {
        await cluster.namespace(name);
        await cluster.apply(
          object('VPC', `${name}/main`),
          object('SecurityGroup', `${name}/web`, { ingress: [{ protocol: 'TCP', ports: { min: 80 } }] }),
          ...ports.map((port) => object('Port', `${name}/${port}`, { securityGroupRefs: [{ name: 'web' }] })),
        );
      }
    };
    await Promise.all(Array.from({ length: 16 }, create));
    const objects = await cluster.eventually(async () => {
      const all = await cluster.ready();
      expect(all.size).toBe(count);
      return all;
    }, 180_000);
    const all = [...objects.values()];
    const cidrs = all.filter(({ kind }) => kind === 'VPC').map(({ status }) => status!['cidr']);
    expect(new Set(cidrs).size).toBe(100);
    const rows = managedRows(await cluster.nb.rows());
    const rowsOf = (table: string) => rows.filter((row) => row.table === table).length;
    // One port of each switch connects the router.
    expect([rowsOf('Logical_Router'), rowsOf('Logical_Switch'), rowsOf('Logical_Switch_Port')]).toEqual([
      100,
      100,
      100 * (ports.length + 1),
    ]);
    for (const row of rows.filter(({ table }) => table === 'Logical_Switch'))
      expect(row.columns['ports']).toHaveLength(ports.length + 1);

    // A change in one namespace does not affect the others.
    await cluster.edit('SecurityGroup', 'tenant-7/web', { spec: { ingress: [] } });
    await cluster.delete('Port', 'tenant-7/p0');
    await cluster.eventually(async () => {
      const left = managedRows(await cluster.nb.rows());
      expect(left).toHaveLength(rows.length - 2);
      expect(left.filter(({ columns }) => !JSON.stringify(columns).includes('/tenant-7/'))).toEqual(
        rows.filter(({ columns }) => !JSON.stringify(columns).includes('/tenant-7/')),
      );
    });
  }, 300_000);
});
