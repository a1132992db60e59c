import { protectionOf } from '../../config/endpoints.ts';
import { serveEndpoints } from '../../process/endpoints.ts';
import { type Logger, errorFields } from '../../base/index.ts';
import { fromKubeconfig, HealthRegistry, MetricsRegistry, RestClient } from '../../reconcile/index.ts';
import { Host } from './host.ts';
import { Keeper } from './keeper.ts';
import { OpenVSwitch, type HostIdentity } from './open-vswitch.ts';
import { MetadataService } from './service.ts';
import { LocalSouthbound } from './southbound.ts';
import { openVSwitchOptions, type AgentConfig } from './config.ts';

/** The running metadata agent of a hypervisor. */
export interface MetadataAgent {
  /** Resolves with the reason when the agent cannot go on as it began: the process should end, and be started anew. */
  readonly failed: Promise<string>;
  /** `host:port` of health and metrics; undefined when they are not served. */
  readonly address: string | undefined;
  /** Answers what was asked, and closes all connections. The namespaces stay for the next process. */
  stop(): Promise<void>;
}

/**
 * Starts the agent. Rejects when the kubeconfig or an address is of no use; databases and the API server are waited for
 * in the background, for as long as it takes.
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
  const keeper = new Keeper({
    host: new Host(config.namespacePrefix),
    vswitch,
    log,
    respond: async (subnetUID, address, request) => {
      const answer = await service.respond(subnetUID, address, request);
      requests.increment([String(answer.status)]);
      return answer;
    },
  });
  metrics.collect('overlay_network_metadata_networks', 'Networks that are served on this host.', [], () => [
    [[], keeper.serving],
  ]);

  /** What is not known is left as it is. */
  const update = (): void => {
    const networks = southbound?.networks;
    if (networks !== undefined && vswitch.isConnected) keeper.want(networks);
  };
  const observe = (): void => {
    const found = vswitch.identity();
    const remotes = config.ovnSbEndpoint ?? found?.southbound;
    if (found === undefined || remotes === undefined) return;
    if (identity !== undefined) {
      if (found.systemID !== identity.systemID || remotes !== identity.southbound)
        failure.resolve("this host's system-id or its Southbound database is another now");
      update();
      return;
    }
    identity = { systemID: found.systemID, southbound: remotes };
    try {
      southbound = new LocalSouthbound({
        ...protectionOf(config),
        remotes,
        chassis: found.systemID,
        cluster: config.clusterName,
        log,
      });
    } catch (error) {
      failure.resolve((error as Error).message);
      return;
    }
    southbound.onChange(update);
    southbound.start().catch((error: unknown) => log.debug('the start has ended', errorFields(error)));
  };
  const health = new HealthRegistry();
  const ready = new HealthRegistry();
  ready.add('open-vswitch', () =>
    !vswitch.isConnected
      ? 'not connected to Open vSwitch'
      : identity === undefined
        ? 'Open vSwitch has no external_ids:system-id, or no ovn-remote'
        : undefined,
  );
  ready.add('ovn-southbound', () => (southbound === undefined ? 'not connected' : southbound.problem));
  ready.add('networks', () =>
    keeper.failing.size === 0 ? undefined : `${keeper.failing.size} cannot be served: see the log`,
  );
  const endpoints =
    config.listenAddr === '0'
      ? undefined
      : await serveEndpoints(config.listenAddr, { health, ready, metrics });
  vswitch.onChange(observe);
  vswitch
    .start()
    .then(observe)
    .catch((error: unknown) => log.debug('the start has ended', errorFields(error)));

  return {
    failed: failure.promise,
    address: endpoints?.address,
    stop: async () => {
      await keeper.stop();
      await Promise.all([southbound?.stop(), vswitch.stop(), endpoints?.stop()]);
      client.close();
    },
  };
}
