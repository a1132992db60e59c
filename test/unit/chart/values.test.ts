import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSettings, loadConfig } from '../../../src/config.ts';
import { allValues, chartFolder, leastValues, render, valuesWith } from '../../support/chart/chart.ts';
import { problems, type Schema } from '../../support/chart/json-schema.ts';

const schema = JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8')) as Schema;

/** What the chart sets itself, or what makes no sense in a pod. */
const notInValues = [
  'kubeconfig',
  'listenAddr',
  'tls.ca',
  'tls.cert',
  'tls.key',
  'leaderElection.enabled',
  'leaderElection.namespace',
];

const keysOf = ({ properties = {} }: Schema, prefix = ''): string[] =>
  Object.entries(properties).flatMap(([name, member]) =>
    member.type === 'object' && member.properties !== undefined
      ? keysOf(member, `${prefix}${name}.`)
      : [`${prefix}${name}`],
  );

describe('values.schema.json', () => {
  it('accepts the defaults, the least and everything', () => {
    for (const values of [{}, leastValues, allValues])
      expect(problems(schema, valuesWith(values))).toEqual([]);
  });

  it.each([
    [{ replica: 1 }, 'values.replica is not known'],
    [{ replicas: '2' }, 'values.replicas is no integer'],
    [{ config: { ovnNBEndpoint: 'x' } }, 'values.config.ovnNBEndpoint is not known'],
    [{ config: { logLevel: 'loud' } }, 'values.config.logLevel is not one of error, warn, info, debug'],
    [{ config: { underlay: { mtu: 100 } } }, 'values.config.underlay.mtu is out of range'],
    [{ image: { digest: 'latest' } }, 'values.image.digest does not match ^(sha256:[0-9a-f]{64})?$'],
    [{ networkPolicy: { ovnPorts: [0] } }, 'values.networkPolicy.ovnPorts[0] is out of range'],
    [{ metrics: { port: 80 } }, 'values.metrics.port is out of range'],
  ])('refuses %j', (values, problem) => {
    expect(problems(schema, valuesWith(values))).toEqual([problem]);
  });

  it('knows every setting of the operator but those that the chart makes', () => {
    const settings = configSettings.map(({ key }) => key).filter((key) => !notInValues.includes(key));
    expect(keysOf(schema.properties!['config']!).sort()).toEqual(settings.sort());
  });
});

describe('the configuration that the chart renders', () => {
  it('is accepted by the operator, with the variables of the pod', () => {
    const objects = render(allValues);
    const folder = mkdtempSync(join(tmpdir(), 'overlay-chart-'));
    try {
      const file = join(folder, 'config.yaml');
      const map = objects.find(
        ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'overlay-network',
      );
      writeFileSync(file, (map!['data'] as Record<string, string>)['config.yaml']!);
      const { spec } = objects.find(({ kind }) => kind === 'Deployment') as unknown as {
        spec: { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
      };
      const variables = spec.template.spec.containers[0]!.env.map(({ name, value = 'overlay-system' }) => [
        name,
        value,
      ]);
      const config = loadConfig({ file, env: Object.fromEntries(variables) as Record<string, string> });
      expect(config).toMatchObject({
        ovnNbEndpoint: 'ssl:nb.example:6641',
        listenAddr: ':8080',
        leaderElection: { enabled: true, namespace: 'overlay-system' },
        tls: { ca: '/etc/overlay-network/tls/ca.crt', key: '/etc/overlay-network/tls/tls.key' },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
