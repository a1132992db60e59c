import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSettings, loadConfig } from '../../../src/config/index.ts';
import { agentSettings, resolveAgentConfig } from '../../../src/metadata/agent/index.ts';
import {
  allValues,
  chartFolder,
  minimalValues,
  render,
  valuesWith,
  type Values,
} from '../../support/chart/chart.ts';
import { problems, type Schema } from '../../support/chart/json-schema.ts';

const schema = JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8')) as Schema;

/** Settings of the operator that the chart sets itself, or that have no use in a pod. */
const notInValues = [
  'kubeconfig',
  'listenAddr',
  'metricsAuthentication',
  'tls.ca',
  'tls.cert',
  'tls.key',
  'leaderElection.enabled',
  'leaderElection.namespace',
];

/** Settings of the metadata agent that the chart sets itself, or that have no use in a pod. */
const notInAgentValues = ['kubeconfig', 'listenAddr', 'clusterName', 'tls.ca', 'tls.cert', 'tls.key'];

const keysOf = ({ properties = {} }: Schema, prefix = ''): string[] =>
  Object.entries(properties).flatMap(([name, member]) =>
    member.type === 'object' && member.properties !== undefined
      ? keysOf(member, `${prefix}${name}.`)
      : [`${prefix}${name}`],
  );

describe('values.schema.json', () => {
  it('accepts the defaults, minimal values, and all features enabled', () => {
    for (const values of [{}, minimalValues, allValues])
      expect(problems(schema, valuesWith(values))).toEqual([]);
  });

  it.each([
    [{ replica: 1 }, 'values.replica is unknown'],
    [{ replicas: '2' }, 'values.replicas is not of type integer'],
    [{ config: { ovnNBEndpoint: 'x' } }, 'values.config.ovnNBEndpoint is unknown'],
    [{ config: { logLevel: 'loud' } }, 'values.config.logLevel is not one of error, warn, info, debug'],
    [{ config: { underlay: { mtu: 100 } } }, 'values.config.underlay.mtu is out of range'],
    [{ image: { digest: 'latest' } }, 'values.image.digest does not match ^(sha256:[0-9a-f]{64})?$'],
    [{ networkPolicy: { ovnPorts: [0] } }, 'values.networkPolicy.ovnPorts[0] is out of range'],
    [{ metrics: { port: 80 } }, 'values.metrics.port is out of range'],
    [
      { metadataAgent: { config: { clusterName: 'x' } } },
      'values.metadataAgent.config.clusterName is unknown',
    ],
    [
      { metadataAgent: { sources: { team: { secrets: 'web' } } } },
      'values.metadataAgent.sources.team.secrets is not of type array',
    ],
    [
      { metadataAgent: { sources: { team: { secrets: ['*'] } } } },
      'values.metadataAgent.sources.team.secrets[0] does not match ^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
    ],
    [
      { metadataAgent: { openvswitchFolder: 'run' } },
      'values.metadataAgent.openvswitchFolder does not match ^/',
    ],
  ])('rejects %j', (values, problem) => {
    expect(problems(schema, valuesWith(values))).toEqual([problem]);
  });

  it('contains every setting of the operator that the chart does not set itself', () => {
    const settings = configSettings.map(({ key }) => key).filter((key) => !notInValues.includes(key));
    expect(keysOf(schema.properties!['config']!).sort()).toEqual(settings.sort());
  });

  it('contains every setting of the metadata agent that the chart does not set itself', () => {
    const settings = agentSettings.map(({ key }) => key).filter((key) => !notInAgentValues.includes(key));
    const agent = schema.properties!['metadataAgent']!.properties!;
    expect(keysOf(agent['config']!).sort()).toEqual(settings.sort());
  });
});

/** Calls `read` with the path of the rendered configuration file and the variables of the pod that reads the file. */
function withRendered<T>(
  values: Values,
  kind: string,
  read: (file: string, env: Readonly<Record<string, string>>) => T,
): T {
  const objects = render(values);
  const workload = objects.find((object) => object.kind === kind)!;
  const map = objects.find(
    (object) => object.kind === 'ConfigMap' && object.metadata.name === workload.metadata.name,
  )!;
  const { spec } = workload as unknown as {
    spec: { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
  };
  const variables = spec.template.spec.containers[0]!.env.map(({ name, value = 'overlay-system' }) => [
    name,
    value,
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'overlay-chart-'));
  try {
    const file = join(folder, 'config.yaml');
    writeFileSync(file, (map['data'] as Record<string, string>)['config.yaml']!);
    return read(file, Object.fromEntries(variables) as Record<string, string>);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the rendered configuration', () => {
  it('is valid for the operator together with the variables of the pod', () => {
    const config = withRendered(allValues, 'Deployment', (file, env) => loadConfig({ file, env }));
    expect(config).toMatchObject({
      ovnNbEndpoint: 'ssl:nb.example:6641',
      listenAddr: ':8080',
      leaderElection: { enabled: true, namespace: 'overlay-system' },
      tls: { ca: '/etc/overlay-network/tls/ca.crt', key: '/etc/overlay-network/tls/tls.key' },
    });
  });

  it.each([
    ['all features enabled', allValues, { ovnSbEndpoint: 'ssl:sb.example:6642', logLevel: 'debug' }],
    ['minimal values', { ...minimalValues, metadataAgent: { enabled: true } }, { ovnSbEndpoint: undefined }],
  ])(
    'is valid for the metadata agent together with the variables of the pod, with %s',
    (_, values, expected) => {
      const { config } = withRendered(values, 'DaemonSet', (file, env) => resolveAgentConfig({ file, env }));
      expect(config).toMatchObject({
        ovsEndpoint: 'unix:/var/run/openvswitch/db.sock',
        listenAddr: '127.0.0.1:8081',
        ...expected,
      });
    },
  );
});
