import { endpointProblems, protectionOf, type Protection } from '../../config/endpoints.ts';
import { clusterName, flag, listen, oneOf, optional, Refusal, remotes } from '../../config/values.ts';
import type { LogLevel } from '../../process/log.ts';
import {
  ConfigError,
  describeSettings,
  setting,
  SettingReader,
  type ConfigSources,
  type EffectiveSetting,
} from '../../config/settings.ts';
import type { OpenVSwitchOptions } from './open-vswitch.ts';

/** Everything a person can set about the metadata agent. Frozen, complete and checked. */
export interface AgentConfig extends Protection {
  /** Path of a kubeconfig; undefined: $KUBECONFIG, ~/.kube/config, then the pod's service account. */
  readonly kubeconfig: string | undefined;
  /** OVSDB remote of the hypervisor's own Open vSwitch database. */
  readonly ovsEndpoint: string;
  /** OVSDB remotes of the Southbound database; undefined: those of ovn-controller, `external_ids:ovn-remote`. */
  readonly ovnSbEndpoint: string | undefined;
  /** The operator's `clusterName`: only ports with this mark are answered. */
  readonly clusterName: string;
  /** What the names of the agent's network namespaces begin with; another for each agent on a host. */
  readonly namespacePrefix: string;
  /** `host:port` or `:port` for metrics and health; `0`: not served. */
  readonly listenAddr: string;
  readonly logLevel: LogLevel;
}

/** A part of a file's name that is also fit for an argument of ip(8). */
const namePrefix = (value: string): string => {
  if (!/^[A-Za-z0-9][-A-Za-z0-9._]{0,99}$/.test(value))
    throw new Refusal('must be up to 100 letters, digits, dots, dashes and underscores');
  return value;
};

/** Every setting by its key in the file; those that the operator has too mean the same there. */
const settings = {
  kubeconfig: setting(
    optional,
    undefined,
    'path of a kubeconfig (default: $KUBECONFIG, ~/.kube/config, the pod)',
  ),
  ovsEndpoint: setting(
    remotes,
    'unix:/var/run/openvswitch/db.sock',
    "OVSDB remote of this host's Open vSwitch database",
  ),
  ovnSbEndpoint: setting<string | undefined>(
    remotes,
    undefined,
    'OVSDB remotes of the Southbound database (default: as ovn-controller has it)',
  ),
  allowPlaintext: setting(flag, false, 'permit tcp: remotes on other hosts'),
  'tls.ca': setting(optional, undefined, 'PEM file of the CA for ssl: remotes'),
  'tls.cert': setting(optional, undefined, 'PEM file of our certificate for ssl: remotes'),
  'tls.key': setting(optional, undefined, "PEM file of our certificate's key"),
  clusterName: setting(clusterName, 'default', "the operator's mark of rows in a shared database"),
  namespacePrefix: setting(namePrefix, 'overlay-metadata-', 'beginning of the names of network namespaces'),
  listenAddr: setting(listen, '127.0.0.1:8081', 'address of metrics and health, 0 for none'),
  logLevel: setting(oneOf<LogLevel>('error', 'warn', 'info', 'debug'), 'info', 'error, warn, info or debug'),
} as const;

/** The settings as a person meets them. */
export const agentSettings = describeSettings(settings);

/**
 * The configuration, and each setting with where it comes from, in the order of `agentSettings`.
 * @throws ConfigError that lists every problem at once.
 */
export function resolveAgentConfig(sources: ConfigSources = {}): {
  readonly config: AgentConfig;
  readonly settings: readonly EffectiveSetting[];
} {
  const reader = new SettingReader(settings, sources);
  const valueOf = <K extends keyof typeof settings>(key: K) => reader.valueOf(key);
  const config: AgentConfig = {
    kubeconfig: valueOf('kubeconfig'),
    ovsEndpoint: valueOf('ovsEndpoint'),
    ovnSbEndpoint: valueOf('ovnSbEndpoint'),
    allowPlaintext: valueOf('allowPlaintext'),
    tls: Object.freeze({ ca: valueOf('tls.ca'), cert: valueOf('tls.cert'), key: valueOf('tls.key') }),
    clusterName: valueOf('clusterName'),
    namespacePrefix: valueOf('namespacePrefix'),
    listenAddr: valueOf('listenAddr'),
    logLevel: valueOf('logLevel'),
  };
  const { ovsEndpoint, ovnSbEndpoint } = config;
  const problems = [...reader.problems, ...endpointProblems({ ovsEndpoint, ovnSbEndpoint }, config)];
  if (problems.length > 0) throw new ConfigError(problems);
  return { config: Object.freeze(config), settings: reader.effective() };
}

/** How the hypervisor's Open vSwitch is connected to. */
export const openVSwitchOptions = (config: AgentConfig): OpenVSwitchOptions => ({
  ...protectionOf(config),
  remotes: config.ovsEndpoint,
  mark: config.namespacePrefix,
});
