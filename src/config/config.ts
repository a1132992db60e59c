import type { LogLevel } from '../process/log.ts';
import { endpointProblems, type Protection } from './endpoints.ts';
import {
  addresses,
  cidr,
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
import {
  ConfigError,
  describeSettings,
  setting,
  SettingReader,
  type ConfigSources,
  type EffectiveSetting,
} from './settings.ts';

export { ConfigError, type ConfigSources } from './settings.ts';

/** Everything a person can set about the operator. Frozen, complete and checked: nothing downstream needs a default. */
export interface Config extends Protection {
  /** Path of a kubeconfig; undefined: $KUBECONFIG, ~/.kube/config, then the pod's service account. */
  readonly kubeconfig: string | undefined;
  /** OVSDB remotes of the Northbound database, comma separated: `unix:/path`, `tcp:host:port`, `ssl:host:port`. */
  readonly ovnNbEndpoint: string;
  /** OVSDB remotes of the Southbound database, in the same form. */
  readonly ovnSbEndpoint: string;
  /** IPv4 CIDR out of which a VPC without a CIDR gets one. */
  readonly cidrPool: string;
  /** Prefix length of an allocated VPC CIDR. */
  readonly vpcPrefixLength: number;
  /** Prefix length of an allocated Subnet CIDR. */
  readonly subnetPrefixLength: number;
  /** The mark of our rows in a Northbound database that several clusters share. */
  readonly clusterName: string;
  /** What carries the packets between hosts; the MTU of a Subnet is `mtu` (bytes) less the tunnel's overhead. */
  readonly underlay: { readonly tunnel: Tunnel; readonly mtu: number };
  /** DNS servers that machines are told of in a Subnet that names none. */
  readonly dnsServers: readonly string[];
  /** `host:port` or `:port` for metrics and health; `0`: not served. */
  readonly listenAddr: string;
  /** Whether replicas elect a leader, and the namespace of the Lease they use. */
  readonly leaderElection: {
    readonly enabled: boolean;
    readonly namespace: string;
    /** How long a standby waits after the leader's last sign of life, in seconds. */
    readonly leaseSeconds: number;
    /** A leader that could not renew for so long gives up; shorter than `leaseSeconds`. */
    readonly renewSeconds: number;
    /** Between two tries to take or renew the Lease; less than `renewSeconds` / 1.2. */
    readonly retrySeconds: number;
  };
  /** How many keys of one kind are reconciled at the same time. */
  readonly workers: number;
  /** Largest share (0–1) of our rows that one sweep of orphans may remove; a larger sweep stops and reports. */
  readonly sweepShareLimit: number;
  /** What one tenant may ask of every hypervisor's flow tables. */
  readonly limits: {
    /** Rules of a SecurityGroup, or of a TrafficPolicy, in both directions together. */
    readonly rulesPerGroup: number;
    /** Flow matches that those rules come to, without the members of remote groups. */
    readonly matchesPerGroup: number;
    /** SecurityGroups of a Port. */
    readonly groupsPerPort: number;
  };
  readonly logLevel: LogLevel;
}

export type Tunnel = 'geneve' | 'vxlan';

/** Every setting by its key in the file; its flag and its variable follow from the key. */
const settings = {
  kubeconfig: setting(
    optional,
    undefined,
    'path of a kubeconfig (default: $KUBECONFIG, ~/.kube/config, the pod)',
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
  allowPlaintext: setting(flag, false, 'permit tcp: remotes on other hosts'),
  'tls.ca': setting(optional, undefined, 'PEM file of the CA for ssl: remotes'),
  'tls.cert': setting(optional, undefined, 'PEM file of our certificate for ssl: remotes'),
  'tls.key': setting(optional, undefined, "PEM file of our certificate's key"),
  cidrPool: setting(cidr, '10.0.0.0/8', 'IPv4 CIDR out of which VPCs get theirs'),
  vpcPrefixLength: setting(integer(8, 30), 16, 'prefix length of an allocated VPC CIDR'),
  subnetPrefixLength: setting(integer(8, 30), 24, 'prefix length of an allocated Subnet CIDR'),
  clusterName: setting(clusterName, 'default', 'mark of our rows in a shared Northbound database'),
  'underlay.tunnel': setting(oneOf<Tunnel>('geneve', 'vxlan'), 'geneve', 'geneve or vxlan'),
  'underlay.mtu': setting(integer(576, 65535), 1500, 'MTU between hosts, in bytes'),
  dnsServers: setting(addresses, [], 'DNS servers of Subnets that name none, comma separated'),
  listenAddr: setting(listen, ':8080', 'address of metrics and health, 0 for none'),
  'leaderElection.enabled': setting(flag, true, 'elect one leader among the replicas'),
  'leaderElection.namespace': setting(text, 'kube-system', 'namespace of the Lease'),
  'leaderElection.leaseSeconds': setting(integer(1, 3600), 15, 'how long a silent leader is waited for'),
  'leaderElection.renewSeconds': setting(integer(1, 3600), 10, 'a leader that cannot renew so long gives up'),
  'leaderElection.retrySeconds': setting(seconds(0.1, 3600), 2, 'between tries to take or renew the Lease'),
  workers: setting(integer(1, 1024), 64, 'keys of one kind reconciled at the same time'),
  sweepShareLimit: setting(share, 0.2, 'largest share of rows one orphan sweep may remove'),
  'limits.rulesPerGroup': setting(integer(1, 512), 256, 'rules of a security group or policy'),
  'limits.matchesPerGroup': setting(
    integer(1, 1_000_000),
    4096,
    'flow matches that the rules of a group or policy may come to',
  ),
  'limits.groupsPerPort': setting(integer(1, 32), 16, 'security groups of a port'),
  logLevel: setting(oneOf<LogLevel>('error', 'warn', 'info', 'debug'), 'info', 'error, warn, info or debug'),
} as const;

/** The settings as a person meets them. */
export const configSettings = describeSettings(settings);

/** Reads file, environment and flags into one Config. @throws ConfigError that lists every problem at once. */
export function loadConfig(sources: ConfigSources = {}): Config {
  return resolveConfig(sources).config;
}

/** The Config, and each setting with where it comes from, in the order of `configSettings`. @throws ConfigError */
export function resolveConfig(sources: ConfigSources = {}): {
  readonly config: Config;
  readonly settings: readonly EffectiveSetting[];
} {
  const reader = new SettingReader(settings, sources);
  const valueOf = <K extends keyof typeof settings>(key: K) => reader.valueOf(key);
  // Written out once, so that the compiler checks table and interface against each other.
  const config: Config = {
    kubeconfig: valueOf('kubeconfig'),
    ovnNbEndpoint: valueOf('ovnNbEndpoint'),
    ovnSbEndpoint: valueOf('ovnSbEndpoint'),
    allowPlaintext: valueOf('allowPlaintext'),
    tls: Object.freeze({ ca: valueOf('tls.ca'), cert: valueOf('tls.cert'), key: valueOf('tls.key') }),
    cidrPool: valueOf('cidrPool'),
    vpcPrefixLength: valueOf('vpcPrefixLength'),
    subnetPrefixLength: valueOf('subnetPrefixLength'),
    clusterName: valueOf('clusterName'),
    underlay: Object.freeze({ tunnel: valueOf('underlay.tunnel'), mtu: valueOf('underlay.mtu') }),
    dnsServers: Object.freeze(valueOf('dnsServers')),
    listenAddr: valueOf('listenAddr'),
    leaderElection: Object.freeze({
      enabled: valueOf('leaderElection.enabled'),
      namespace: valueOf('leaderElection.namespace'),
      leaseSeconds: valueOf('leaderElection.leaseSeconds'),
      renewSeconds: valueOf('leaderElection.renewSeconds'),
      retrySeconds: valueOf('leaderElection.retrySeconds'),
    }),
    workers: valueOf('workers'),
    sweepShareLimit: valueOf('sweepShareLimit'),
    limits: Object.freeze({
      rulesPerGroup: valueOf('limits.rulesPerGroup'),
      matchesPerGroup: valueOf('limits.matchesPerGroup'),
      groupsPerPort: valueOf('limits.groupsPerPort'),
    }),
    logLevel: valueOf('logLevel'),
  };
  const problems = [...reader.problems, ...contradictions(config)];
  if (problems.length > 0) throw new ConfigError(problems);
  return { config: Object.freeze(config), settings: reader.effective() };
}

/** What is wrong between settings that are each well-formed. */
function contradictions(config: Config): string[] {
  const found: string[] = [];
  const poolLength = Number(config.cidrPool.split('/')[1]);
  if (config.vpcPrefixLength < poolLength)
    found.push(
      `vpcPrefixLength ${config.vpcPrefixLength} is larger than the whole cidrPool ${config.cidrPool}`,
    );
  if (config.subnetPrefixLength < config.vpcPrefixLength)
    found.push(
      `subnetPrefixLength ${config.subnetPrefixLength} does not fit into a VPC of /${config.vpcPrefixLength}`,
    );

  const { leaseSeconds, renewSeconds, retrySeconds } = config.leaderElection;
  if (leaseSeconds <= renewSeconds || renewSeconds <= 1.2 * retrySeconds)
    found.push(
      `leaderElection needs leaseSeconds > renewSeconds > 1.2 × retrySeconds, not ${leaseSeconds}, ${renewSeconds} and ${retrySeconds}`,
    );

  const { ovnNbEndpoint, ovnSbEndpoint } = config;
  return [...found, ...endpointProblems({ ovnNbEndpoint, ovnSbEndpoint }, config)];
}
