import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { noiseNames, type Noise } from './noise.ts';

export type ScenarioName =
  'latency' | 'bulk' | 'restart' | 'resync' | 'sg-rule' | 'sg-join' | `beside-${Noise}`;

const scenarioNames: readonly ScenarioName[] = [
  ...(['latency', 'bulk', 'restart', 'resync', 'sg-rule', 'sg-join'] as const),
  ...noiseNames.map((noise) => `beside-${noise}` as const),
];

/** The options of the benchmark. */
export interface Options {
  readonly scenarios: readonly ScenarioName[];
  /** The number of Ports. */
  readonly ports: number;
  /** The number of rounds. Each round measures the operator and the floor; `latency` alternates per Port instead. */
  readonly rounds: number;
  /** The changes of the noisy tenant per second in `beside-…`; 0: without a pause. */
  readonly noise: number;
  /** The API server: the embedded server, or the real server in KUBEBUILDER_ASSETS. */
  readonly api: 'embedded' | 'real';
  /** Whether to print one line of JSON per scenario instead of a table. */
  readonly json: boolean;
  /** Whether ovn-northd runs too. It then competes for processor time, as in production. */
  readonly northd: boolean;
  /** The program of the operator: a TypeScript or JavaScript file with the command `run`. */
  readonly program: string;
  /** Folder for CPU profiles of the operator. */
  readonly profile: string | undefined;
  readonly help: boolean;
}

/** An argument is invalid; the message names the argument. */
export class UsageError extends Error {}

export const usage = `Usage: npm run bench -- [OPTION...]

Measures the operator and compares it with a floor: a program without logic that sends the same requests
(docs/performance.md).

  --scenario NAME  scenario to measure: ${scenarioNames.join(', ')};
                   repeat the option for several scenarios (default: all)
  --ports N        number of Ports (default: 200)
  --rounds N       number of rounds; each round measures the operator and the floor (default: 3)
  --noise N        changes per second of the noisy tenant in beside-…; 0: without a pause (default: 50)
  --api KIND       API server: embedded, or real (kube-apiserver and etcd from $KUBEBUILDER_ASSETS)
                   (default: real if $KUBEBUILDER_ASSETS is set, otherwise embedded)
  --json           print one line of JSON per scenario
  --program FILE   program of the operator, to compare another build (default: src/main.ts)
  --northd         also run ovn-northd
  --profile DIR    write CPU profiles of the operator to DIR

Exit status: 0 when the measurement completed, with any result; 1 when it failed; 2 for invalid arguments;
130 when it was interrupted.
`;

/** The limit for Ports: the only Subnet of the benchmark is a /16. */
const MAX_PORTS = 65_000;
const MAX_ROUNDS = 100;
const MAX_NOISE = 10_000;

/**
 * Parses the arguments of the benchmark.
 * @throws UsageError when an argument is invalid
 */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options {
  const values = parse(args);
  const assets = (env['KUBEBUILDER_ASSETS'] ?? '') !== '';
  const api = values.api ?? (assets ? 'real' : 'embedded');
  if (api !== 'embedded' && api !== 'real')
    throw new UsageError(`--api must be embedded or real, not ${api}`);
  if (api === 'real' && !assets)
    throw new UsageError(
      '--api real needs KUBEBUILDER_ASSETS: set it to a folder with kube-apiserver and etcd',
    );
  return {
    scenarios: values.scenario.length === 0 ? scenarioNames : values.scenario.map(scenario),
    ports: count('ports', values.ports, MAX_PORTS),
    rounds: count('rounds', values.rounds, MAX_ROUNDS),
    noise: count('noise', values.noise, MAX_NOISE, 0),
    api,
    json: values.json,
    northd: values.northd,
    program: values.program ?? join(import.meta.dirname, '../src/main.ts'),
    profile: values.profile,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        scenario: { type: 'string', multiple: true, default: [] },
        ports: { type: 'string', default: '200' },
        rounds: { type: 'string', default: '3' },
        noise: { type: 'string', default: '50' },
        api: { type: 'string' },
        json: { type: 'boolean', default: false },
        northd: { type: 'boolean', default: false },
        program: { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function scenario(name: string): ScenarioName {
  const found = scenarioNames.find((known) => known === name);
  if (found === undefined)
    throw new UsageError(`--scenario must be one of ${scenarioNames.join(', ')}, not ${name}`);
  return found;
}

function count(name: string, text: string, max: number, min = 1): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not ${text}`);
  }
  return value;
}
