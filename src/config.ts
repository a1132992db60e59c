import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import type { Parser } from './config-values.ts';
import {
  addresses,
  Refusal,
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
} from './config-values.ts';

/** Everything a person can set about the operator. Frozen, complete and checked: nothing downstream needs a default. */
export interface Config {
  /** Path of a kubeconfig; undefined: $KUBECONFIG, ~/.kube/config, then the pod's service account. */
  readonly kubeconfig: string | undefined;
  /** OVSDB remotes of the Northbound database, comma separated: `unix:/path`, `tcp:host:port`, `ssl:host:port`. */
  readonly ovnNbEndpoint: string;
  /** OVSDB remotes of the Southbound database, in the same form. */
  readonly ovnSbEndpoint: string;
  /** Permits `tcp:` remotes that are not on this host, whose traffic nobody can trust. */
  readonly allowPlaintext: boolean;
  /** Files for `ssl:` remotes (PEM); either all three are set or none. */
  readonly tls: {
    readonly ca: string | undefined;
    readonly cert: string | undefined;
    readonly key: string | undefined;
  };
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
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** Where settings come from, in rising precedence: defaults, `file`, `env`, `flags`. */
export interface ConfigSources {
  /** Path of a YAML file; also taken from OVERLAY_NETWORK_CONFIG. */
  readonly file?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Values of command line flags by name without dashes (`ovn-nb-endpoint`), as node:util's parseArgs gives them. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

/** Thrown by loadConfig. `problems` has one line for each wrong setting; retrying without a change is of no use. */
export class ConfigError extends Error {
  readonly code = 'INVALID_CONFIG';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(
      `the configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
      options,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

interface Setting<T> {
  readonly parse: Parser<T>;
  readonly fallback: T;
  readonly help: string;
}

const setting = <T>(parse: Parser<T>, fallback: NoInfer<T>, help: string): Setting<T> => ({
  parse,
  fallback,
  help,
});

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

type Key = keyof typeof settings;
type Values = { [K in Key]: (typeof settings)[K] extends Setting<infer T> ? T : never };

const keys = Object.keys(settings) as Key[];
const flagName = (key: Key): string =>
  key.replace('.', '-').replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const envName = (key: Key): string => `OVERLAY_NETWORK_${flagName(key).replaceAll('-', '_').toUpperCase()}`;

/** The settings as a person meets them: key in the file, flag (without dashes), variable, default and one line of help. */
export const configSettings: readonly {
  key: string;
  flag: string;
  env: string;
  fallback: string | undefined;
  help: string;
}[] = keys.map((key) => {
  const { fallback, help }: Setting<string | number | boolean | readonly string[] | undefined> =
    settings[key];
  return {
    key,
    flag: flagName(key),
    env: envName(key),
    fallback: fallback === undefined || String(fallback) === '' ? undefined : String(fallback),
    help,
  };
});

/**
 * Reads file, environment and flags into one Config.
 * An empty variable or flag counts as not set. Unknown keys in the file are refused; unknown variables are not,
 * since Kubernetes puts OVERLAY_NETWORK_SERVICE_HOST and the like into the pods beside a Service of that name.
 * @throws ConfigError that lists every problem at once.
 */
export function loadConfig(sources: ConfigSources = {}): Config {
  return resolveConfig(sources).config;
}

/** One setting as it is in effect. */
export interface EffectiveSetting {
  /** As in the file. */
  readonly key: string;
  readonly value: unknown;
  /** Where it was set: `default`, a file's path and key, a variable, or an option. */
  readonly source: string;
}

/** The Config, and each setting with where it comes from, in the order of `configSettings`. @throws ConfigError */
export function resolveConfig({ file, env = {}, flags = {} }: ConfigSources = {}): {
  readonly config: Config;
  readonly settings: readonly EffectiveSetting[];
} {
  const problems: string[] = [];
  const effective = new Map<Key, EffectiveSetting>();
  const path = file ?? (env['OVERLAY_NETWORK_CONFIG'] || undefined);
  const fromFile = path === undefined ? new Map<string, unknown>() : readSettings(path, problems);

  const valueOf = <K extends Key>(key: K): Values[K] => {
    const { parse, fallback } = settings[key] as Setting<Values[K]>;
    const given = [
      { value: flags[flagName(key)], source: `--${flagName(key)}` },
      { value: env[envName(key)], source: envName(key) },
      { value: fromFile.get(key), source: `${path ?? ''}: ${key}` },
    ].find(({ value }) => value !== undefined && value !== null && value !== '');
    effective.set(key, { key, value: fallback, source: 'default' });
    if (given === undefined) return fallback;
    try {
      const { value, source } = given;
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
        throw new Refusal('must be a single value');
      const parsed = parse(String(value));
      effective.set(key, { key, value: parsed, source });
      return parsed;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.push(`${given.source} ${error.message}, not ${JSON.stringify(given.value)}`);
      return fallback;
    }
  };
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
  problems.push(...contradictions(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    config: Object.freeze(config),
    settings: keys.flatMap((key) => effective.get(key) ?? []),
  };
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

  const endpoints = { ovnNbEndpoint: config.ovnNbEndpoint, ovnSbEndpoint: config.ovnSbEndpoint };
  const tlsFiles = [config.tls.ca, config.tls.cert, config.tls.key].filter(
    (file) => file !== undefined,
  ).length;
  const ssl = Object.values(endpoints).some((remotes) => /(^|,)ssl:/.test(remotes));
  if (tlsFiles !== 3 && (ssl || tlsFiles > 0))
    found.push('tls.ca, tls.cert and tls.key must be set together, and all of them for ssl: remotes');
  for (const [key, value] of Object.entries(endpoints))
    for (const remote of value.split(','))
      if (remote.startsWith('tcp:') && !isLoopback(remote.slice('tcp:'.length)) && !config.allowPlaintext)
        found.push(`${key} ${remote} would be plaintext over the network: use ssl:, or set allowPlaintext`);
  return found;
}

const isLoopback = (hostAndPort: string): boolean =>
  /^(127\.[\d.]+|localhost|\[::1\]):\d+$/.test(hostAndPort);

/** The file's settings by dotted key; what cannot be read or is not known goes to `problems`. */
function readSettings(path: string, problems: string[]): Map<string, unknown> {
  const found = new Map<string, unknown>();
  let document: unknown;
  try {
    document = parseYaml(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    problems.push(`${path} cannot be read: ${(error as Error).message.split('\n', 1)[0]}`);
    return found;
  }
  const groups = new Set(keys.flatMap((key) => (key.includes('.') ? [key.split('.')[0]] : [])));
  const visit = (value: unknown, prefix: string) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      problems.push(`${path}: ${prefix || 'the document'} must be a mapping`);
      return;
    }
    for (const [name, member] of Object.entries(value)) {
      const key = prefix ? `${prefix}.${name}` : name;
      if (groups.has(key)) visit(member, key);
      else if (keys.includes(key as Key)) found.set(key, member);
      else problems.push(`${path}: ${key} is not a setting`);
    }
  };
  visit(document, '');
  return found;
}
