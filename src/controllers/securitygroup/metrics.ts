import type { MetricsRegistry } from '../../reconcile/index.ts';
import type { Stores } from '../common/env.ts';
import { countObjects, MAX_SERIES, topOf } from '../common/metrics.ts';

/** Registers the number of SecurityGroups and the Ports of the largest ones. */
export function securityGroupMetrics(metrics: MetricsRegistry, stores: Stores): void {
  countObjects(metrics, 'security_groups', 'SecurityGroup', () => stores.SecurityGroup);
  metrics.collect(
    'overlay_network_security_group_ports',
    `Ports of the ${MAX_SERIES} largest SecurityGroups.`,
    ['namespace', 'security_group'],
    () =>
      topOf(stores.SecurityGroup.values(), ({ status }) => status?.portCount ?? 0).map(
        ({ metadata: { namespace = '', name }, status }) =>
          [[namespace, name], status?.portCount ?? 0] as const,
      ),
  );
}
