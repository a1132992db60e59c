import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { KubeObject, ResourceType } from '../../../src/reconcile/index.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { markOf, managedRows } from '../../support/operator/dump.ts';
import { example } from '../../support/operator/examples.ts';
import { isRow } from '../../support/operator/northbound.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

const eventType: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

interface EventObject extends KubeObject {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid: string };
}

describe.each(targets)('an operator reports ($name API server)', (target) => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start(target, { northd: false });
  }, 60_000);
  beforeEach(() => cluster.reset());
  afterAll(() => cluster.stop());

  /** The Events of an existing object, in the form `Normal Ready`, in the order of their creation. */
  async function eventsOf(kind: 'Port', key: string): Promise<string[]> {
    const { uid } = (await cluster.get(kind, key)).metadata;
    const { items } = await cluster.client.list<EventObject>(eventType);
    return items
      .filter(({ regarding }) => regarding.uid === uid)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .map(({ type, reason }) => `${type} ${reason}`);
  }

  it('an Event for each transition of Ready, and no Event without a transition', async () => {
    await cluster.startOperator();
    await cluster.apply(...example('quickstart.yaml'));
    await cluster.converged();
    await cluster.eventually(async () =>
      expect((await eventsOf('Port', 'server')).at(-1)).toBe('Normal Ready'),
    );
    await cluster.edit('Port', 'server', { spec: { securityGroupRefs: [{ name: 'missing' }] } });
    await cluster.reason('Port', 'server', 'Ready', 'SecurityGroupNotFound');
    await cluster.eventually(async () =>
      expect((await eventsOf('Port', 'server')).at(-1)).toBe('Warning SecurityGroupNotFound'),
    );
    const before = await eventsOf('Port', 'server');
    await cluster.stopOperators();
    await cluster.startOperator();
    await cluster.reason('Port', 'server', 'Ready', 'SecurityGroupNotFound');
    await cluster.stopOperators();
    expect(await eventsOf('Port', 'server')).toEqual(before);
  });

  it('metrics of objects, addresses, groups, transactions, repairs and leadership', async () => {
    const operator = await cluster.startOperator({
      settings: { 'listen-addr': '127.0.0.1:0', 'leader-election-enabled': true },
    });
    await cluster.apply(...example('quickstart.yaml'));
    await cluster.converged();
    const scrape = async (): Promise<string> =>
      (await fetch(`http://${operator.address ?? ''}/metrics`)).text();
    await cluster.eventually(async () => {
      const text = await scrape();
      for (const line of [
        'overlay_network_vpcs_total 1',
        'overlay_network_subnets_total 2',
        'overlay_network_ports_total 2',
        'overlay_network_ip_allocations_total 2',
        'overlay_network_subnet_addresses{namespace="default",subnet="apps",state="used"} 2',
        'overlay_network_security_group_ports{namespace="default",security_group="web"} 1',
        'overlay_network_orphans_removed_total 0',
        'overlay_network_drift_repaired_total{kind="VPC"} 0',
        'overlay_network_ovn_transactions_total{result="failed"} 0',
        'overlay_network_ovn_connected{database="northbound"} 1',
        'overlay_network_ovn_connected{database="southbound"} 1',
        'controller_runtime_reconcile_errors_total{controller="NatRule"} 0',
        'leader_election_master_status{name="overlay-network"} 1',
      ])
        expect(text).toContain(`${line}\n`);
      expect(text).toMatch(/^overlay_network_ovn_operations_duration_seconds_count [1-9]/m);
      expect(text).toMatch(/^overlay_network_build_info\{version="\d+\.\d+\.\d+",node="\d+\.\d+\.\d+"\} 1$/m);
      for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_open_fds'])
        expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
      expect(text).toMatch(/^nodejs_eventloop_lag_seconds\{quantile="0\.99"\} \d/m);
    });

    const [row] = managedRows(await cluster.nb.rows()).filter(
      (each) => markOf(each, 'owner') === 'Port/default/server',
    );
    await cluster.nb.transact({
      op: 'update',
      table: row!.table,
      where: isRow(row!.uuid),
      row: { enabled: false },
    });
    await cluster.eventually(async () =>
      expect(await scrape()).toContain('overlay_network_drift_repaired_total{kind="Port"} 1\n'),
    );
    expect(cluster.log.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      {
        kind: 'Port',
        key: 'default/server',
        writes: ['update Logical_Switch_Port (enabled)'],
        reconcileID: expect.any(String),
      },
    ]);
  });

  it('a debug log line for each step of a reconcile, with the object and the id of the reconcile', async () => {
    await cluster.startOperator();
    await cluster.apply(...example('quickstart.yaml'));
    await cluster.converged();
    const before = cluster.log.lines.length;
    await cluster.edit('Port', 'server', { spec: { adminState: 'Down' } });
    const step = (message: string) => {
      const found = cluster.log.lines
        .slice(before)
        .find((line) => line['key'] === 'default/server' && line['message'] === message);
      expect([message, found]).toEqual([message, expect.objectContaining({ kind: 'Port', level: 'debug' })]);
      return found!;
    };
    const written = await cluster.eventually(() => step('wrote rows to OVN'));
    expect(written['writes']).toEqual(['update Logical_Switch_Port (enabled)']);
    await cluster.eventually(() => {
      const steps = ['reconciling', 'wrote rows to OVN', 'status', 'reconciled'].map(step);
      expect(new Set(steps.map(({ reconcileID }) => reconcileID)).size).toBe(1);
    });
    expect(step('reconciled')).toMatchObject({ outcome: 'success', ms: expect.any(Number) });
  });
});
