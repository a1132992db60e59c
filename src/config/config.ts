import type { LogLevel } from '../process/log.ts';
import { endpointProblems, type Protection } from './endpoints.ts';
import {
  addresses,
  adoption,
  cidr,
  cidrs,
  clusterName,
  flag,
  integer,
  listen,
  oneOf,
  optional,
  remotes,
  seconds,
  share,
  text,
} from './values.ts';
import { hostLimitSettings, type HostLimits } from './host-limits.ts';
import { ovsdbSettings, type OvsdbTimes } from './ovsdb.ts';
import {
  ConfigError,
  describeSettings,
  setting,
  SettingReader,
  type ConfigSources,
  type EffectiveSetting,
} from './settings.ts';

/** All settings of the operator. The object is frozen, complete and validated: no other module needs a default. */
export interface Config extends Protection {
  /** Path of a kubeconfig; undefined: $KUBECONFIG, ~/.kube/config, then the pod's service account. */
  readonly kubeconfig: string | undefined;
  /** OVSDB remotes of the Northbound database, comma separated: `unix:/path`, `tcp:host:port`, `ssl:host:port`. */
  readonly ovnNbEndpoint: string;
  /** OVSDB remotes of the Southbound database, in the same form. */
  readonly ovnSbEndpoint: string;
  readonly ovsdb: OvsdbTimes;
  /** IPv4 CIDR from which a VPC without a CIDR gets its CIDR. */
  readonly cidrPool: string;
  /** IPv4 CIDRs that contain the ranges that VPCs may name, where no ProjectPolicy grants others. */
  readonly vpcRanges: readonly string[];
  /** Shortest prefix length of a VPC, where no ProjectPolicy sets another one. */
  readonly minVpcPrefixLength: number;
  /** Prefix length of an allocated VPC CIDR. */
  readonly vpcPrefixLength: number;
  /** Prefix length of an allocated Subnet CIDR. */
  readonly subnetPrefixLength: number;
  /** The mark of the operator's rows in a Northbound database that several clusters share. */
  readonly clusterName: string;
  /**
   * The UID of the Kubernetes cluster whose rows this cluster takes over, or `unrecorded` for rows whose cluster is not
   * recorded; undefined: none.
   */
  readonly adopt: string | undefined;
  /** The network between the hosts. The MTU of a Subnet is `mtu` (bytes) minus the overhead of the tunnel. */
  readonly underlay: { readonly tunnel: Tunnel; readonly mtu: number };
  /** DNS servers that DHCP announces in a Subnet that does not set DNS servers. */
  readonly dnsServers: readonly string[];
  /** Listen address of the metrics and health endpoints: `host:port` or `:port`; `0` disables the endpoints. */
  readonly listenAddr: string;
  /**
   * Who may read the metrics: `kubernetes` (users whom the API server allows `get` on the path /metrics) or `none` (every
   * client that can connect).
   */
  readonly metricsAuthentication: MetricsAuthentication;
  /** The leader election among the replicas. */
  readonly leaderElection: {
    readonly enabled: boolean;
    /** Namespace of the Lease. */
    readonly namespace: string;
    /** How long a standby waits after the last observed renewal, in seconds. */
    readonly leaseSeconds: number;
    /** A leader that cannot renew the Lease for this time stops, in seconds; shorter than `leaseSeconds`. */
    readonly renewSeconds: number;
    /** Time between two attempts to acquire or renew the Lease, in seconds; less than `renewSeconds` / 1.2. */
    readonly retrySeconds: number;
    /**
     * A leader that has no connection to the Northbound database for this time, in seconds, offers the Lease to a standby
     * that has one.
     */
    readonly offerSeconds: number;
  };
  /** Number of keys of one kind that are reconciled concurrently. */
  readonly workers: number;
  /**
   * Largest share (0–1) of the operator's rows that one orphan sweep may remove; a larger sweep stops and reports.
   */
  readonly sweepShareLimit: number;
  /** Limits that protect the flow tables of the hypervisors from a single tenant. */
  readonly limits: {
    /** Rules of a SecurityGroup or a TrafficPolicy, both directions together. */
    readonly rulesPerGroup: number;
    /** Flow matches that these rules expand to, without the members of remote groups. */
    readonly matchesPerGroup: number;
    /** SecurityGroups of a Port. */
    readonly groupsPerPort: number;
    /** TrafficPolicies of a Port. */
    readonly policiesPerPort: number;
    /** Flow matches of one TrafficPolicy, of all TrafficPolicies of a Port, and of all SecurityGroups of a Port. */
    readonly matchesPerPort: number;
  };
  readonly hostLimits: HostLimits;
  readonly logLevel: LogLevel;
}

type Tunnel = 'geneve' | 'vxlan';
type MetricsAuthentication = 'kubernetes' | 'none';

