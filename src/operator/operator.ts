import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { candidate, leaseClient } from './candidate.ts';
import { ovsdbTimesOf, protectionOf, type Config } from '../config/index.ts';
import { addControllers, EVENT_CONTROLLER, networkSettings } from '../controllers/index.ts';
import { serveEndpoints, type Endpoints } from '../process/endpoints.ts';
import { connectNorthbound, hostProgress, Southbound, type Northbound } from '../ovn/index.ts';
import { type Logger, errorFields, realClock, sleep } from '../base/index.ts';
import {
  BoundClient,
  EventRecorder,
  fromKubeconfig,
  type KubeClient,
  Manager,
  MetricsRegistry,
  RestClient,
} from '../reconcile/index.ts';
import { clientMetrics, connectionMetrics, leaderMetrics, transactionMetrics } from './metrics.ts';
import { takeover } from './takeover.ts';
import { watchEventLoop } from '../process/event-loop.ts';
import { kubernetesAccess } from '../process/metrics-access.ts';
import { processMetrics } from '../process/metrics.ts';
import { version } from '../process/version.ts';

/** The running operator. */
export interface Operator {
  /** Resolves when the controllers run; rejects when the start fails. A standby waits until it becomes the leader. */
  readonly ready: Promise<void>;
  /**
   * Resolves with the reason when the operator cannot continue, for example when it lost the Lease: end the process.
   */
  readonly failed: Promise<string>;
  /** `host:port` of the health and metrics endpoints; undefined when they are disabled. */
  readonly address: string | undefined;
  /** Completes or cancels the reconciles in progress, releases the Lease, and closes all connections. */
  stop(): Promise<void>;
}

/** Timeouts that are not settings. Tests shorten them. */
export interface OperatorTimings {
  /** How long a stop waits for the reconciles in progress, in ms. */
  readonly graceMs?: number;
  /** How long writes wait for a lost Northbound database before they fail, in ms. */
  readonly reconnectDeadlineMs?: number;
}

/** How long the start waits for a Southbound database that neither answers nor refuses the connection, in ms. */
const SOUTHBOUND_WAIT_MS = 1000;

/**
 * Starts the operator. Rejects when the kubeconfig is invalid or the listen address is not available. Waits in the
 * background for the API server and the databases.
 */
export async function startOperator(
  config: Config,
  log: Logger,
  { graceMs, reconnectDeadlineMs }: OperatorTimings = {},
): Promise<Operator> {
  const metrics = new MetricsRegistry();
  const failure = Promise.withResolvers<string>();
  const source = await fromKubeconfig(config.kubeconfig);
  const measured = { onRequest: clientMetrics(metrics) };
  const client = new BoundClient(new RestClient(source, measured), (error) => failure.resolve(error.message));
  let northbound: Northbound | undefined;
  const isNorthboundConnected = (): boolean => northbound?.client.connected === true;
  const identity = `${hostname()}_${randomUUID()}`;
  const ofLease = leaseClient(source, client, measured);
  const elector = candidate(config, ofLease, {
    identity,
    onLost: failure.resolve,
    log,
    isAble: isNorthboundConnected,
  });
  const manager = new Manager({
    client,
    log,
    metrics,
    events: new EventRecorder({ client, controller: EVENT_CONTROLLER, instance: identity, log }),
    workers: config.workers,
    ...(graceMs !== undefined && { graceMs }),
    ...(elector && { elector }),
  });

  if (elector !== undefined) {
    leaderMetrics(metrics, elector);
    manager.ready.add('lease', () => elector.problem);
  }

  let northboundProblem = (): string | undefined => 'not connected';
  const connected = (): Northbound => {
    if (northbound === undefined) throw new Error('the Northbound database is not connected yet');
    return northbound;
  };
  const ovsdb = { ...protectionOf(config), ...ovsdbTimesOf(config), log };
  const southbound = new Southbound({ ...ovsdb, remotes: config.ovnSbEndpoint });
  const controllers = addControllers(manager, () => connected().applier, {
    settings: networkSettings(config),
    sweepShareLimit: config.sweepShareLimit,
    bindings: southbound,
    chassis: southbound,
    hosts: hostProgress(() => connected().applier, southbound),
  });
  manager.duringSync('connecting to the Northbound database', async (signal) => {
    northbound = await connectNorthbound({
      ...ovsdb,
      remotes: config.ovnNbEndpoint,
      cluster: config.clusterName,
      identity,
      ...(reconnectDeadlineMs !== undefined && { reconnectDeadlineMs }),
      signal,
      onClient: (nb) => (northboundProblem = () => nb.problem),
      onTransaction: transactionMetrics(metrics),
      onFenced: async ({ reason, epoch, message }) => {
        log.warn('the Northbound database no longer accepts the epoch of this operator', { reason, epoch });
        if (reason === 'lost' && (await elector?.confirm()) !== false) return 'retake';
        failure.resolve(
          reason === 'lost'
            ? 'this operator does not hold the Lease'
            : (message ?? 'another operator writes to the Northbound database'),
        );
        return 'stop';
      },
    });
  });
  manager.duringSync('connecting to the Southbound database', async (signal) => {
    const known = southbound.start().catch((error: unknown) => {
      if (!signal.aborted) log.error('cannot follow the Southbound database', errorFields(error));
    });
    // With the bindings, one reconcile of each Port is enough. Without an answer the start continues: bindings keep
    // their state, and objects that need the Southbound database report it in their conditions.
    const giveUp = new AbortController();
    await Promise.race([known, southbound.unreachable, sleep(realClock, SOUTHBOUND_WAIT_MS, giveUp.signal)]);
    giveUp.abort();
  });
  connectionMetrics(metrics, {
    northbound: isNorthboundConnected,
    southbound: () => southbound.isConnected,
  });
  manager.ready.add('ovn-northbound', () => northboundProblem());
  manager.ready.add('ovn-southbound', () => southbound.problem);
  const takeOver = takeover({
    home: async () => ({
      uid: await client.identify(),
      adopt: config.adopt,
      maxOrphanShare: config.sweepShareLimit,
      claims: () => controllers.claims(),
    }),
    northbound: connected,
    ready: manager.ready,
    metrics,
    log,
  });
  manager.beforeStart('taking over the Northbound database', takeOver);
  manager.beforeStart('rebuilding the pools', (signal) => controllers.prepare(signal));
  const stopMeasuring = processMetrics(metrics, version());
  const stopWatching = watchEventLoop(manager.health);
  manager.onStop('the Northbound database', async () => northbound?.stop());
  manager.onStop('the Southbound database', () => southbound.stop());

  const endpoints = await serve(config, manager, client, log);
  const ready = manager.start();
  ready.then(
    () => log.info('ready'),
    (error: unknown) => log.error('the start failed', errorFields(error)),
  );
  return {
    ready,
    failed: failure.promise,
    address: endpoints?.address,
    stop: async () => {
      await manager.stop();
      ofLease.close();
      stopMeasuring();
      stopWatching();
      await endpoints?.stop();
    },
  };
}

function serve(
  { listenAddr, metricsAuthentication }: Config,
  { health, ready, metrics }: Manager,
  client: KubeClient,
  log: Logger,
): Promise<Endpoints> | undefined {
  if (listenAddr === '0') return undefined;
  const served = { health, ready, metrics };
  const isOpen = metricsAuthentication === 'none';
  return serveEndpoints(
    listenAddr,
    isOpen ? served : { ...served, metricsAccess: kubernetesAccess(client, log) },
  );
}
