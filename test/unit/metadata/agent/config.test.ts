import { describe, expect, it } from '@jest/globals';
import { resolveAgentConfig } from '../../../../src/metadata/agent/index.ts';
import { ConfigError } from '../../../../src/config/settings.ts';

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
  it('is complete without any setting', () => {
    const { config } = resolveAgentConfig();
    expect(config).toEqual({
      kubeconfig: undefined,
      ovsEndpoint: 'unix:/var/run/openvswitch/db.sock',
      ovnSbEndpoint: undefined,
      allowPlaintext: false,
      tls: { ca: undefined, cert: undefined, key: undefined },
      clusterName: 'default',
      namespacePrefix: 'overlay-metadata-',
      listenAddr: '127.0.0.1:8081',
      logLevel: 'info',
    });
    expect([config, config.tls].map((part) => Object.isFrozen(part))).toEqual([true, true]);
  });

  it("takes the operator's variables for what both have, and a flag before a variable", () => {
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

  it('is refused with every problem at once', () => {
    expect(
      problemsOf({
        'ovs-endpoint': 'tcp:192.0.2.1:6640',
        'ovn-sb-endpoint': 'ssl:sb.example:6642',
        'namespace-prefix': '../x',
        'listen-addr': '8081',
      }),
    ).toEqual([
      '--namespace-prefix must be up to 100 letters, digits, dots, dashes and underscores, not "../x"',
      '--listen-addr must be host:port, :port, or 0 to serve nothing, not "8081"',
      'tls.ca, tls.cert and tls.key must be set together, and all of them for ssl: remotes',
      'ovsEndpoint tcp:192.0.2.1:6640 would be plaintext over the network: use ssl:, or set allowPlaintext',
    ]);
  });

  it.each(['-x', '', ' ', 'a b', 'a/b', 'a'.repeat(101)].filter(Boolean))(
    'is refused with the prefix %j, which would be no name of a file or an option',
    (prefix) => expect(problemsOf({ 'namespace-prefix': prefix })).toHaveLength(1),
  );
});