/** Every setting by its key in the file. The names of the flag and the variable are derived from the key. */
const settings = {
  kubeconfig: setting(
    optional,
    undefined,
    'kubeconfig file (default: $KUBECONFIG, ~/.kube/config, then the service account of the pod)',
  ),
  ovnNbEndpoint: setting(
    remotes,
    'unix:/var/run/ovn/ovnnb_db.sock',
    'OVSDB remotes of the Northbound database',
  ),
  ovnSbEndpoint: setting(
    remotes,
    'unix:/var/run/ovn/ovnsb_db.sock',
    'OVSDB remotes of the Southbound database',
  ),
  allowPlaintext: setting(flag, false, 'allow unencrypted tcp: remotes on other hosts'),
  'tls.ca': setting(optional, undefined, 'PEM file with the CA certificates for ssl: remotes'),
  'tls.cert': setting(optional, undefined, 'PEM file with the client certificate for ssl: remotes'),
  'tls.key': setting(optional, undefined, 'PEM file with the private key of the client certificate'),
  ...ovsdbSettings,
  cidrPool: setting(cidr, '10.0.0.0/8', 'IPv4 CIDR from which VPC CIDRs are allocated'),
  vpcRanges: setting(
    cidrs,
    ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'],
    'networks that contain the ranges that VPCs may name, comma-separated',
  ),
  minVpcPrefixLength: setting(integer(8, 30), 10, 'shortest prefix length of a VPC: the largest VPC'),
  vpcPrefixLength: setting(integer(8, 30), 16, 'prefix length of an allocated VPC CIDR'),
  subnetPrefixLength: setting(integer(8, 30), 24, 'prefix length of an allocated Subnet CIDR'),
  clusterName: setting(
    clusterName,
    'default',
    'mark of this cluster in a Northbound database that clusters share',
  ),
  adopt: setting(
    adoption,
    undefined,
    'take over the rows of this replaced Kubernetes cluster (UID of its namespace kube-system), or unrecorded rows',
  ),
  'underlay.tunnel': setting(
    oneOf<Tunnel>('geneve', 'vxlan'),
    'geneve',
    'tunnel protocol between hosts: geneve or vxlan',
  ),
  'underlay.mtu': setting(integer(576, 65535), 1500, 'MTU of the network between hosts, in bytes'),
  dnsServers: setting(addresses, [], 'DNS servers for Subnets without DNS servers, comma-separated'),
  listenAddr: setting(listen, ':8080', 'listen address of the metrics and health endpoints; 0 disables them'),
  metricsAuthentication: setting(
    oneOf<MetricsAuthentication>('kubernetes', 'none'),
    'kubernetes',
    'who may read the metrics: kubernetes (users with get on the path /metrics) or none (everyone)',
  ),
  'leaderElection.enabled': setting(flag, true, 'elect one leader among the replicas'),
  'leaderElection.namespace': setting(text, 'kube-system', 'namespace of the Lease'),
  'leaderElection.leaseSeconds': setting(
    integer(1, 3600),
    15,
    'a standby takes over after this time without a renewal',
  ),
  'leaderElection.renewSeconds': setting(
    integer(1, 3600),
    10,
    'a leader that cannot renew the Lease for this time stops',
  ),
  'leaderElection.retrySeconds': setting(
    seconds(0.1, 3600),
    2,
    'time between attempts to acquire or renew the Lease',
  ),
  'leaderElection.offerSeconds': setting(
    integer(1, 3600),
    20,
    'a leader without the Northbound database for this time offers the Lease to a connected standby',
  ),
  workers: setting(integer(1, 1024), 64, 'number of objects of one kind that are reconciled concurrently'),
  sweepShareLimit: setting(share, 0.2, 'largest share of rows that one orphan sweep may remove'),
  'limits.rulesPerGroup': setting(
    integer(1, 512),
    256,
    'maximum number of rules of a SecurityGroup or TrafficPolicy',
  ),
  'limits.matchesPerGroup': setting(
    integer(1, 1_000_000),
    4096,
    'maximum number of flow matches of a SecurityGroup or TrafficPolicy',
  ),
  'limits.groupsPerPort': setting(integer(1, 32), 16, 'maximum number of SecurityGroups of a Port'),
  'limits.policiesPerPort': setting(integer(1, 128), 32, 'maximum number of TrafficPolicies of a Port'),
  'limits.matchesPerPort': setting(
    integer(64, 1_000_000),
    16_384,
    'maximum number of flow matches of all SecurityGroups of a Port, and of all its TrafficPolicies',
  ),
  ...hostLimitSettings,
  logLevel: setting(
    oneOf<LogLevel>('error', 'warn', 'info', 'debug'),
    'info',
    'least severe log level: error, warn, info or debug',
  ),
} as const;

/** The settings with their options, variables, defaults and help texts. */
export const configSettings = describeSettings(settings);

/**
 * Reads the file, the environment and the flags into one Config.
 *
 * @throws ConfigError that lists all problems
 */
export function loadConfig(sources: ConfigSources = {}): Config {
  return resolveConfig(sources).config;
}

/**
 * Returns the Config, and each setting with its source in the order of `configSettings`.
 *
 * @throws ConfigError that lists all problems
 */
