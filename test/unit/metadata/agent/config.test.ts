import { describe, expect, it } from '@jest/globals';
import { resolveAgentConfig } from '../../../../src/metadata/agent/index.ts';
import { ConfigError } from '../../../../src/config/index.ts';

const problemsOf = (flags: Readonly<Record<string, string>>): readonly string[] => {
  try {
    resolveAgentConfig({ flags });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe("the metadata agent's configuration", () => {
  it('is complete when no source has a setting', () => {
    const { config } = resolveAgentConfig();
    expect(config).toEqual({
      kubeconfig: undefined,
      ovsEndpoint: 'unix:/var/run/openvswitch/db.sock',
      ovnSbEndpoint: undefined,
      allowPlaintext: false,
      tls: { ca: undefined, cert: undefined, key: undefined },
      ovsdb: { probeSeconds: 5, dumpSeconds: 60 },
      clusterName: 'default',
      namespacePrefix: 'overlay-metadata-',
      listenAddr: '127.0.0.1:8081',
      requestsPerSecond: 50,
      requestBurst: 300,
      logLevel: 'info',
    });
    expect([config, config.tls].map((part) => Object.isFrozen(part))).toEqual([true, true]);
  });

  it("reads the operator's variables for common settings, and prefers a flag to a variable", () => {
    const { config, settings } = resolveAgentConfig({
      env: { OVERLAY_NETWORK_CLUSTER_NAME: 'prod', OVERLAY_NETWORK_LOG_LEVEL: 'warn' },
      flags: { 'log-level': 'debug' },
    });
    expect(config).toMatchObject({ clusterName: 'prod', logLevel: 'debug' });
    expect(settings.filter(({ source }) => source !== 'default')).toEqual([
      { key: 'clusterName', value: 'prod', source: 'OVERLAY_NETWORK_CLUSTER_NAME' },
      { key: 'logLevel', value: 'debug', source: '--log-level' },
    ]);
  });

  it('is rejected with all problems', () => {
    expect(
      problemsOf({
        'ovs-endpoint': 'tcp:192.0.2.1:6640',
        'ovn-sb-endpoint': 'ssl:sb.example:6642',
        'namespace-prefix': '../x',
        'listen-addr': '8081',
      }),
    ).toEqual([
      `--namespace-prefix must have at most 100 letters, digits, '.', '_' and '-', and start with a letter or digit; the value is "../x"`,
      '--listen-addr must be host:port, :port, or 0 to disable the endpoints; the value is "8081"',
      'tls.ca, tls.cert and tls.key must be set together; ssl: remotes require all three',
      'ovsEndpoint tcp:192.0.2.1:6640 is unencrypted and on another host: use ssl:, or set allowPlaintext',
    ]);
  });

  it.each(['-x', '', ' ', 'a b', 'a/b', 'a'.repeat(101)].filter(Boolean))(
    'is rejected with the namespace prefix %j',
    (prefix) => expect(problemsOf({ 'namespace-prefix': prefix })).toHaveLength(1),
  );
});
