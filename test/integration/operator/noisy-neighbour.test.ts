import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_VERSION, resources } from '../../../src/api/index.ts';
import type { NewObject } from '../../../src/reconcile/index.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { Gate } from '../../support/operator/gate.ts';
import { addGatewayChassis } from '../../support/operator/gateways.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

/** Ports of the quiet tenant for each noise. */
const PORTS = 40;
/** Objects of the noisy tenant. */
const CROWD = 300;
/** Changes of the noisy tenant before the first Port. */
const CHANGES = 50;
/**
 * The writes of the operator for the noisy tenant between the creation of a Port of the quiet tenant and the status of
 * the Port: the largest median and the largest number. The numbers depend on the order of work and not on the speed of
 * the machine. Without turns, all waiting writes of the noisy tenant came first.
 */
const MAX_MEDIAN = 8;
const MAX_WRITES = 40;

const object = (kind: keyof typeof resources, namespace: string, name: string, spec: object): NewObject => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name, namespace },
  spec,
});

const project = (namespace: string, cidr: string): readonly NewObject[] => [
  object('VPC', namespace, 'net', {
    cidr: `${cidr}.0.0/16`,
    defaults: 'None',
    externalGateway: { externalNetworkRef: { name: 'public' }, snat: 'Disabled' },
  }),
  object('Subnet', namespace, 'web', { cidr: `${cidr}.0.0/18` }),
  object('SecurityGroup', namespace, 'open', { ingress: [{ protocol: 'TCP', ports: { min: 80 } }] }),
];

const portSpec = { subnetRef: { name: 'web' }, securityGroupRefs: [{ name: 'open' }] };

/** The noise: a function that makes one change, and is called again and again. */
const noises: Readonly<Record<string, (cluster: TestCluster, n: number) => Promise<unknown>>> = {
  'changes NatRules that conflict': (cluster, n) =>
    cluster.apply(
      object('NatRule', 'noisy', `rule-${n % CROWD}`, {
        type: 'DNAT',
        protocol: 'TCP',
        externalPort: 80 + (n % 2),
        target: { address: `10.60.0.${1 + (n % 200)}` },
      }),
    ),
  'creates and deletes Ports': (cluster, n) =>
    n % 2 === 0
      ? cluster.apply(object('Port', 'noisy', `flap-${n % 40}`, portSpec))
      : cluster.delete('Port', `noisy/flap-${(n - 1) % 40}`),
  'changes a SecurityGroup with many rules': (cluster, n) =>
    cluster.apply(
      object('SecurityGroup', 'noisy', 'large', {
        ingress: Array.from({ length: 100 }, (_, rule) => ({
          protocol: 'TCP',
          ports: { min: 1000 + 2 * rule + (n % 2) },
        })),
      }),
    ),
  'changes invalid objects': (cluster, n) =>
    cluster.apply(object('Subnet', 'noisy', `bad-${n % 100}`, { cidr: '10.99.0.0/24', mtu: 1400 + (n % 2) })),
  'changes the labels of its namespace': (cluster, n) =>
    cluster.apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'noisy', labels: { flap: String(n % 2) } },
    }),
};

describe.each(targets)('a tenant next to a noisy tenant ($name API server)', (target) => {
  let cluster: TestCluster;
  let created = 0;
  const gate = new Gate();

  beforeAll(async () => {
    cluster = await TestCluster.start(target, { northd: false });
    await addGatewayChassis(cluster.southbound, ['gw1']);
    await cluster.startOperator({ gate });
    await cluster.namespace('noisy');
    await cluster.namespace('quiet');
    await cluster.apply({
      apiVersion: API_VERSION,
      kind: 'ExternalNetwork',
      metadata: { name: 'public' },
      spec: {
        physicalNetwork: 'physnet1',
        cidr: '203.0.113.0/24',
        gateway: '203.0.113.1',
        allowedNamespaces: { selector: {} },
      },
    });
    await cluster.apply(...project('noisy', '10.60'), ...project('quiet', '10.61'));
    await cluster.ready();
  }, 120_000);

  afterAll(() => cluster.stop());

  /** Creates Ports of the quiet tenant, and returns for each the writes for the noisy tenant before its status. */
  const measure = async (): Promise<readonly number[]> => {
    const counts: number[] = [];
    for (let n = 0; n < PORTS; n++) {
      const name = `port-${created++}`;
      const before = gate.writes.length;
      await cluster.client.create(resources.Port, object('Port', 'quiet', name, portSpec));
      const status = `PATCH quiet/ports/${name}/status`;
      await cluster.eventually(() => expect(gate.writes.indexOf(status, before)).not.toBe(-1));
      const between = gate.writes.slice(before, gate.writes.indexOf(status, before));
      counts.push(between.filter((write) => write.includes(' noisy/')).length);
    }
    return counts.toSorted((a, b) => a - b);
  };

  it.each(Object.entries(noises))(
    'waits for few writes of the operator for the other tenant, which %s',
    async (_what, change) => {
      let isOver = false;
      let changes = 0;
      const noise = Array.from({ length: 4 }, async () => {
        while (!isOver) await change(cluster, changes++).catch(() => undefined);
      });
      try {
        await cluster.eventually(() => expect(changes).toBeGreaterThan(CHANGES));
        const counts = await measure();
        expect(counts[PORTS / 2]).toBeLessThan(MAX_MEDIAN);
        expect(counts.at(-1)).toBeLessThan(MAX_WRITES);
      } finally {
        isOver = true;
        await Promise.all(noise);
      }
    },
    120_000,
  );
});
