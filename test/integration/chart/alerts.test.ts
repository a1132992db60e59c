import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allValues, chartFolder, release, render } from '../../support/chart/chart.ts';
import { promtool, promtoolSkipReason } from '../../support/chart/promtool.ts';

interface Rule {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
}

const { groups } = render(allValues).find(({ kind }) => kind === 'PrometheusRule')!['spec'] as {
  groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

/** A series: its name, its labels, and one value per minute in promtool's notation. */
type Series = readonly [metric: string, labels: string, values: string];

/** Series of two healthy replicas. One of them leads. */
const healthy: readonly Series[] = [
  ['up', 'pod="a"', '1x120'],
  ['up', 'pod="b"', '1x120'],
  ['leader_election_master_status', 'pod="a"', '1x120'],
  ['leader_election_master_status', 'pod="b"', '0x120'],
  ['overlay_network_ovn_transactions_total', 'pod="a",result="ok"', '0+600x120'],
  ['overlay_network_ovn_transactions_total', 'pod="a",result="failed"', '5+0x120'],
  ['overlay_network_ovn_operations_duration_seconds_bucket', 'pod="a",le="5"', '0+600x120'],
  ['overlay_network_ovn_operations_duration_seconds_bucket', 'pod="a",le="10"', '0+600x120'],
  ['overlay_network_ovn_operations_duration_seconds_bucket', 'pod="a",le="+Inf"', '0+600x120'],
  ['controller_runtime_reconcile_errors_total', 'pod="a",controller="Port"', '7+0x120'],
  ['workqueue_depth', 'pod="a",name="Port"', '5000-100x50 0x70'],
  ['workqueue_longest_running_processor_seconds', 'pod="a",name="Port"', '2x120'],
  ['rest_client_requests_total', 'pod="a",method="GET",code="200"', '0+600x120'],
  ['rest_client_requests_total', 'pod="a",method="GET",code="409"', '0+300x120'],
  ['rest_client_requests_total', 'pod="a",method="GET",code="ABORTED"', '0+300x120'],
  ['overlay_network_orphan_rows_left', 'pod="a"', '0x120'],
  ['overlay_network_drift_repaired_total', 'pod="a",kind="Port"', '0+1x120'],
  ['overlay_network_subnet_addresses', 'exported_namespace="shop",subnet="web",state="available"', '3x120'],
  ['overlay_network_external_addresses', 'external_network="internet",state="available"', '3x120'],
  ['overlay_network_ovn_connected', 'pod="a",database="southbound"', '1x120'],
];

/** For each alert: the series that make it fire, which replace healthy series with the same labels, and its labels. */
const failures: Readonly<Record<string, readonly [readonly Series[], Readonly<Record<string, string>>]>> = {
  OverlayNetworkDown: [healthy.map(([metric, labels]) => [metric, labels, '_x120']), {}],
  OverlayNetworkReplicaDown: [[['up', 'pod="b"', '0x120']], { job: release.name, pod: 'b' }],
  OverlayNetworkTransactionsFailing: [
    [['overlay_network_ovn_transactions_total', 'pod="a",result="failed"', '0+6x120']],
    {},
  ],
  OverlayNetworkTransactionsSlow: [
    [['overlay_network_ovn_operations_duration_seconds_bucket', 'pod="a",le="5"', '0+300x120']],
    {},
  ],
  OverlayNetworkReconcileErrors: [
    [['controller_runtime_reconcile_errors_total', 'pod="a",controller="Port"', '0+12x120']],
    { controller: 'Port' },
  ],
  OverlayNetworkQueueGrowing: [[['workqueue_depth', 'pod="a",name="Port"', '1500+1x120']], { name: 'Port' }],
  OverlayNetworkReconcileStuck: [
    [['workqueue_longest_running_processor_seconds', 'pod="a",name="Port"', '0+60x120']],
    { name: 'Port' },
  ],
  OverlayNetworkApiErrors: [
    [['rest_client_requests_total', 'pod="a",method="GET",code="ECONNREFUSED"', '0+600x120']],
    {},
  ],
  OverlayNetworkNoLeader: [[['leader_election_master_status', 'pod="a"', '0x120']], {}],
  OverlayNetworkSweepRefused: [[['overlay_network_orphan_rows_left', 'pod="a"', '60x120']], {}],
  OverlayNetworkDrift: [
    [['overlay_network_drift_repaired_total', 'pod="a",kind="Port"', '0+12x120']],
    { kind: 'Port' },
  ],
  OverlayNetworkSubnetFull: [
    [
      [
        'overlay_network_subnet_addresses',
        'exported_namespace="shop",subnet="web",state="available"',
        '0x120',
      ],
    ],
    { exported_namespace: 'shop', subnet: 'web' },
  ],
  OverlayNetworkExternalPoolFull: [
    [['overlay_network_external_addresses', 'external_network="internet",state="available"', '0x120']],
    { external_network: 'internet' },
  ],
  OverlayNetworkDisconnected: [
    [['overlay_network_ovn_connected', 'pod="a",database="southbound"', '0x120']],
    { database: 'southbound' },
  ],
};

/** A test case of promtool: with the series in `over`, exactly the alerts in `firing` (samples of ALERTS) fire at `minute`. */
function scenario(over: readonly Series[], minute: number, firing: readonly string[]): object {
  const own = `job="${release.name}",namespace="${release.namespace}"`;
  const series = new Map(
    [...healthy, ...over].map(([metric, labels, values]) => [`${metric}{${own},${labels}}`, values]),
  );
  return {
    interval: '1m',
    input_series: [...series].map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      {
        expr: 'ALERTS{alertstate="firing"}',
        eval_time: `${minute}m`,
        exp_samples: firing.map((labels) => ({ labels, value: 1 })),
      },
    ],
  };
}

