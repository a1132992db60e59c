import type { MetricsRegistry } from '../../reconcile/index.ts';
import type { Env, Stores } from '../common/env.ts';
import { programmedKinds } from './orphans.ts';

/** Most groups and Subnets that are told one by one: a series for each of thousands would cost more than it tells. */
const MOST = 50;

/** What happens too seldom to be seen in the objects: counted. */
export interface ControllerCounters {
  /** Rows of an object of this kind that somebody else had changed were put right. */
  driftRepaired(kind: string): void;
  /**
   * A sweep has removed the rows of so many objects that are gone. `left`, when it stopped since that was too much:
   * how many rows without an object there are whenever it is called.
   */
  swept(owners: number, left?: () => number): void;
}

/** Registers what is known of the networks; the values are those of the moment of a scrape, also on a standby. */
export function controllerMetrics(
  metrics: MetricsRegistry,
  { stores }: Pick<Env, 'stores'>,
): ControllerCounters {
  const each = (name: string, kind: string, store: () => Stores[keyof Stores]): void =>
    metrics.collect(`overlay_network_${name}_total`, `${kind} objects.`, [], () => [[[], store().size]]);
  each('vpcs', 'VPC', () => stores.vpcs);
  each('subnets', 'Subnet', () => stores.subnets);
  each('ports', 'Port', () => stores.ports);
  each('security_groups', 'SecurityGroup', () => stores.securityGroups);
  each('nat_rules', 'NatRule', () => stores.natRules);
  each('floating_ips', 'FloatingIP', () => stores.floatingIPs);
  metrics.collect('overlay_network_ip_allocations_total', 'Addresses in use in all Subnets.', [], () => [
    [[], sum(stores.subnets.values(), ({ status }) => status?.usedIPs)],
  ]);
  metrics.collect(
    'overlay_network_subnet_addresses',
    `Addresses of the ${MOST} Subnets with the fewest left, by state.`,
    ['namespace', 'subnet', 'state'],
    () =>
      topOf(stores.subnets.values(), ({ status }) => -(status?.availableIPs ?? Infinity)).flatMap(
        ({ metadata: { namespace = '', name }, status }) => [
          [[namespace, name, 'used'], status?.usedIPs ?? 0] as const,
          [[namespace, name, 'available'], status?.availableIPs ?? 0] as const,
        ],
      ),
  );
  metrics.collect(
    'overlay_network_security_group_ports',
    `Ports of the ${MOST} largest SecurityGroups.`,
    ['namespace', 'security_group'],
    () =>
      topOf(stores.securityGroups.values(), ({ status }) => status?.portCount ?? 0).map(
        ({ metadata: { namespace = '', name }, status }) =>
          [[namespace, name], status?.portCount ?? 0] as const,
      ),
  );
  metrics.collect(
    'overlay_network_external_addresses',
    'Addresses of ExternalNetworks, by state.',
    ['external_network', 'state'],
    () =>
      [...stores.externalNetworks.values()].flatMap(({ metadata: { name }, status }) => [
        [[name, 'used'], status?.usedIPs ?? 0] as const,
        [[name, 'available'], status?.availableIPs ?? 0] as const,
      ]),
  );
  const drift = metrics.counter(
    'overlay_network_drift_repaired_total',
    'Times that rows which somebody else had changed were put right.',
    ['kind'],
  );
  const removed = metrics.counter(
    'overlay_network_orphans_removed_total',
    'Objects that are gone whose rows a sweep has removed.',
  );
  const refused = metrics.counter(
    'overlay_network_orphan_sweeps_refused_total',
    'Sweeps that removed nothing, since it would have been too large a share of all rows.',
  );
  for (const kind of programmedKinds) drift.increment([kind], 0);
  removed.increment([], 0);
  refused.increment([], 0);
  let leftAlone: (() => number) | undefined;
  metrics.collect(
    'overlay_network_orphan_rows_left',
    'Rows without an object that the last sweep left alone, and that are still there.',
    [],
    () => {
      const rows = leftAlone?.() ?? 0;
      // Counting costs something: once there are none, no more are looked for.
      if (rows === 0) leftAlone = undefined;
      return [[[], rows]];
    },
  );
  return {
    driftRepaired: (kind) => drift.increment([kind]),
    swept: (owners, left) => {
      removed.increment([], owners);
      if (left !== undefined) refused.increment();
      leftAlone = left;
    },
  };
}

function sum<T>(items: Iterable<T>, value: (item: T) => number | undefined): number {
  let total = 0;
  for (const item of items) total += value(item) ?? 0;
  return total;
}

/** The items with the greatest measure, the greatest first. */
function topOf<T>(items: Iterable<T>, measure: (item: T) => number): T[] {
  return [...items].sort((a, b) => measure(b) - measure(a) || 0).slice(0, MOST);
}
