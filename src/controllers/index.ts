import type {
  ExternalNetwork,
  FloatingIP,
  NatRule,
  Port,
  SecurityGroup,
  Subnet,
  TrafficPolicy,
  VPC,
  VPCPeering,
} from '../api/index.ts';
import type { ChassisDirectory, PortBindings, RowWriter } from '../ovn/index.ts';
import { Turn, realClock, scopedLog } from '../base/index.ts';
import { keyOf, type KubeObject, type Manager } from '../reconcile/index.ts';
import { announcing } from './common/announce.ts';
import { followDrift } from './upkeep/drift.ts';
import type { Env } from './common/env.ts';
import { addKinds } from './kinds.ts';
import { controllerMetrics, type ControllerCounters } from './upkeep/metrics.ts';
import { orphanedRows, sweepOrphans } from './upkeep/orphans.ts';
import { Pools } from './pools/pools.ts';
import { rebuildPools } from './upkeep/rebuild.ts';
import { RepairLog } from './upkeep/repair-log.ts';
import type { NetworkSettings } from './common/settings.ts';
import { TellingWriter } from './upkeep/reporting-writer.ts';

export { EVENT_CONTROLLER } from './common/announce.ts';
export { letAllGo } from './upkeep/release-finalizers.ts';
export { rehearse } from './upkeep/rehearsal.ts';
export { networkSettings, type NetworkSettings } from './common/settings.ts';

/** How soon a counter in status follows, at the latest. */
const COUNT_DELAY_MS = 500;

export interface ControllerOptions {
  readonly settings: NetworkSettings;
  /** Largest share of all rows (0–1) that one sweep of orphans may remove. */
  readonly sweepShareLimit: number;
  /** Where OVN has Ports up. */
  readonly bindings: PortBindings;
  /** Which hosts OVN has. */
  readonly chassis: ChassisDirectory;
}

/** The controllers of all kinds, added to a manager. */
export interface Controllers {
  /**
   * Rebuilds the pools and removes orphaned rows. To be called when all kinds are listed, the replica is complete
   * and writing is allowed, before the first reconcile. `signal` is aborted by a stop.
   */
  prepare(signal: AbortSignal): Promise<void>;
}

/** Adds all kinds with their controllers to the manager. `writer` is asked for only once reconciling begins. */
export function addControllers(
  manager: Manager,
  writer: () => RowWriter,
  options: ControllerOptions,
): Controllers {
  const pools = new Pools(options.settings, (kind, key) => manager.enqueue(kind, key));
  const log = scopedLog(manager.log);
  const env: Env = {
    stores: {
      get namespaces() {
        return manager.store<KubeObject>('Namespace');
      },
      get vpcs() {
        return manager.store<VPC>('VPC');
      },
      get subnets() {
        return manager.store<Subnet>('Subnet');
      },
      get ports() {
        return manager.store<Port>('Port');
      },
      get securityGroups() {
        return manager.store<SecurityGroup>('SecurityGroup');
      },
      get trafficPolicies() {
        return manager.store<TrafficPolicy>('TrafficPolicy');
      },
      get externalNetworks() {
        return manager.store<ExternalNetwork>('ExternalNetwork');
      },
      get floatingIPs() {
        return manager.store<FloatingIP>('FloatingIP');
      },
      get natRules() {
        return manager.store<NatRule>('NatRule');
      },
      get vpcPeerings() {
        return manager.store<VPCPeering>('VPCPeering');
      },
    },
    pools,
    settings: options.settings,
    writer: new TellingWriter(writer, {
      log,
      repairs: new RepairLog(log, Date.now),
      repaired: (kind) => counters.driftRepaired(kind),
    }),
    bindings: options.bindings,
    chassis: options.chassis,
    client: manager.client,
    status: announcing(manager.status, manager.events, log),
    finalizers: manager.finalizers,
    now: () => Date.now(),
    wake: (kind, key) => manager.enqueue(kind, key),
    wakeSoon: (kind, key) => manager.enqueueAfter(kind, key, COUNT_DELAY_MS),
  };
  const counters = controllerMetrics(manager.metrics, env);
  addKinds(env, (kind, reconciler) => manager.addKind(kind, reconciler));
  return { prepare: (signal) => prepare(env, manager, counters, options, signal) };
}

async function prepare(
  env: Env,
  manager: Manager,
  counters: ControllerCounters,
  { sweepShareLimit, bindings, chassis }: ControllerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { log } = manager;
  const conflicts = await new Turn(() => realClock.now()).run(rebuildPools(env));
  if (signal.aborted) return;
  for (const conflict of conflicts) {
    log.error('two objects are recorded with the same address or range', { ...conflict });
  }
  const sweep = async (): Promise<void> => {
    const { removed, refused } = await sweepOrphans(env, sweepShareLimit, log);
    counters.swept(removed.length, refused && (() => orphanedRows(env)));
  };
  // Before the first sweep: nobody else looks at rows that come during it and have no object.
  const stop = followDrift(env, {
    sweep,
    repair: (kind, key) => {
      manager.enqueue(kind, key, 'repair');
    },
    log,
  });
  const unsubscribe = bindings.onChange((logicalPort) => {
    const port = logicalPort === undefined ? undefined : env.stores.ports.byUid(logicalPort);
    if (logicalPort === undefined) for (const kind of ['Port', 'NatRule']) manager.resync(kind);
    else if (port !== undefined) {
      manager.enqueue('Port', keyOf(port), 'repair');
      // A floating IP is translated on the port's own host only while the port is up there.
      for (const key of env.stores.natRules.keysByIndex('port', keyOf(port))) {
        manager.enqueue('NatRule', key, 'repair');
      }
    }
  });
  const stopChassis = chassis.onChassisChange(() => {
    for (const kind of ['ExternalNetwork', 'NatRule']) manager.resync(kind);
  });
  manager.onStop('drift repair', () => {
    stop();
    unsubscribe();
    stopChassis();
    return Promise.resolve();
  });
  await sweep();
}