(promtoolSkipReason === undefined ? describe : describe.skip)(
  promtoolSkipReason ?? 'the alerts and the dashboard',
  () => {
    const check = (...tests: readonly object[]) =>
      promtool(['test', 'rules'], {
        'rules.yaml': { groups },
        'tests.yaml': { rule_files: ['rules.yaml'], evaluation_interval: '1m', tests },
      });

    const sampleOf = (alert: string, labels: Readonly<Record<string, string>>): string => {
      const own = rules.find((rule) => rule.alert === alert)!.labels;
      const all = Object.entries({ alertname: alert, alertstate: 'firing', ...own, ...labels });
      return `ALERTS{${all.map(([name, value]) => `${name}="${value}"`).join(',')}}`;
    };
    const sweepRefused = sampleOf('OverlayNetworkSweepRefused', {});

    it('contain only alert rules that promtool accepts', () => {
      const output = promtool(['check', 'rules'], { 'rules.yaml': { groups } });
      expect(output).toContain(`${rules.length} rules found`);
    });

    it('contain only dashboard queries that promtool accepts', () => {
      const { panels } = JSON.parse(readFileSync(join(chartFolder, 'files/dashboard.json'), 'utf8')) as {
        panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
      };
      const queries = panels
        .flatMap(({ targets }) => targets)
        .map(({ expr }, index) => ({
          record: `panel:${index}`,
          expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', release.name),
        }));
      expect(queries.length).toBeGreaterThan(10);
      promtool(['check', 'rules'], { 'rules.yaml': { groups: [{ name: 'dashboard', rules: queries }] } });
    });

    it('fire no alert for healthy replicas, or after a problem has ended', () => {
      const over: Series = ['overlay_network_orphan_rows_left', 'pod="a"', '60x30 0x90'];
      check(...[20, 60, 110].map((minute) => scenario([over], minute, minute < 30 ? [sweepRefused] : [])));
      check(...[20, 60, 110].map((minute) => scenario([], minute, [])));
    });

    it('have a test case for every alert', () => {
      expect(Object.keys(failures)).toEqual(rules.map(({ alert }) => alert));
    });

    it.each(Object.entries(failures))('fire only %s for its problem', (alert, [over, labels]) => {
      check(scenario(over, 110, [sampleOf(alert, labels)]));
    });
  },
);
