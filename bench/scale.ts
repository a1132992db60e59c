/**
 * Measures how one OVN scales: increases the number of Ports step by step while ovn-northd runs, and measures at each
 * step the cost of one more Port (docs/scaling.md). There is no floor, because OVN's own share is the result.
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
import { PORTS_PER_TENANT, Tenants } from './tenants.ts';
import { operatorWorld } from './world.ts';

const usage = `Usage: npm run bench:scale -- [--steps N,N...] [--samples N] [--minutes N] [--api embedded|real]

Measures how one OVN scales (docs/scaling.md). Creates tenants, each with a VPC, two Subnets, two SecurityGroups and
${PORTS_PER_TENANT} Ports. At each step, measures the cost of one more Port and prints one line of JSON.

  --steps N,N...  numbers of Ports (default: 1000,5000,10000)
  --samples N     number of additional Ports to measure at each step (default: 15)
  --minutes N     time limit: no new step begins after it (default: 9)
  --api KIND      API server: embedded, or real (kube-apiserver and etcd from $KUBEBUILDER_ASSETS)
                  (default: real if $KUBEBUILDER_ASSETS is set, otherwise embedded)
`;

/** The results of one step. Times are in ms, sizes in bytes; values without another name are medians. */
interface Step {
  readonly ports: number;
  readonly tenants: number;
  /** Time from the first request of the step until its last Port is Ready, and until the Southbound database has them. */
  readonly build_ms: number;
  readonly build_southbound_ms: number;
  readonly added: number;
  /** Time from the request for one more Port until it is Ready, while the system is otherwise idle. */
  readonly ready_ms: number;
  readonly ready_p95_ms: number;
  /** Time from the Port's row in the Northbound database to its row in the Southbound database. */
  readonly southbound_ms: number;
  readonly southbound_p95_ms: number;
  /** Values of ovn-northd's stopwatch `ovn-northd-loop` during the samples. */
  readonly northd_loop_p95_ms: number;
  readonly northd_loop_max_ms: number;
  /** Processor time per sample. */
  readonly northd_cpu_ms: number;
  readonly operator_cpu_ms: number;
  /** Resident memory. The operator's value is measured after a garbage collection. */
  readonly operator_rss: number;
  readonly northd_rss: number;
  readonly northbound_rss: number;
  readonly southbound_rss: number;
  /** Sizes of the compacted database files. */
  readonly northbound_file: number;
  readonly southbound_file: number;
  /** Time from the start of an operator's process until it is ready, with all objects of the step. */
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
    const watch = await PortWatch.open(client, { group: operatorWorld.group });
    const bindings = await Bindings.follow(northbound.remote, southbound.remote);
    const tenants = new Tenants(client);
    const measureOne = async (): Promise<{ ready: number; lag: number }> => {
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
      for (let i = 0; i < count; i++) samples.push(await measureOne());
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
  if (name === undefined) throw new Error('a Ready Port has no status.interfaceID');
  return name;
}

function rssOf(pid = NaN): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

async function compactedSize(server: DatabaseServer): Promise<number> {
  await server.appctl('ovsdb-server/compact');
  return statSync(server.file).size;
}

// The exit of this process also stops the processes that it started.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
if (values.help) process.stdout.write(usage);
else await grow();
process.exit();
