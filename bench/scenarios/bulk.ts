import type { Environment, Writes } from '../environment.ts';
import { Child } from '../child.ts';
import type { FloorMessage } from '../floor-process.ts';
import type { BareClient } from '../http.ts';
import { PortWatch } from '../port-watch.ts';
import { cpuMs } from '../processes.ts';
import { compare, type Report } from '../report.ts';
import type { Template } from '../template.ts';
import { createPorts, deletePorts, floor, ours, type World } from '../world.ts';

/** N Ports from 16 clients: from the first create request until another watcher has seen the last one Ready. */
export async function bulk(environment: Environment): Promise<Report> {
  const { client, options } = environment;
  const operator = await environment.startOperator();
  const template = await environment.learn(operator);
  const watch = await PortWatch.open(client, ours);
  const bare = new BulkFloor(environment, template);
  try {
    const warmUp = Math.min(options.ports, 200);
    await timeRound(client, ours, watch, warmUp);
    await environment.deleteOurs(watch, operator);
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
      times.push(await timeRound(client, ours, watch, options.ports));
      await operator.idle();
      // Of the last round; every round is the same work.
      writes = await count();
      cpu = operator.cpuMs() - cpuBefore;
      rss = operator.rss();
      leanRss = await operator.leanRss();
      await environment.deleteOurs(watch, operator);
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

/** The same by the floor, each round on a copy of the database as it is with no Ports. */
class BulkFloor {
  readonly #environment: Environment;
  readonly #child: Child<FloorMessage, object>;
  #start: FloorMessage['start'];
  /** Processor time of the last round in ms. */
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
    const watch = await PortWatch.open(floorClient, floor);
    try {
      const cpuBefore = cpuMs(this.#child.pid);
      const ms = await Promise.race([timeRound(floorClient, floor, watch, ports), this.#child.failure]);
      this.cpuOfRound = cpuMs(this.#child.pid) - cpuBefore;
      await deletePorts(floorClient, floor);
      return ms;
    } finally {
      watch.close();
    }
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}

/** From the first create request until the last Port is Ready, in ms. */
async function timeRound(client: BareClient, world: World, watch: PortWatch, ports: number): Promise<number> {
  const since = performance.now();
  await createPorts(client, world, names(ports));
  await watch.untilReady(ports);
  return performance.now() - since;
}

/** Names of so many Ports. */
export const names = (ports: number): string[] => Array.from({ length: ports }, (_, i) => `port-${i}`);
