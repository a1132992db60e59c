import type { MetricsRegistry } from '../../reconcile/index.ts';
import type { Stores } from '../common/env.ts';
import { countObjects, MAX_SERIES, topOf } from '../common/metrics.ts';

/** Registers the number of Subnets, the addresses in use, and the Subnets with the fewest available addresses. */
export function subnetMetrics(metrics: MetricsRegistry, stores: Stores): void {
  countObjects(metrics, 'subnets', 'Subnet', () => stores.Subnet);
  metrics.collect('overlay_network_ip_allocations_total', 'Addresses in use in all Subnets.', [], () => {
    let used = 0;
    for (const { status } of stores.Subnet.values()) used += status?.usedIPs ?? 0;
    return [[[], used]];
  });
  metrics.collect(
    'overlay_network_subnet_addresses',
    `Addresses of the ${MAX_SERIES} Subnets with the fewest available addresses, by state.`,
    ['namespace', 'subnet', 'state'],
    () =>
      topOf(stores.Subnet.values(), ({ status }) => -(status?.availableIPs ?? Infinity)).flatMap(
        ({ metadata: { namespace = '', name }, status }) => [
          [[namespace, name, 'used'], status?.usedIPs ?? 0] as const,
          [[namespace, name, 'available'], status?.availableIPs ?? 0] as const,
        ],
      ),
  );
}
