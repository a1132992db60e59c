import {
  clusterName,
  ConfigError,
  describeSettings,
  endpointProblems,
  flag,
  integer,
  InvalidValueError,
  listen,
  oneOf,
  optional,
  ovsdbSettings,
  ovsdbTimesOf,
  protectionOf,
  remotes,
  setting,
  SettingReader,
  type ConfigSources,
  type EffectiveSetting,
  type OvsdbTimes,
  type Protection,
} from '../../config/index.ts';
import type { LogLevel } from '../../process/log.ts';
import type { OpenVSwitchOptions } from './open-vswitch.ts';

/** All settings of the metadata agent. The object is frozen, complete and validated. */
export interface AgentConfig extends Protection {
  /** Path of a kubeconfig; undefined: $KUBECONFIG, ~/.kube/config, then the pod's service account. */
  readonly kubeconfig: string | undefined;
  /** OVSDB remote of the Open vSwitch database on this hypervisor. */
  readonly ovsEndpoint: string;
  /** OVSDB remotes of the Southbound database; undefined: `external_ids:ovn-remote` of ovn-controller. */
  readonly ovnSbEndpoint: string | undefined;
  readonly ovsdb: Omit<OvsdbTimes, 'transactionSeconds'>;
  /** The operator's `clusterName`: the agent serves only ports with this mark. */
  readonly clusterName: string;
  /** Prefix of the agent's network namespaces. Each agent on a host needs its own prefix. */
  readonly namespacePrefix: string;
  /** Listen address of the metrics and health endpoints: `host:port` or `:port`; `0` disables the endpoints. */
  readonly listenAddr: string;
  /** Requests per second of one VM. */
  readonly requestsPerSecond: number;
  /** Requests that one VM may send at once. */
  readonly requestBurst: number;
  readonly logLevel: LogLevel;
}

/** Accepts text that is valid in a file name and as an argument of ip(8). */
const namePrefix = (value: string): string => {
  if (!/^[A-Za-z0-9][-A-Za-z0-9._]{0,99}$/.test(value))
    throw new InvalidValueError(
      "must have at most 100 letters, digits, '.', '_' and '-', and start with a letter or digit",
    );
  return value;
};

/** Every setting by its key in the file. A setting that the operator also has means the same there. */
const settings = {
  kubeconfig: setting(
    optional,
    undefined,
    'kubeconfig file (default: $KUBECONFIG, ~/.kube/config, then the service account of the pod)',
  ),
  ovsEndpoint: setting(
    remotes,
    'unix:/var/run/openvswitch/db.sock',
    'OVSDB remote of the Open vSwitch database on this host',
  ),
  ovnSbEndpoint: setting<string | undefined>(
    remotes,
    undefined,
    'OVSDB remotes of the Southbound database (default: external_ids:ovn-remote in Open vSwitch)',
  ),
  allowPlaintext: setting(flag, false, 'allow unencrypted tcp: remotes on other hosts'),
  'tls.ca': setting(optional, undefined, 'PEM file with the CA certificates for ssl: remotes'),
  'tls.cert': setting(optional, undefined, 'PEM file with the client certificate for ssl: remotes'),
  'tls.key': setting(optional, undefined, 'PEM file with the private key of the client certificate'),
  'ovsdb.probeSeconds': ovsdbSettings['ovsdb.probeSeconds'],
  'ovsdb.dumpSeconds': ovsdbSettings['ovsdb.dumpSeconds'],
  clusterName: setting(clusterName, 'default', 'clusterName of the operator'),
  namespacePrefix: setting(namePrefix, 'overlay-metadata-', 'prefix of the names of the network namespaces'),
  listenAddr: setting(
    listen,
    '127.0.0.1:8081',
    'listen address of the metrics and health endpoints; 0 disables them',
  ),
  requestsPerSecond: setting(
    integer(1, 100_000),
    50,
    'requests per second of one VM; further requests get the status 429',
  ),
  requestBurst: setting(integer(1, 100_000), 300, 'requests that one VM may send at once after a pause'),
  logLevel: setting(
    oneOf<LogLevel>('error', 'warn', 'info', 'debug'),
    'info',
    'least severe log level: error, warn, info or debug',
  ),
} as const;

/** The settings with their options, variables, defaults and help texts. */
export const agentSettings = describeSettings(settings);

/**
 * Returns the configuration, and each setting with its source in the order of `agentSettings`.
 *
 * @throws ConfigError that lists all problems
 */
export function resolveAgentConfig(sources: ConfigSources = {}): {
  readonly config: AgentConfig;
  readonly settings: readonly EffectiveSetting[];
  readonly warnings: readonly string[];
} {
  const reader = new SettingReader(settings, sources);
  const valueOf = <K extends keyof typeof settings>(key: K) => reader.valueOf(key);
  const config: AgentConfig = {
    kubeconfig: valueOf('kubeconfig'),
    ovsEndpoint: valueOf('ovsEndpoint'),
    ovnSbEndpoint: valueOf('ovnSbEndpoint'),
    allowPlaintext: valueOf('allowPlaintext'),
    tls: Object.freeze({ ca: valueOf('tls.ca'), cert: valueOf('tls.cert'), key: valueOf('tls.key') }),
    ovsdb: Object.freeze({
      probeSeconds: valueOf('ovsdb.probeSeconds'),
      dumpSeconds: valueOf('ovsdb.dumpSeconds'),
    }),
    clusterName: valueOf('clusterName'),
    namespacePrefix: valueOf('namespacePrefix'),
    listenAddr: valueOf('listenAddr'),
    requestsPerSecond: valueOf('requestsPerSecond'),
    requestBurst: valueOf('requestBurst'),
    logLevel: valueOf('logLevel'),
  };
  const { ovsEndpoint, ovnSbEndpoint } = config;
  const problems = [...reader.problems, ...endpointProblems({ ovsEndpoint, ovnSbEndpoint }, config)];
  if (problems.length > 0) throw new ConfigError(problems);
  return { config: Object.freeze(config), settings: reader.effective(), warnings: reader.warnings() };
}

/** Returns the options for the connection to the Open vSwitch of this hypervisor. */
export const openVSwitchOptions = (config: AgentConfig): OpenVSwitchOptions => ({
  ...protectionOf(config),
  ...ovsdbTimesOf(config),
  remotes: config.ovsEndpoint,
  mark: config.namespacePrefix,
});
