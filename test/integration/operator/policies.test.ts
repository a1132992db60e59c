import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { markOf, writesSince } from '../../../bench/nb-log.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

const setting = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main }
spec: { cidr: 10.40.0.0/16, defaults: None }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: a }
spec: { cidr: 10.40.1.0/24 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: SecurityGroup
metadata: { name: open }
spec: { ingress: [{ protocol: TCP, ports: { min: 80 } }, { protocol: UDP }], egress: [{ protocol: All }] }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: web, labels: { tier: web } }
spec: { subnetRef: { name: a }, securityGroupRefs: [{ name: open }] }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: db, labels: { tier: db } }
spec: { subnetRef: { name: a }, securityGroupRefs: [{ name: open }] }
`;
const policy = (spec: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: TrafficPolicy
metadata: { name: rail }
spec: ${spec}
`;

describe.each(targets)('TrafficPolicies and SecurityGroups ($name API server)', (target) => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start(target);
    await cluster.startOperator();
    await cluster.apply(setting);
    await cluster.ready();
  }, 90_000);
  afterAll(() => cluster.stop());

  /** The sorted names of the Ports in a port group, found by the prefix of its name. */
  const members = async (prefix: string): Promise<readonly string[]> => {
    const rows = await cluster.nb.rows();
    const group = rows.find(({ table, columns }) => table === 'Port_Group' && columns['name'] === prefix);
    const uuids = [group?.columns['ports'] ?? []].flat() as string[];
    const names = rows.filter(({ uuid }) => uuids.includes(uuid)).map(({ columns }) => columns['name']);
    const ports = await cluster.list('Port');
    return ports
      .filter(({ metadata }) => names.includes(metadata.uid))
      .map(({ metadata }) => metadata.name)
      .sort();
  };
  const groupOf = async (kind: 'TrafficPolicy' | 'Subnet' | 'SecurityGroup', name: string, suffix = '') => {
    const { metadata } = await cluster.get(kind, name);
    return `on_${metadata.uid.replaceAll('-', '_')}${suffix}`;
  };
  const railHolds = (...names: readonly string[]) =>
    cluster.eventually(async () => {
      expect(await members(await groupOf('TrafficPolicy', 'rail'))).toEqual(names);
      expect((await cluster.get('TrafficPolicy', 'rail')).status).toMatchObject({ portCount: names.length });
    });

  it('apply a new policy to the Ports that it selects, and count the Ports', async () => {
    await cluster.apply(
      policy('{ appliesTo: { portSelector: { matchLabels: { tier: db } } }, ingress: [] }'),
    );
    await railHolds('db');
  });

  it('add and remove a Port when its labels change', async () => {
    await cluster.edit('Port', 'web', { metadata: { labels: { tier: 'db' } } });
    await railHolds('db', 'web');
    await cluster.edit('Port', 'web', { metadata: { labels: { tier: null } } });
    await railHolds('db');
  });

  it('replace the Ports of a policy when its selector changes', async () => {
    const selector = { matchLabels: null, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] };
    await cluster.edit('TrafficPolicy', 'rail', { spec: { appliesTo: { portSelector: selector } } });
    await railHolds('web');
    await cluster.edit('TrafficPolicy', 'rail', {
      spec: { appliesTo: { portSelector: null, subnetRefs: [{ name: 'a' }] } },
    });
    await railHolds('db', 'web');
  });

  it('implement isolation by membership in a port group', async () => {
    const isolation = await groupOf('Subnet', 'a', '_isolation');
    await cluster.edit('TrafficPolicy', 'rail', { spec: { isolation: 'Subnet' } });
    await cluster.eventually(async () => expect(await members(isolation)).toEqual(['db', 'web']));
    await cluster.edit('TrafficPolicy', 'rail', { spec: { isolation: 'None' } });
    await cluster.eventually(async () => expect(await members(isolation)).toEqual([]));
  });

  it.each<['SecurityGroup' | 'TrafficPolicy', string, object, number | undefined]>([
    [
      'SecurityGroup',
      'open',
      { ingress: [{ protocol: 'TCP', ports: { min: 443 } }, { protocol: 'UDP' }] },
      3,
    ],
    ['TrafficPolicy', 'rail', { ingress: [{ protocol: 'TCP', ports: { min: 443 } }] }, undefined],
  ])(
    'write a changed rule of a %s in one transaction, and reconcile no Ports',
    async (kind, name, spec, rows) => {
      await cluster.eventually(async () =>
        expect((await cluster.get(kind, name)).status).toMatchObject({ portCount: 2 }),
      );
      const mark = markOf(cluster.northbound.file);
      const before = await cluster.list('Port');
      await cluster.edit(kind, name, { spec });
      const { metadata } = await cluster.get(kind, name);
      await cluster.eventually(async () => {
        const { status } = await cluster.get(kind, name);
        const programmed = status?.conditions?.find(({ type }) => type === 'Programmed');
        expect(programmed).toMatchObject({ status: 'True', observedGeneration: metadata.generation });
      });
      expect(writesSince(cluster.northbound.file, mark)).toMatchObject({
        transactions: 1,
        ...(rows !== undefined && { rows }),
      });
      const versions = (ports: typeof before) =>
        ports.map(({ metadata: { resourceVersion } }) => resourceVersion);
      expect(versions(await cluster.list('Port'))).toEqual(versions(before));
    },
  );

  it('remove the rows of a deleted policy, and keep its Ports Ready', async () => {
    const group = await groupOf('TrafficPolicy', 'rail');
    await cluster.delete('TrafficPolicy', 'rail');
    await cluster.gone('TrafficPolicy', 'rail');
    await cluster.eventually(async () => {
      const left = (await cluster.nb.rows()).filter(({ columns }) => JSON.stringify(columns).includes(group));
      expect(left).toEqual([]);
    });
    await cluster.ready();
  });

  it('remove the rows of a policy that was deleted while no operator ran', async () => {
    await cluster.apply(policy('{ appliesTo: { portSelector: {} }, egress: [] }'));
    await railHolds('db', 'web');
    const group = await groupOf('TrafficPolicy', 'rail');
    await cluster.stopOperators();
    await cluster.delete('TrafficPolicy', 'rail');
    await cluster.startOperator();
    await cluster.eventually(async () => {
      const names = (await cluster.nb.rows()).map(({ columns }) => columns['name']);
      expect(names).not.toContain(group);
    });
    await cluster.ready();
  });
});
