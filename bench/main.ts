/** The program of the benchmark: measures each selected scenario with new servers, and prints the results. */
import process from 'node:process';
import { Environment } from './environment.ts';
import { parseOptions, usage, UsageError, type Options, type ScenarioName } from './options.ts';
import { toJson, toText, type Report } from './report.ts';
import { bulk } from './scenarios/bulk.ts';
import { sgJoin, sgRule } from './scenarios/groups.ts';
import { latency } from './scenarios/latency.ts';
import { besideNoise } from './scenarios/neighbour.ts';
import { restart } from './scenarios/restart.ts';
import { resync } from './scenarios/resync.ts';

const scenarios: Readonly<Record<ScenarioName, (environment: Environment) => Promise<Report>>> = {
  latency,
  bulk,
  restart,
  resync,
  'sg-rule': sgRule,
  'sg-join': sgJoin,
  'beside-nat-rules': besideNoise('nat-rules'),
  'beside-ports': besideNoise('ports'),
  'beside-group': besideNoise('group'),
  'beside-invalid-subnets': besideNoise('invalid-subnets'),
};

/** Rejects when the program must stop early. The current scenario is then aborted and its processes are stopped. */
const interruption = Promise.withResolvers<never>();
interruption.promise.catch(() => undefined);

class Interrupted extends Error {}

async function measure(options: Options): Promise<void> {
  for (const name of options.scenarios) {
    if (process.stderr.isTTY) process.stderr.write(`measuring ${name}…\n`);
    const environment = await Environment.start(options);
    try {
      const report = await Promise.race([
        scenarios[name](environment),
        interruption.promise,
        environment.failure,
      ]);
      process.stdout.write(options.json ? `${toJson(report)}\n` : toText(report));
    } finally {
      await environment.stop();
    }
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => interruption.reject(new Interrupted(signal)));
// The reader has closed the output, for example `| head`.
process.stdout.on('error', () => interruption.reject(new Interrupted('output closed')));
process.on('uncaughtException', (error) => interruption.reject(error));

try {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options.help) process.stdout.write(usage);
  else await measure(options);
} catch (error) {
  process.exitCode = 1;
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\n${usage}`);
    process.exitCode = 2;
  } else if (error instanceof Interrupted) {
    process.exitCode = 130;
  } else {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`The benchmark failed: ${text}\n`);
  }
}
process.stdout.write('', () => process.exit());
