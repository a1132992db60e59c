import type { KubeClient } from '../reconcile/index.ts';
import { measureMatrix, measureThroughput, readWorld, stationsOf } from '../verify/index.ts';
import type { Machine, Pair, Throughput, World } from '../verify/index.ts';
import { parseOptions, wholeNumber, type Options } from './arguments.ts';
import { exitCodes } from './io.ts';
import type { Io } from './io.ts';
import { Progress } from './progress.ts';
import { columns } from './table.ts';

/** The options of every form of `verify`. */
export const verifyOptions = {
  json: { type: 'boolean', help: 'print one JSON document instead of tables' },
  count: { type: 'string', value: 'N', help: 'pings a pair (default: 3)' },
  seconds: { type: 'string', value: 'N', help: 'length of each measurement of throughput (default: 2)' },
  'no-throughput': { type: 'boolean', help: 'only the pings' },
} as const satisfies Options;

/** What to measure, and how to print the results. */
export interface VerifySettings {
  readonly json: boolean;
  /** Pings for each pair of machines. */
  readonly count: number;
  /** Length of each measurement of throughput, in seconds; 0: no throughput. */
  readonly seconds: number;
}

/** The settings in parsed options. @throws UsageError for a number that is not valid */
export function verifySettings(given: ReturnType<typeof parseOptions<typeof verifyOptions>>): VerifySettings {
  return {
    json: given.json ?? false,
    count: wholeNumber('count', given.count ?? '3', 1, 1000),
    seconds: given['no-throughput'] ? 0 : wholeNumber('seconds', given.seconds ?? '2', 1, 3600),
  };
}

/** What `--json` prints. */
export interface VerifyReport {
  readonly pairs: readonly Pair[];
  readonly throughput: readonly Throughput[];
  /** How many pairs and measurements are not as expected. */
  readonly differences: number;
}

/** Measures who reaches whom, prints the results, and resolves with the exit code. @throws Error with fewer than two machines */
export async function verifyMachines(
  client: KubeClient,
  machinesOf: (world: World) => readonly Machine[],
  { json, count, seconds }: VerifySettings,
  { stdout, stderr, signal }: Io,
): Promise<number> {
  const progress = new Progress(json ? stderr : stdout);
  const world = await readWorld(client, signal);
  const { stations, missing } = stationsOf(world, machinesOf(world));
  if (missing.length > 0) throw new Error(`There is no Port for ${missing.join(', ')}.`);
  if (stations.length < 2)
    throw new Error(`Nothing to verify with ${stations.length} machines: at least two are needed.`);
  const pairs = await progress.step(`Pinging between ${stations.length} machines`, (note) =>
    measureMatrix(world, stations, {
      count,
      signal,
      retries: 2,
      onProgress: (done, all) => note(`${done} of ${all}`),
    }),
  );
  const throughput =
    seconds === 0
      ? []
      : await progress.step('Measuring throughput between hypervisors', (note) =>
          measureThroughput(world, stations, { seconds, signal, onProgress: note }),
        );
  const differences = [...pairs, ...throughput].filter(({ agrees }) => !agrees).length;
  const report: VerifyReport = { pairs, throughput, differences };
  stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : asText(report));
  return differences === 0 ? exitCodes.done : exitCodes.failed;
}

function asText({ pairs, throughput, differences }: VerifyReport): string {
  const reach = columns([
    ['FROM', 'TO', 'ADDRESS', 'EXPECTED', 'OBSERVED', 'LOSS', 'LATENCY', ''],
    ...pairs.map(({ from, to, address, expected, because, observed, lossPercent, latencyMs, agrees }) => [
      from,
      to,
      address,
      `${yesOrNo(expected)}: ${because}`,
      yesOrNo(observed),
      `${lossPercent} %`,
      latencyMs === undefined ? '' : `${latencyMs} ms`,
      agrees ? '' : 'DIFFERS',
    ]),
  ]);
  const speed = columns([
    ['FROM', 'TO', 'MBIT/S', 'RETRANSMITS', ''],
    ...throughput.map(({ fromHost, toHost, from, to, megabitsPerSecond, retransmits, problem, agrees }) => [
      [fromHost, from].filter(Boolean).join('/'),
      [toHost, to].filter(Boolean).join('/'),
      String(megabitsPerSecond ?? ''),
      String(retransmits ?? ''),
      [agrees ? '' : 'DIFFERS', problem].filter(Boolean).join(': '),
    ]),
  ]);
  const verdict =
    differences === 0
      ? `All ${pairs.length} pairs are as the objects say.`
      : `${differences} ${differences === 1 ? 'result is' : 'results are'} not as expected.`;
  return `\n${reach}${throughput.length === 0 ? '' : `\n${speed}`}\n${verdict}\n`;
}

const yesOrNo = (yes: boolean): string => (yes ? 'yes' : 'no');
