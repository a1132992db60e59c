import type { TransactionReport } from '../ovn/index.ts';
import type { MetricsRegistry, RestClientOptions } from '../reconcile/index.ts';

/** Counts requests to the API server, by the names that client-go's metrics have. */
export function clientMetrics(metrics: MetricsRegistry): NonNullable<RestClientOptions['onRequest']> {
  const requests = metrics.counter('rest_client_requests_total', 'Requests to the API server.', [
    'method',
    'code',
  ]);
  const duration = metrics.histogram(
    'rest_client_request_duration_seconds',
    'How long the API server took to answer.',
    ['method'],
  );
  return (method, code, ms) => {
    requests.increment([method, code]);
    duration.observe(ms / 1000, [method]);
  };
}

/** Tells whether this process leads, by the name that client-go's metric has. */
export function leaderMetrics(metrics: MetricsRegistry, elector: { readonly isLeader: boolean }): void {
  metrics.collect('leader_election_master_status', 'Whether this process leads: 1 or 0.', ['name'], () => [
    [['overlay-network'], elector.isLeader ? 1 : 0],
  ]);
}

/** Tells which databases are connected. */
export function connectionMetrics(
  metrics: MetricsRegistry,
  connected: Readonly<Record<'northbound' | 'southbound', () => boolean>>,
): void {
  metrics.collect(
    'overlay_network_ovn_connected',
    'Whether a database of OVN is connected: 1 or 0.',
    ['database'],
    () =>
      Object.entries(connected).map(
        ([database, isConnected]) => [[database], Number(isConnected())] as const,
      ),
  );
}

/** Counts transactions of the Northbound database. */
export function transactionMetrics(metrics: MetricsRegistry): (report: TransactionReport) => void {
  const transactions = metrics.counter(
    'overlay_network_ovn_transactions_total',
    'Transactions sent to the Northbound database.',
    ['result'],
  );
  const rows = metrics.counter(
    'overlay_network_ovn_rows_written_total',
    'Rows inserted, updated and deleted in the Northbound database.',
  );
  const duration = metrics.histogram(
    'overlay_network_ovn_operations_duration_seconds',
    'How long a transaction of the Northbound database took, until the replica showed it.',
  );
  for (const result of ['ok', 'failed']) transactions.increment([result], 0);
  rows.increment([], 0);
  return (report) => {
    transactions.increment([report.ok ? 'ok' : 'failed']);
    if (report.ok) rows.increment([], report.rows);
    duration.observe(report.durationMs / 1000);
  };
}
