import { ovsdbTimesOf, protectionOf } from '../../config/index.ts';
import { watchEventLoop } from '../../process/event-loop.ts';
import { serveEndpoints } from '../../process/endpoints.ts';
import { type Logger, errorFields } from '../../base/index.ts';
import { fromKubeconfig, HealthRegistry, MetricsRegistry, RestClient } from '../../reconcile/index.ts';
import { Host } from './host.ts';
import { NetworkReconciler } from './network-reconciler.ts';
import { OpenVSwitch, type HostIdentity } from './open-vswitch.ts';
import { MetadataService } from './service.ts';
import { LocalSouthbound } from './southbound.ts';
import { openVSwitchOptions, type AgentConfig } from './config.ts';

/** The running metadata agent of a hypervisor. */
interface MetadataAgent {
  /** Resolves with the reason when the agent must restart: end the process, and start the agent again. */
  readonly failed: Promise<string>;
  /** `host:port` of the health and metrics endpoints; undefined when they are disabled. */
  readonly address: string | undefined;
  /**
   * Completes the requests in progress and closes all connections. The network namespaces stay for the next process.
   */
  stop(): Promise<void>;
}

/**
 * Starts the agent. Rejects when the kubeconfig is invalid or the listen address is not available. Waits in the
 * background for the databases and the API server.
 */
export async function startMetadataAgent(config: AgentConfig, log: Logger): Promise<MetadataAgent> {
  const metrics = new MetricsRegistry();
  const requests = metrics.counter(
    'overlay_network_metadata_requests_total',
    'Requests to the metadata service.',
    ['code'],
  );
  const client = new RestClient(await fromKubeconfig(config.kubeconfig));
  const failure = Promise.withResolvers<string>();
  const vswitch = new OpenVSwitch({ ...openVSwitchOptions(config), log });
  let identity: HostIdentity | undefined;
  let southbound: LocalSouthbound | undefined;
  const service = new MetadataService({ client, log, networks: () => southbound?.networks });
  const reconciler = new NetworkReconciler({
    host: new Host(config.namespacePrefix),
    vswitch,
    log,
    rateLimit: { perSecond: config.requestsPerSecond, burst: config.requestBurst },
    onRefused: (subnetUid, address) => {
      requests.increment(['429']);
      service.reportRefused(subnetUid, address);
    },
    respond: async (subnetUid, address, request) => {
      const answer = await service.respond(subnetUid, address, request);
      requests.increment([String(answer.status)]);
      return answer;
    },
  });
  metrics.collect(
    'overlay_network_metadata_networks',
    'Networks with a metadata service on this host.',
    [],
    () => [[[], reconciler.servedCount]],
  );

  /** Keeps the current networks while Open vSwitch or the Southbound database is not connected. */
  const update = (): void => {
    const networks = southbound?.networks;
    if (networks !== undefined && vswitch.isConnected) reconciler.setDesired(networks);
  };
  const observe = (): void => {
    const found = vswitch.identity();
    const remotes = config.ovnSbEndpoint ?? found?.southbound;
    if (found === undefined || remotes === undefined) return;
    if (identity !== undefined) {
      if (found.systemId !== identity.systemId || remotes !== identity.southbound)
        failure.resolve('the system-id or the Southbound database of this host changed');
      update();
      return;
    }
    identity = { systemId: found.systemId, southbound: remotes };
    try {
      southbound = new LocalSouthbound({
        ...protectionOf(config),
        ...ovsdbTimesOf(config),
        remotes,
        chassis: found.systemId,
        cluster: config.clusterName,
        log,
      });
    } catch (error) {
      failure.resolve((error as Error).message);
      return;
    }
    southbound.onChange(update);
    southbound
      .start()
      .catch((error: unknown) =>
        log.debug('stopped before the Southbound database was read', errorFields(error)),
      );
  };
  const health = new HealthRegistry();
  const stopWatching = watchEventLoop(health);
  const ready = new HealthRegistry();
  ready.add('open-vswitch', () =>
    identity === undefined && vswitch.isConnected
      ? 'external_ids:system-id or external_ids:ovn-remote is missing in Open vSwitch'
      : vswitch.problem,
  );
  ready.add('ovn-southbound', () => (southbound === undefined ? 'not connected' : southbound.problem));
  ready.add('networks', () =>
    reconciler.failing.size === 0
      ? undefined
      : `${reconciler.failing.size} networks have no metadata service: see the log`,
  );
  const endpoints =
    config.listenAddr === '0'
      ? undefined
      : await serveEndpoints(config.listenAddr, { health, ready, metrics });
  vswitch.onChange(observe);
  vswitch
    .start()
    .then(observe)
    .catch((error: unknown) => log.debug('stopped before Open vSwitch was read', errorFields(error)));

  return {
    failed: failure.promise,
    address: endpoints?.address,
    stop: async () => {
      stopWatching();
      await reconciler.stop();
      await Promise.all([southbound?.stop(), vswitch.stop(), endpoints?.stop()]);
      client.close();
    },
  };
}
