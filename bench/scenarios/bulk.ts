import type { Environment, Writes } from '../environment.ts';
import { Child } from '../child.ts';
import type { FloorMessage } from '../floor-process.ts';
import type { BareClient } from '../http.ts';
import { PortWatch } from '../port-watch.ts';
import { cpuMs } from '../processes.ts';
import { compare, type Report } from '../report.ts';
import type { Template } from '../template.ts';
import { createPorts, deletePorts, floorWorld, operatorWorld, type World } from '../world.ts';

/** Measures the creation of N Ports by 16 clients: from the first request until a watcher sees the last Port Ready. */
export async function bulk(environment: Environment): Promise<Report> {
  const { client, options } = environment;
  const operator = await environment.startOperator();
  const template = await environment.learn(operator);
  const watch = await PortWatch.open(client, operatorWorld);
  const bare = new BulkFloor(environment, template);
  try {
    const warmUp = Math.min(options.ports, 200);
    await timeRound(client, operatorWorld, watch, warmUp);
    await environment.deleteOperatorPorts(watch, operator);
    await bare.round(warmUp);

    const times: number[] = [];
    const floorTimes: number[] = [];
    let writes: Writes | undefined;
    let cpu = NaN;
    let floorCpu = NaN;
    let rss = 0;
    let leanRss = 0;
    for (let i = 0; i < options.rounds; i++) {
      const count = await environment.countWrites();
      const cpuBefore = operator.cpuMs();
      times.push(await timeRound(client, operatorWorld, watch, options.ports));
      await operator.idle();
      // The report shows the counts of the last round. Every round does the same work.
      writes = await count();
      cpu = operator.cpuMs() - cpuBefore;
      rss = operator.rss();
      leanRss = await operator.leanRss();
      await environment.deleteOperatorPorts(watch, operator);
      floorTimes.push(await bare.round(options.ports));
      floorCpu = bare.cpuOfRound;
    }
    return {
      scenario: 'bulk',
      ports: options.ports,
      api: options.api,
      ...compare(times, floorTimes),
      cpu_ms_per_port: cpu / options.ports,
      floor_cpu_ms_per_port: floorCpu / options.ports,
      ...(writes?.nb && { nb_transactions: writes.nb.transactions, nb_rows_written: writes.nb.rows }),
      ...(writes && { api_writes: writes.api }),
      rss_bytes: rss,
      rss_bytes_per_port: (leanRss - environment.emptyRss) / options.ports,
    };
  } finally {
    watch.close();
    await bare.stop();
    await operator.stop();
  }
}

/** Measures the same for the floor. Each round uses a new copy of the database without Ports. */
class BulkFloor {
  readonly #environment: Environment;
  readonly #child: Child<FloorMessage, object>;
  #start: FloorMessage['start'];
  /** Processor time of the last round, in ms. */
  cpuOfRound = NaN;

  constructor(environment: Environment, template: Template) {
    this.#environment = environment;
    this.#child = new Child('floor-process.ts');
    this.#start = { connection: environment.server.connection, template: template.text };
  }

  async round(ports: number): Promise<number> {
    const { floorClient } = this.#environment;
    const northbound = await this.#environment.freshFloorNb();
    await this.#child.ask({ northbound, ...(this.#start && { start: this.#start }) });
    this.#start = undefined;
    const watch = await PortWatch.open(floorClient, floorWorld);
    try {
      const cpuBefore = cpuMs(this.#child.pid);
      const ms = await Promise.race([timeRound(floorClient, floorWorld, watch, ports), this.#child.failure]);
      this.cpuOfRound = cpuMs(this.#child.pid) - cpuBefore;
      await deletePorts(floorClient, floorWorld);
      return ms;
    } finally {
      watch.close();
    }
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}

/** Measures the time from the first create request until the last Port is Ready, in ms. */
async function timeRound(client: BareClient, world: World, watch: PortWatch, ports: number): Promise<number> {
  const since = performance.now();
  await createPorts(client, world, names(ports));
  await watch.untilReady(ports);
  return performance.now() - since;
}

/** The names of N Ports. */
export const names = (ports: number): string[] => Array.from({ length: ports }, (_, i) => `port-${i}`);
