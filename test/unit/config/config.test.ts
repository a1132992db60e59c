import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ConfigError,
  configSettings,
  loadConfig,
  ovsdbTimesOf,
  resolveConfig,
} from '../../../src/config/index.ts';
import type { ConfigSources } from '../../../src/config/index.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'overlay-network-config-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const file = (yaml: string): string => {
  const path = join(dir, 'config.yaml');
  writeFileSync(path, yaml);
  return path;
};

const problemsOf = (sources: ConfigSources): readonly string[] => {
  try {
    loadConfig(sources);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('the times of the OVSDB connections', () => {
  it('become options of the client', () => {
    const flags = {
      'ovsdb-probe-seconds': '0.5',
      'ovsdb-dump-seconds': '600',
      'ovsdb-transaction-seconds': '90',
    };
    expect(ovsdbTimesOf(loadConfig({ flags }))).toEqual({
      probe: { intervalMs: 500, timeoutMs: 500 },
      timeouts: { syncMs: 600_000, transactMs: 90_000 },
    });
  });
});

describe('the configuration', () => {
  it('is complete when no source has a setting', () => {
    expect(loadConfig()).toEqual({
      kubeconfig: undefined,
      ovnNbEndpoint: 'unix:/var/run/ovn/ovnnb_db.sock',
      ovnSbEndpoint: 'unix:/var/run/ovn/ovnsb_db.sock',
      allowPlaintext: false,
      tls: { ca: undefined, cert: undefined, key: undefined },
      ovsdb: { probeSeconds: 5, dumpSeconds: 60, transactionSeconds: 30 },
      cidrPool: '10.0.0.0/8',
      vpcRanges: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'],
      minVpcPrefixLength: 10,
      vpcPrefixLength: 16,
      subnetPrefixLength: 24,
      clusterName: 'default',
      adopt: undefined,
      underlay: { tunnel: 'geneve', mtu: 1500 },
      dnsServers: [],
      listenAddr: ':8080',
      metricsAuthentication: 'kubernetes',
      leaderElection: {
        enabled: true,
        namespace: 'kube-system',
        leaseSeconds: 15,
        renewSeconds: 10,
        retrySeconds: 2,
        offerSeconds: 20,
      },
      workers: 64,
      sweepShareLimit: 0.2,
      limits: {
        rulesPerGroup: 256,
        matchesPerGroup: 4096,
        groupsPerPort: 16,
        policiesPerPort: 32,
        matchesPerPort: 16_384,
      },
      hostLimits: {
        neighboursPerSecond: 20,
        resolutionsPerSecond: 100,
        repliesPerSecond: 100,
        dhcpPerSecond: 400,
        broadcastKbps: 0,
        connectionsPerPort: 32_768,
        connectionsPerRouter: 65_536,
      },
      logLevel: 'info',
    });
  });

  it('prefers a flag to a variable, a variable to the file, and the file to the default', () => {
    const path = file('cidrPool: 10.1.0.0/16\nclusterName: file\nlogLevel: debug\n');
    const env = { OVERLAY_NETWORK_CLUSTER_NAME: 'variable', OVERLAY_NETWORK_LOG_LEVEL: 'warn' };
    const config = loadConfig({ file: path, env, flags: { 'log-level': 'error' } });
    expect(config).toMatchObject({
      cidrPool: '10.1.0.0/16',
      clusterName: 'variable',
      logLevel: 'error',
      workers: 64,
    });
  });

  it('reads the file that OVERLAY_NETWORK_CONFIG names', () => {
    expect(loadConfig({ env: { OVERLAY_NETWORK_CONFIG: file('workers: 3\n') } }).workers).toBe(3);
  });

  it('reads groups of settings from nested mappings, flags and variables', () => {
    const path = file('underlay:\n  mtu: 9000\nleaderElection: { enabled: false }\n');
    const config = loadConfig({
      file: path,
      env: { OVERLAY_NETWORK_UNDERLAY_TUNNEL: 'vxlan' },
      flags: { 'leader-election-namespace': 'here' },
    });
    expect(config.underlay).toEqual({ tunnel: 'vxlan', mtu: 9000 });
    expect(config.leaderElection).toMatchObject({ enabled: false, namespace: 'here' });
  });

  it('accepts an empty file', () => {
    expect(loadConfig({ file: file('') })).toEqual(loadConfig());
  });

  it('ignores an empty variable', () => {
    expect(loadConfig({ env: { OVERLAY_NETWORK_CIDR_POOL: '' } }).cidrPool).toBe('10.0.0.0/8');
  });

  it('accepts an empty group, lists of YAML, and spaces after commas', () => {
    const yaml = `
tls:
underlay: ~
ovnNbEndpoint:
  - tcp:127.0.0.1:6641
  - tcp:127.0.0.1:16641
ovnSbEndpoint: [unix:/run/sb.sock]
dnsServers: [10.0.0.53, 10.0.1.53]
vpcRanges: [10.0.0.0/8]
`;
    const fromFile = loadConfig({ file: file(yaml) });
    expect(fromFile).toMatchObject({
      tls: { ca: undefined },
      underlay: { mtu: 1500 },
      ovnNbEndpoint: 'tcp:127.0.0.1:6641,tcp:127.0.0.1:16641',
      ovnSbEndpoint: 'unix:/run/sb.sock',
      dnsServers: ['10.0.0.53', '10.0.1.53'],
      vpcRanges: ['10.0.0.0/8'],
    });
    const env = {
      OVERLAY_NETWORK_OVN_NB_ENDPOINT: 'tcp:127.0.0.1:6641, tcp:127.0.0.1:16641',
      OVERLAY_NETWORK_DNS_SERVERS: '10.0.0.53, 10.0.1.53 ',
      OVERLAY_NETWORK_VPC_RANGES: '10.0.0.0/8, 172.16.0.0/12',
    };
    expect(loadConfig({ env })).toMatchObject({
      ovnNbEndpoint: fromFile.ovnNbEndpoint,
      dnsServers: fromFile.dnsServers,
      vpcRanges: ['10.0.0.0/8', '172.16.0.0/12'],
    });
    expect(loadConfig({ file: file('dnsServers: []') }).dnsServers).toEqual([]);
  });

  it('warns about variables that look like settings, but not about those of a Kubernetes Service', () => {
    const env = {
      OVERLAY_NETWORK_WORKER: '7',
      OVERLAY_NETWORK_CONFIG: file(''),
      OVERLAY_NETWORK_SOMETHING_ELSE: '1',
      OVERLAY_NETWORK_SERVICE_HOST: '10.0.0.1',
      OVERLAY_NETWORK_SERVICE_PORT_METRICS: '8080',
      OVERLAY_NETWORK_METRICS_PORT: 'tcp://10.0.0.1:8080',
      OVERLAY_NETWORK_PORT_8080_TCP_ADDR: '10.0.0.1',
      OVERLAY_NETWORK_WORKERS: '7',
    };
    expect(resolveConfig({ env }).warnings).toEqual([
      'the variable OVERLAY_NETWORK_SOMETHING_ELSE is not a setting and has no effect; remove it',
      'the variable OVERLAY_NETWORK_WORKER is not a setting and has no effect; did you mean OVERLAY_NETWORK_WORKERS?',
    ]);
    expect(resolveConfig({ env: {} }).warnings).toEqual([]);
  });

  it('is frozen', () => {
    const config = loadConfig();
    expect(
      [config, config.tls, config.underlay, config.leaderElection].map((part) => Object.isFrozen(part)),
    ).toEqual([true, true, true, true]);
  });

  it('gives every setting a flag and a variable of the same name', () => {
    for (const { flag, env } of configSettings)
      expect(env).toBe(`OVERLAY_NETWORK_${flag.replaceAll('-', '_').toUpperCase()}`);
    expect(configSettings.map(({ flag }) => flag)).toContain('ovn-nb-endpoint');
  });
});

describe('an invalid configuration', () => {
  it('is rejected with all problems, each with its source', () => {
    const path = file('cidrPool: 10.0.0.1/8\nnoSuchThing: 1\n');
    const problems = problemsOf({
      file: path,
      env: { OVERLAY_NETWORK_WORKERS: 'many' },
      flags: { 'ovn-nb-endpoint': 'http://example' },
    });
    expect(problems).toEqual([
      `${path}: unknown setting noSuchThing`,
      '--ovn-nb-endpoint must be one or more of unix:/path, tcp:host:port and ssl:host:port, separated by commas; the value is "http://example"',
      `${path}: cidrPool must be an IPv4 CIDR without host bits, such as 10.0.0.0/8; the value is "10.0.0.1/8"`,
      'OVERLAY_NETWORK_WORKERS must be a whole number from 1 to 1024; the value is "many"',
    ]);
  });

  it('is rejected when a leader could lead longer than its Lease', () => {
    const flags = { 'leader-election-lease-seconds': '3', 'leader-election-renew-seconds': '3' };
    expect(problemsOf({ flags })).toEqual([
      'leaderElection requires leaseSeconds > renewSeconds > 1.2 × retrySeconds; the values are 3, 3 and 2',
    ]);
  });

  it('causes an error whose message lists the problems', () => {
    expect(() => loadConfig({ flags: { workers: '0' } })).toThrow(/invalid:\n {2}- --workers must be/);
  });

  it.each([
    ['ovn-nb-endpoint', 'tcp:127.0.0.1:0'],
    ['ovn-nb-endpoint', 'tcp:127.0.0.1:65536'],
    ['ovn-nb-endpoint', 'unix:'],
    ['ovn-sb-endpoint', 'unix:/a,,unix:/b'],
    ['ovn-sb-endpoint', 'tcp:host'],
    ['allow-plaintext', 'yes'],
    ['cidr-pool', '10.0.0.0'],
    ['cidr-pool', '10.0.0.0/33'],
    ['cidr-pool', '10.0.0.0/31'],
    ['cidr-pool', 'fd00::/8'],
    ['cidr-pool', '010.0.0.0/8'],
    ['vpc-prefix-length', '31'],
    ['subnet-prefix-length', '-1'],
    ['subnet-prefix-length', '1e1'],
    ['cluster-name', 'Upper'],
    ['cluster-name', '-a'],
    ['cluster-name', 'a"b'],
    ['underlay-tunnel', 'gre'],
    ['underlay-mtu', '100'],
    ['listen-addr', '8080'],
    ['listen-addr', ':70000'],
    ['leader-election-enabled', '1'],
    ['sweep-share-limit', '1.1'],
    ['sweep-share-limit', '-0.1'],
    ['sweep-share-limit', 'NaN'],
    ['log-level', 'verbose'],
  ])('is rejected: --%s %s', (flag, value) => {
    const problems = problemsOf({ flags: { [flag]: value } });
    expect(problems.some((problem) => problem.startsWith(`--${flag} `))).toBe(true);
  });

  it.each([
    ['ovn-nb-endpoint', 'ssl:[fd00::1]:6641,ssl:nb-2.example:6641'],
    ['ovn-nb-endpoint', 'tcp:[::1]:6641,tcp:localhost:6641,tcp:127.0.0.1:6641'],
    ['listen-addr', '[::]:8080'],
    ['listen-addr', '127.0.0.1:0'],
    ['listen-addr', '0'],
    ['sweep-share-limit', '0'],
    ['sweep-share-limit', '.5'],
    ['cluster-name', 'a'],
  ])('is not reported for --%s %s', (flag, value) => {
    const tls = { 'tls-ca': 'ca', 'tls-cert': 'cert', 'tls-key': 'key' };
    expect(problemsOf({ flags: { ...tls, [flag]: value } })).toEqual([]);
  });

  it('is rejected when settings conflict with each other', () => {
    const flags = {
      'cidr-pool': '10.0.0.0/20',
      'subnet-prefix-length': '12',
      'ovn-nb-endpoint': 'ssl:nb:6641',
      'ovn-sb-endpoint': 'tcp:192.0.2.1:6642',
    };
    expect(problemsOf({ flags })).toEqual([
      'vpcPrefixLength /16 does not fit into cidrPool 10.0.0.0/20: use a longer prefix or a larger pool',
      'subnetPrefixLength /12 does not fit into a VPC of /16: use a longer prefix',
      'tls.ca, tls.cert and tls.key must be set together; ssl: remotes require all three',
      'ovnSbEndpoint tcp:192.0.2.1:6642 is unencrypted and on another host: use ssl:, or set allowPlaintext',
    ]);
    expect(
      problemsOf({ flags: { 'ovn-sb-endpoint': 'tcp:192.0.2.1:6642', 'allow-plaintext': 'true' } }),
    ).toEqual([]);
  });

  it.each([
    ['not YAML', 'a: [', /cannot read \S*config\.yaml: /],
    ['a list', '- 1', /config\.yaml: the document must be a mapping/],
    ['a value in place of a group', 'tls: yes', /config\.yaml: tls must be a mapping/],
    ['a list in place of a value', 'workers: [1, 2]', /config\.yaml: workers must be a single value/],
    ['an empty list of endpoints', 'ovnNbEndpoint: []', /ovnNbEndpoint must not be an empty list/],
    ['a list of lists', 'dnsServers: [[10.0.0.53]]', /dnsServers must be a single value/],
    ['an empty member of a list', 'dnsServers: [10.0.0.53, ""]', /dnsServers must be IPv4 addresses/],
    [
      'a mapping with an unknown setting in a group',
      'underlay: { mut: 1500 }',
      /config\.yaml: unknown setting underlay\.mut/,
    ],
  ])('is rejected when the file is %s', (_, yaml, expected) => {
    const problems = problemsOf({ file: file(yaml) });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
  });

  it('is rejected when the file does not exist', () => {
    expect(problemsOf({ file: join(dir, 'none.yaml') })).toEqual([
      expect.stringMatching(/cannot read \S*none\.yaml: ENOENT/),
    ]);
  });
});

describe('the effective settings', () => {
  it('include every setting with its source', () => {
    const path = file('cidrPool: 10.1.0.0/16\n');
    const { settings } = resolveConfig({
      file: path,
      env: { OVERLAY_NETWORK_WORKERS: '3' },
      flags: { 'log-level': 'warn' },
    });
    expect(settings.map(({ key }) => key)).toEqual(configSettings.map(({ key }) => key));
    expect(settings.filter(({ source }) => source !== 'default')).toEqual([
      { key: 'cidrPool', value: '10.1.0.0/16', source: `${path}: cidrPool` },
      { key: 'workers', value: 3, source: 'OVERLAY_NETWORK_WORKERS' },
      { key: 'logLevel', value: 'warn', source: '--log-level' },
    ]);
  });
});

describe('docs/configuration.md', () => {
  it('has a row for every setting, with its option, default and meaning', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');
    const rows = page
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
    expect(rows.map(([, key, flag, fallback, help]) => ({ key, flag, fallback, help }))).toEqual(
      configSettings.map(({ key, flag, fallback, help }) => ({
        key,
        flag: `--${flag}`,
        fallback: fallback ?? '',
        help,
      })),
    );
  });
});
