/** Renders the Helm chart without Helm. */
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { chartFunctions } from './functions.ts';
import { evaluate, type Functions } from './evaluate.ts';
import { parseTemplate, type Node } from './template.ts';

export const chartFolder = join(import.meta.dirname, '../../../charts/overlay-network');

export type Values = Readonly<Record<string, unknown>>;

/** An object that the chart renders. */
export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly [member: string]: unknown;
}

export interface Release {
  readonly name: string;
  readonly namespace: string;
}

/** The release that tests install. */
export const release: Release = { name: 'overlay-network', namespace: 'overlay-system' };

/** The values that every installation must set. */
export const minimalValues: Values = {
  config: { ovnNbEndpoint: 'ssl:nb.example:6641', ovnSbEndpoint: 'ssl:sb.example:6642' },
  tls: { secretName: 'overlay-network-tls' },
};

/** Values that enable all features. */
export const allValues: Values = {
  ...minimalValues,
  image: { digest: `sha256:${'0'.repeat(64)}` },
  imagePullSecrets: [{ name: 'registry' }],
  serviceAccount: { annotations: { note: 'one' } },
  podLabels: { team: 'network' },
  podAnnotations: { note: 'two' },
  nodeSelector: { role: 'infra' },
  tolerations: [{ key: 'infra', operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  networkPolicy: { metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }] },
  metrics: {
    readers: [{ namespace: 'monitoring', name: 'grafana-agent' }],
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    rules: { enabled: true, labels: { release: 'prometheus' } },
    dashboard: { enabled: true },
  },
  metadataAgent: {
    enabled: true,
    config: { ovnSbEndpoint: 'ssl:sb.example:6642', logLevel: 'debug' },
    sources: {
      'team-a': { secrets: ['web-1', 'web-2'], configMaps: ['defaults'] },
      'team-b': { configMaps: ['defaults'] },
    },
    tls: { secretName: 'metadata-agent-tls' },
    image: { digest: `sha256:${'1'.repeat(64)}` },
    extraCapabilities: ['DAC_OVERRIDE'],
    seLinuxOptions: { type: 'spc_t' },
    nodeSelector: { role: 'hypervisor' },
    tolerations: [{ operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
  },
};

/** The chart's defaults, overridden by `values`. Maps are merged; other values are replaced. */
export function valuesWith(values: Values): Values {
  return merged(parse(readFileSync(join(chartFolder, 'values.yaml'), 'utf8')) as Values, values);
}

/** The root object of the templates, without `Files`. */
export function chartRoot(values: Values, { name, namespace }: Release = release): Values {
  const metadata = parse(readFileSync(join(chartFolder, 'Chart.yaml'), 'utf8')) as Values;
  return {
    Values: valuesWith(values),
    Chart: { Name: metadata['name'], Version: metadata['version'], AppVersion: metadata['appVersion'] },
    Release: { Name: name, Namespace: namespace, Service: 'Helm' },
  };
}

/**
 * Renders every template. Returns the texts by file name.
 * @throws Error when `helm template` would fail, and for constructs outside the subset
 */
export function renderTexts(values: Values, into: Release = release): Map<string, string> {
  const definitions = new Map<string, Node[]>();
  const files = readdirSync(join(chartFolder, 'templates')).sort();
  const templates = files.map(
    (file) =>
      [file, parseTemplate(readFileSync(join(chartFolder, 'templates', file), 'utf8'), definitions)] as const,
  );
  const root = {
    ...chartRoot(values, into),
    Files: {
      Get: (path: unknown) => readFileSync(join(chartFolder, String(path)), 'utf8'),
      Glob: (pattern: unknown) =>
        Object.fromEntries(
          globSync(String(pattern), { cwd: chartFolder }).map((path) => [
            path,
            readFileSync(join(chartFolder, path), 'utf8'),
          ]),
        ),
    },
  };
  const functions: Functions = {
    ...chartFunctions,
    include: (definition, dot) => {
      const nodes = definitions.get(String(definition));
      if (nodes === undefined) throw new Error(`the template ${String(definition)} is not defined`);
      return evaluate(nodes, dot, functions);
    },
  };
  return new Map(
    templates
      .filter(([file]) => !basename(file).startsWith('_'))
      .map(([file, nodes]) => {
        try {
          return [file, evaluate(nodes, root, functions)] as const;
        } catch (error) {
          throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
        }
      }),
  );
}

/** The objects of a release, in the order of the templates. */
export function render(values: Values, into: Release = release): Rendered[] {
  return [...renderTexts(values, into)]
    .filter(([file]) => file.endsWith('.yaml'))
    .flatMap(([file, text]) => objectsIn(text, file));
}

/**
 * The objects of a YAML text, parsed as strictly as Kubernetes does.
 * @throws Error with the name of the file when the text is invalid
 */
export function objectsIn(text: string, file: string): Rendered[] {
  return parseAllDocuments(text, { uniqueKeys: true }).flatMap((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw new Error(`${file}: ${problem.message}`);
    const object = document.toJS() as Rendered | null;
    return object === null ? [] : [object];
  });
}

function merged(base: Values, over: Values): Values {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = result[key];
    result[key] = isMap(old) && isMap(value) ? merged(old, value) : value;
  }
  return result;
}

const isMap = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
