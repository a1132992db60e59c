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
  count: { type: 'string', value: 'N', help: 'number of pings for each pair (default: 3)' },
  seconds: {
    type: 'string',
    value: 'N',
    help: 'duration of each throughput measurement, in seconds (default: 2)',
  },
  'no-throughput': { type: 'boolean', help: 'skip the throughput measurements' },
} as const satisfies Options;

/** What to measure, and how to print the results. */
interface VerifySettings {
  readonly json: boolean;
  /** Pings for each pair of machines. */
  readonly count: number;
  /** Duration of each throughput measurement in seconds; 0 skips the measurements. */
  readonly seconds: number;
}

/**
 * Returns the settings in parsed options.
 *
 * @throws UsageError when a number is invalid
 */
export function verifySettings(given: ReturnType<typeof parseOptions<typeof verifyOptions>>): VerifySettings {
  return {
    json: given.json ?? false,
    count: wholeNumber('count', given.count ?? '3', 1, 1000),
    seconds: given['no-throughput'] ? 0 : wholeNumber('seconds', given.seconds ?? '2', 1, 3600),
  };
}

/** The document that `--json` prints. */
export interface VerifyReport {
  readonly pairs: readonly Pair[];
  readonly throughput: readonly Throughput[];
  /** The number of pairs and measurements that differ from the expectation. */
  readonly differences: number;
}

/**
 * Measures the reachability and throughput between machines, prints the results, and resolves with the exit status.
 *
 * @throws Error when a machine has no Port, or when there are fewer than two machines
 */
export async function verifyMachines(
  client: KubeClient,
  machinesOf: (world: World) => readonly Machine[],
  { json, count, seconds }: VerifySettings,
  { stdout, stderr, signal }: Io,
): Promise<number> {
  const progress = new Progress(json ? stderr : stdout);
  const world = await readWorld(client, signal);
  const { stations, missing } = stationsOf(world, machinesOf(world));
  if (missing.length > 0)
    throw new Error(`No Port found for ${missing.join(', ')}. Correct the inventory, or create the Port.`);
  if (stations.length < 2) throw new Error(`verify needs at least two machines; found ${stations.length}.`);
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
      : await progress.step('Measuring the throughput between hypervisors', (note) =>
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
      ? `All ${pairs.length} pairs match the objects.`
      : `${differences} ${differences === 1 ? 'result differs' : 'results differ'} from the expectation.`;
  return `\n${reach}${throughput.length === 0 ? '' : `\n${speed}`}\n${verdict}\n`;
}

const yesOrNo = (yes: boolean): string => (yes ? 'yes' : 'no');
