import type { Environment } from '../environment.ts';
import { Floor } from '../floor.ts';
import { BareOvsdb } from '../ovsdb.ts';
import { PortWatch, type PortObject } from '../port-watch.ts';
import { median, percentile, type Report } from '../report.ts';
import { floor, ours, pathOf, portOf } from '../world.ts';

/**
 * One Port at a time: from the create request until another watcher sees it Ready. Ours and the floor alternate, so
 * both have the same luck with the machine.
 */
export async function latency(environment: Environment): Promise<Report> {
  const { client, floorClient, options } = environment;
  const operator = await environment.startOperator();
  const template = await environment.learn(operator);
  const nb = await BareOvsdb.connect(await environment.freshFloorNb());
  const bare = new Floor(floorClient, nb, template, () => undefined);
  const watch = await PortWatch.open(client, ours);
  const floorWatch = await PortWatch.open(floorClient, floor);
  try {
    const one = async (name: string): Promise<number> => {
      const since = performance.now();
      await client.send('POST', pathOf(ours, 'ports'), portOf(ours, name));
      await watch.until(() => watch.ready.has(name));
      return (watch.ready.get(name) ?? NaN) - since;
    };
    const oneOfFloor = async (name: string): Promise<number> => {
      const since = performance.now();
      const answer = await floorClient.send('POST', pathOf(floor, 'ports'), portOf(floor, name));
      await bare.one((JSON.parse(answer) as PortObject).metadata);
      await floorWatch.until(() => floorWatch.ready.has(name));
      return (floorWatch.ready.get(name) ?? NaN) - since;
    };
    // Compilers warm up on both sides.
    const warmUp = Math.min(options.ports, 50);
    for (let i = 0; i < warmUp; i++) {
      await one(`warm-${i}`);
      await oneOfFloor(`warm-${i}`);
    }
    const count = await environment.countWrites();
    const cpu = operator.cpuMs();
    const times: number[] = [];
    const floorTimes: number[] = [];
    for (let i = 0; i < options.ports; i++) {
      times.push(await one(`port-${i}`));
      floorTimes.push(await oneOfFloor(`port-${i}`));
    }
    const cpuMs = operator.cpuMs() - cpu;
    const { nb: rows, api } = await count();
    const p99 = { ours: percentile(times, 0.99), floor: percentile(floorTimes, 0.99) };
    return {
      scenario: 'latency',
      ports: options.ports,
      api: options.api,
      ours_ms: median(times),
      floor_ms: median(floorTimes),
      ratio: median(times) / median(floorTimes),
      ours_p99_ms: p99.ours,
      floor_p99_ms: p99.floor,
      ratio_p99: p99.ours / p99.floor,
      cpu_ms_per_port: cpuMs / options.ports,
      ...(rows && { nb_transactions: rows.transactions, nb_rows_written: rows.rows }),
      api_writes: api,
      rss_bytes: operator.rss(),
    };
  } finally {
    watch.close();
    floorWatch.close();
    nb.close();
    await operator.stop();
  }
}