export function resolveConfig(sources: ConfigSources = {}): {
  readonly config: Config;
  readonly settings: readonly EffectiveSetting[];
  /** Sentences about variables without effect. */
  readonly warnings: readonly string[];
} {
  const reader = new SettingReader(settings, sources);
  const valueOf = <K extends keyof typeof settings>(key: K) => reader.valueOf(key);
  // The properties are written out so that the compiler checks the table and the interface against each other.
  const config: Config = {
    kubeconfig: valueOf('kubeconfig'),
    ovnNbEndpoint: valueOf('ovnNbEndpoint'),
    ovnSbEndpoint: valueOf('ovnSbEndpoint'),
    allowPlaintext: valueOf('allowPlaintext'),
    tls: Object.freeze({ ca: valueOf('tls.ca'), cert: valueOf('tls.cert'), key: valueOf('tls.key') }),
    ovsdb: Object.freeze({
      probeSeconds: valueOf('ovsdb.probeSeconds'),
      dumpSeconds: valueOf('ovsdb.dumpSeconds'),
      transactionSeconds: valueOf('ovsdb.transactionSeconds'),
    }),
    cidrPool: valueOf('cidrPool'),
    vpcRanges: Object.freeze(valueOf('vpcRanges')),
    minVpcPrefixLength: valueOf('minVpcPrefixLength'),
    vpcPrefixLength: valueOf('vpcPrefixLength'),
    subnetPrefixLength: valueOf('subnetPrefixLength'),
    clusterName: valueOf('clusterName'),
    adopt: valueOf('adopt'),
    underlay: Object.freeze({ tunnel: valueOf('underlay.tunnel'), mtu: valueOf('underlay.mtu') }),
    dnsServers: Object.freeze(valueOf('dnsServers')),
    listenAddr: valueOf('listenAddr'),
    metricsAuthentication: valueOf('metricsAuthentication'),
    leaderElection: Object.freeze({
      enabled: valueOf('leaderElection.enabled'),
      namespace: valueOf('leaderElection.namespace'),
      leaseSeconds: valueOf('leaderElection.leaseSeconds'),
      renewSeconds: valueOf('leaderElection.renewSeconds'),
      retrySeconds: valueOf('leaderElection.retrySeconds'),
      offerSeconds: valueOf('leaderElection.offerSeconds'),
    }),
    workers: valueOf('workers'),
    sweepShareLimit: valueOf('sweepShareLimit'),
    limits: Object.freeze({
      rulesPerGroup: valueOf('limits.rulesPerGroup'),
      matchesPerGroup: valueOf('limits.matchesPerGroup'),
      groupsPerPort: valueOf('limits.groupsPerPort'),
      policiesPerPort: valueOf('limits.policiesPerPort'),
      matchesPerPort: valueOf('limits.matchesPerPort'),
    }),
    hostLimits: Object.freeze({
      neighboursPerSecond: valueOf('hostLimits.neighboursPerSecond'),
      resolutionsPerSecond: valueOf('hostLimits.resolutionsPerSecond'),
      repliesPerSecond: valueOf('hostLimits.repliesPerSecond'),
      dhcpPerSecond: valueOf('hostLimits.dhcpPerSecond'),
      broadcastKbps: valueOf('hostLimits.broadcastKbps'),
      connectionsPerPort: valueOf('hostLimits.connectionsPerPort'),
      connectionsPerRouter: valueOf('hostLimits.connectionsPerRouter'),
    }),
    logLevel: valueOf('logLevel'),
  };
  const problems = [...reader.problems, ...conflicts(config)];
  if (problems.length > 0) throw new ConfigError(problems);
  return { config: Object.freeze(config), settings: reader.effective(), warnings: reader.warnings() };
}

/** Returns the conflicts between settings that are valid by themselves. */
function conflicts(config: Config): string[] {
  const found: string[] = [];
  const poolLength = Number(config.cidrPool.split('/')[1]);
  if (config.vpcPrefixLength < poolLength)
    found.push(
      `vpcPrefixLength /${config.vpcPrefixLength} does not fit into cidrPool ${config.cidrPool}: use a longer prefix or a larger pool`,
    );
  if (config.vpcPrefixLength < config.minVpcPrefixLength)
    found.push(
      `vpcPrefixLength /${config.vpcPrefixLength} is shorter than minVpcPrefixLength /${config.minVpcPrefixLength}: use a longer prefix, or allow larger VPCs`,
    );
  if (config.subnetPrefixLength < config.vpcPrefixLength)
    found.push(
      `subnetPrefixLength /${config.subnetPrefixLength} does not fit into a VPC of /${config.vpcPrefixLength}: use a longer prefix`,
    );

  const { leaseSeconds, renewSeconds, retrySeconds } = config.leaderElection;
  if (leaseSeconds <= renewSeconds || renewSeconds <= 1.2 * retrySeconds)
    found.push(
      `leaderElection requires leaseSeconds > renewSeconds > 1.2 × retrySeconds; the values are ${leaseSeconds}, ${renewSeconds} and ${retrySeconds}`,
    );

  const { ovnNbEndpoint, ovnSbEndpoint } = config;
  return [...found, ...endpointProblems({ ovnNbEndpoint, ovnSbEndpoint }, config)];
}
