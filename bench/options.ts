import { join } from 'node:path';
import { parseArgs } from 'node:util';

export const scenarioNames = ['latency', 'bulk', 'restart', 'resync', 'sg-rule', 'sg-join'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** What to measure and on what. */
export interface Options {
  readonly scenarios: readonly ScenarioName[];
  /** How many Ports. */
  readonly ports: number;
  /** How often ours and the floor take turns (`latency` alternates with every Port instead). */
  readonly rounds: number;
  /** The API server: the embedded one, or the real one that KUBEBUILDER_ASSETS names. */
  readonly api: 'embedded' | 'real';
  /** One line of JSON a scenario instead of a table. */
  readonly json: boolean;
  /** Whether ovn-northd runs too, and competes for the processors as it does in production. */
  readonly northd: boolean;
  /** The operator's program: a TypeScript or JavaScript file that takes the command `run`. */
  readonly program: string;
  /** Folder for CPU profiles of the operator. */
  readonly profile: string | undefined;
  readonly help: boolean;
}

/** The arguments cannot be understood; the message says which. */
export class UsageError extends Error {}

export const usage = `Usage: npm run bench -- [OPTION...]

Measures the operator against a floor: a bare loop that sends the same requests with no logic (docs/performance.md).

  --scenario NAME  ${scenarioNames.join(', ')}; may be repeated (default: all of them)
  --ports N        how many Ports (default: 200)
  --rounds N       how often ours and the floor take turns (default: 3)
  --api KIND       embedded, or real: kube-apiserver and etcd from $KUBEBUILDER_ASSETS
                   (default: real when $KUBEBUILDER_ASSETS is set, else embedded)
  --json           one line of JSON a scenario
  --program FILE   the operator's program (default: src/main.ts), to compare another build
  --northd         run ovn-northd as well
  --profile DIR    write CPU profiles of the operator to DIR

Exit status: 0 whenever it could measure, whatever the figures; 1 when it could not; 2 for wrong arguments.
`;

/** Most Ports: the bench's one subnet is a /16. */
const maxPorts = 65_000;

/** @throws UsageError */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options {
  const values = parse(args);
  const assets = (env['KUBEBUILDER_ASSETS'] ?? '') !== '';
  const api = values.api ?? (assets ? 'real' : 'embedded');
  if (api !== 'embedded' && api !== 'real')
    throw new UsageError(`--api must be embedded or real, not ${api}`);
  if (api === 'real' && !assets) throw new UsageError('--api real needs KUBEBUILDER_ASSETS');
  return {
    scenarios: values.scenario.length === 0 ? scenarioNames : values.scenario.map(scenario),
    ports: count('ports', values.ports, maxPorts),
    rounds: count('rounds', values.rounds, 100),
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

function count(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > max) {
    throw new UsageError(`--${name} must be a whole number from 1 to ${max}, not ${text}`);
  }
  return value;
}
