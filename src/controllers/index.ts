import { realClock, scopedLog, Turn } from '../base/index.ts';
import type { ChassisDirectory, HostProgress, PortBindings, RowClaims, RowWriter } from '../ovn/index.ts';
import type { KubeObject, Manager } from '../reconcile/index.ts';
import { likelyNames } from './common/missing-references.ts';
import { withReadyEvents } from './common/ready-events.ts';
import { UnresolvedWarnings } from './common/unresolved-warnings.ts';
import type { Env } from './common/env.ts';
import { KindReconciler } from './common/kind-reconciler.ts';
import { namespaceKind } from './common/namespace.ts';
import type { NetworkSettings } from './settings.ts';
import { isKind, kindNames, modules } from './kinds.ts';
import { Pools } from './pools/pools.ts';
import { followDrift } from './upkeep/drift.ts';
import { createEnv } from './upkeep/environment.ts';
import { followersOfChassis } from './upkeep/hosts.ts';
import { controllerMetrics, type ControllerCounters } from './upkeep/metrics.ts';
import { orphanedRows, rowClaims, sweepOrphans } from './upkeep/orphans.ts';
import { rebuildPools } from './upkeep/rebuild.ts';
import { RepairLog } from './upkeep/repair-log.ts';
import { ReportingWriter } from './upkeep/reporting-writer.ts';
import { Sweeper } from './upkeep/sweeper.ts';
import { storesFrom } from './upkeep/stores.ts';

export { EVENT_CONTROLLER } from './common/ready-events.ts';
export {
  networkAdminRule,
  operatorRules,
  tenantRules,
  uninstallRule,
  type PermissionRule,
} from './upkeep/permissions.ts';
export { releaseFinalizers } from './upkeep/release-finalizers.ts';
export { rehearse } from './upkeep/rehearsal.ts';
export { networkSettings, type NetworkSettings } from './settings.ts';
export { kindNames, modules } from './kinds.ts';

/** The longest delay before the operator updates a counter in a status. */
const COUNT_DELAY_MS = 500;

export interface ControllerOptions {
  readonly settings: NetworkSettings;
  /** The largest share of all rows (0 to 1) that one sweep of orphans may remove. */
  readonly sweepShareLimit: number;
  /** The hosts on which OVN reports Ports up. */
  readonly bindings: PortBindings;
  /** The hosts that OVN knows. */
  readonly chassis: ChassisDirectory;
  readonly hosts: HostProgress;
}

/** The controllers of all kinds after `addControllers` added them to a manager. */
export interface Controllers {
  /**
   * Rebuilds the pools and removes orphaned rows. Call this function before the first reconcile, when all kinds are
   * listed, the replica is complete and the operator may write. A stop of the operator aborts `signal`.
   */
  prepare(signal: AbortSignal): Promise<void>;
  /** Compares the present rows with the objects, when all kinds are listed and the replica is complete. */
  claims(): RowClaims;
}

/**
 * Adds all kinds with their controllers to the manager. The function `writer` is called only after reconciling began.
 */
export function addControllers(
  manager: Manager,
  writer: () => RowWriter,
  options: ControllerOptions,
): Controllers {
  const pools = new Pools(options.settings, (kind, key) => manager.enqueue(kind, key));
  const log = scopedLog(manager.log);
  const stores = storesFrom((kind) => manager.store(kind));
  const warnings = new UnresolvedWarnings({
    events: manager.events,
    clock: realClock,
    find: ({ kind, metadata }) => (isKind(kind) ? stores[kind].byUid(metadata.uid) : undefined),
    likelyNames: (object) =>
      isKind(object.kind) ? likelyNames(stores, modules[object.kind].kind, object) : [],
  });
  manager.onStop('the warnings about references', () => {
    warnings.stop();
    return Promise.resolve();
  });
  const env = createEnv({
    stores,
    pools,
    settings: options.settings,
    writer: new ReportingWriter(writer, {
      log,
      repairs: new RepairLog(log, Date.now),
      repaired: (kind) => counters.driftRepaired(kind),
    }),
    bindings: options.bindings,
    chassis: options.chassis,
    hosts: options.hosts,
    client: manager.client,
    status: warnings.observing(withReadyEvents(manager.status, manager.events, log)),
    finalizers: manager.finalizers,
    now: () => Date.now(),
    wake: (kind, key) => manager.enqueue(kind, key),
    wakeSoon: (kind, key) => manager.enqueueAfter(kind, key, COUNT_DELAY_MS),
  });
  const counters = controllerMetrics(manager.metrics, env);
  manager.addKind(namespaceKind);
  for (const name of kindNames) {
    manager.addKind<KubeObject>(modules[name].kind, new KindReconciler(env, modules[name]));
    manager.store(name).subscribe((change) => {
      if (change.type === 'deleted') warnings.forget(change.object);
    });
  }
  return {
    prepare: (signal) => prepare(env, manager, counters, options, signal),
    claims: () => rowClaims(env),
  };
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
    log.error('two objects have the same recorded address or range; delete one of them', { ...conflict });
  }
  const sweeper = new Sweeper({
    log,
    sweep: () =>
      counters.sweeping(
        () => orphanedRows(env),
        () => sweepOrphans(env, sweepShareLimit, log),
      ),
  });
  // The subscription comes before the first sweep, so that no row without an object that appears during the sweep is
  // missed.
  const stop = followDrift(env, {
    sweepSoon: () => sweeper.soon(),
    repair: (kind, key) => {
      manager.enqueue(kind, key, 'repair');
    },
  });
  const unsubscribe = bindings.onChange((logicalPort) => {
    const port = logicalPort === undefined ? undefined : env.stores.Port.byUid(logicalPort);
    for (const kind of kindNames) {
      const { followsPort } = modules[kind];
      if (followsPort === undefined) continue;
      if (logicalPort === undefined) manager.resync(kind);
      else if (port !== undefined)
        for (const key of followsPort(env.stores, port)) manager.enqueue(kind, key, 'repair');
    }
  });
  const stopChassis = chassis.onChassisChange((changed) => {
    for (const [kind, key] of followersOfChassis(env, changed)) manager.enqueue(kind, key, 'repair');
  });
  manager.onStop('drift repair', () => {
    stop();
    sweeper.stop();
    unsubscribe();
    stopChassis();
    return Promise.resolve();
  });
  await sweeper.run();
}
