import type { TransactionReport } from '../ovn/index.ts';
import type { MetricsRegistry, RestClientOptions } from '../reconcile/index.ts';

/** Measures requests to the API server. The metrics have the names of client-go's metrics. */
export function clientMetrics(metrics: MetricsRegistry): NonNullable<RestClientOptions['onRequest']> {
  const requests = metrics.counter('rest_client_requests_total', 'Requests to the API server.', [
    'method',
    'code',
  ]);
  const duration = metrics.histogram(
    'rest_client_request_duration_seconds',
    'Time until the API server answered.',
    ['method'],
  );
  return (method, code, ms) => {
    requests.increment([method, code]);
    duration.observe(ms / 1000, [method]);
  };
}

/** Exports whether this process is the leader. The metric has the name of client-go's metric. */
export function leaderMetrics(metrics: MetricsRegistry, elector: { readonly isLeader: boolean }): void {
  metrics.collect(
    'leader_election_master_status',
    'Whether this process is the leader: 1 or 0.',
    ['name'],
    () => [[['overlay-network'], elector.isLeader ? 1 : 0]],
  );
}

/** Exports which databases are connected. */
export function connectionMetrics(
  metrics: MetricsRegistry,
  connected: Readonly<Record<'northbound' | 'southbound', () => boolean>>,
): void {
  metrics.collect(
    'overlay_network_ovn_connected',
    'Whether the operator is connected to an OVN database: 1 or 0.',
    ['database'],
    () =>
      Object.entries(connected).map(
        ([database, isConnected]) => [[database], Number(isConnected())] as const,
      ),
  );
}

/** Returns a function that measures the transactions of the Northbound database. */
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
    'Time from the start of a Northbound transaction until the replica has its changes.',
  );
  for (const result of ['ok', 'failed']) transactions.increment([result], 0);
  rows.increment([], 0);
  return (report) => {
    transactions.increment([report.ok ? 'ok' : 'failed']);
    if (report.ok) rows.increment([], report.rows);
    duration.observe(report.durationMs / 1000);
  };
}
