/**
 * How far one OVN goes: grows one world step by step, with ovn-northd at work, and measures at each step what the next
 * Port costs (docs/scaling.md). No floor: OVN's own share is the point.
 */
import { readFileSync, statSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { DatabaseServer } from '../src/dev/ovn/processes.ts';
import { Bindings } from './bindings.ts';
import { Environment } from './environment.ts';
import { loopTimes, resetStopwatches } from './northd.ts';
import { parseOptions } from './options.ts';
import { PortWatch, type PortObject } from './port-watch.ts';
import { cpuMs } from './processes.ts';
import { median, percentile } from './report.ts';
import { portsPerTenant, Tenants } from './tenants.ts';
import { ours } from './world.ts';

const usage = `Usage: npm run bench:scale -- [--steps N,N...] [--samples N] [--minutes N] [--api embedded|real]

Grows to each number of Ports (default: 1000,5000,10000), in tenants of ${portsPerTenant} Ports with a VPC, two Subnets and
two SecurityGroups each, and prints a line of JSON for each step. Takes no further step after --minutes (default: 9).
`;

/** One step's figures. Times in ms, sizes in bytes; medians where nothing else is said. */
interface Step {
  readonly ports: number;
  readonly tenants: number;
  /** From the first request of the step until its last Port was Ready, and until the Southbound database had them. */
  readonly build_ms: number;
  readonly build_southbound_ms: number;
  readonly added: number;
  /** One more Port, with nothing else going on: until it is seen Ready. */
  readonly ready_ms: number;
  readonly ready_p95_ms: number;
  /** From its row in the Northbound database to that in the Southbound one. */
  readonly southbound_ms: number;
  readonly southbound_p95_ms: number;
  /** Of northd's own stopwatch `ovn-northd-loop` during these. */
  readonly northd_loop_p95_ms: number;
  readonly northd_loop_max_ms: number;
  /** Processor time for one of them. */
  readonly northd_cpu_ms: number;
  readonly operator_cpu_ms: number;
  /** Resident memory; the operator's after its garbage was collected. */
  readonly operator_rss: number;
  readonly northd_rss: number;
  readonly northbound_rss: number;
  readonly southbound_rss: number;
  /** Compacted files. */
  readonly northbound_file: number;
  readonly southbound_file: number;
  /** From the start of an operator's process until it is ready, with all of them there. */
  readonly restart_ms: number;
}

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '1000,5000,10000' },
    samples: { type: 'string', default: '15' },
    minutes: { type: 'string', default: '9' },
    api: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

async function grow(): Promise<void> {
  const deadline = performance.now() + Number(values.minutes) * 60_000;
  const flags = ['--northd', ...(values.api === undefined ? [] : [`--api=${values.api}`])];
  const environment = await Environment.start(parseOptions(flags, process.env));
  try {
    const { client, northbound, southbound, northd } = environment;
    if (northd === undefined) throw new Error('ovn-northd does not run');
    let operator = await environment.startOperator();
    const watch = await PortWatch.open(client, { group: ours.group });
    const bindings = await Bindings.follow(northbound.remote, southbound.remote);
    const tenants = new Tenants(client);
    const oneMore = async (): Promise<{ ready: number; lag: number }> => {
      const since = performance.now();
      const name = await tenants.createPort();
      await watch.until(() => watch.ready.has(name));
      const ready = (watch.ready.get(name) ?? NaN) - since;
      return { ready, lag: await bindings.lag(logicalPortOf(watch.get(name))) };
    };

    for (const ports of values.steps.split(',').map(Number)) {
      if (performance.now() > deadline) break;
      const before = tenants.ports;
      const since = performance.now();
      await tenants.growTo(ports);
      await watch.untilReady(ports);
      const built = performance.now() - since;
      await bindings.settled();
      const arrived = performance.now() - since;
      await operator.idle();

      await resetStopwatches(northd);
      const pids = [northd.pid ?? NaN, operator.pid] as const;
      const cpuBefore = pids.map(cpuMs);
      const samples: { ready: number; lag: number }[] = [];
      const count = Number(values.samples);
      for (let i = 0; i < count; i++) samples.push(await oneMore());
      const [northdCpu = NaN, operatorCpu = NaN] = pids.map((pid, i) => cpuMs(pid) - (cpuBefore[i] ?? NaN));
      const loop = await loopTimes(northd);
      const [ready, lag] = [samples.map((one) => one.ready), samples.map((one) => one.lag)];
      const figures: Omit<Step, 'restart_ms'> = {
        ports,
        tenants: tenants.count,
        added: ports - before,
        build_ms: built,
        build_southbound_ms: arrived,
        ready_ms: median(ready),
        ready_p95_ms: percentile(ready, 0.95),
        southbound_ms: median(lag),
        southbound_p95_ms: percentile(lag, 0.95),
        northd_loop_p95_ms: loop.p95,
        northd_loop_max_ms: loop.maximum,
        northd_cpu_ms: northdCpu / count,
        operator_cpu_ms: operatorCpu / count,
        operator_rss: await operator.leanRss(),
        northd_rss: rssOf(northd.pid),
        northbound_rss: rssOf(northbound.pid),
        southbound_rss: rssOf(southbound.pid),
        northbound_file: await compactedSize(northbound),
        southbound_file: await compactedSize(southbound),
      };
      await operator.stop();
      operator = await environment.startOperator();
      const step: Step = { ...figures, restart_ms: operator.readyMs };
      await operator.idle();
      process.stdout.write(
        `${JSON.stringify(step, (_key, value: unknown) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value))}\n`,
      );
    }
    watch.close();
    await bindings.stop();
    await operator.stop();
  } finally {
    await environment.stop();
  }
}

function logicalPortOf(port: PortObject | undefined): string {
  const name = port?.status?.interfaceID;
  if (name === undefined) throw new Error('a Port that is Ready has no interfaceID');
  return name;
}

function rssOf(pid = NaN): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

async function compactedSize(server: DatabaseServer): Promise<number> {
  await server.appctl('ovsdb-server/compact');
  return statSync(server.file).size;
}

// What was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
if (values.help) process.stdout.write(usage);
else await grow();
process.exit();
