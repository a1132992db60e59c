import type { Environment } from '../environment.ts';
import { Floor } from '../floor.ts';
import { BareOvsdb } from '../ovsdb.ts';
import { PortWatch, type PortObject } from '../port-watch.ts';
import { median, percentile, type Report } from '../report.ts';
import { floorWorld, operatorWorld, pathOf, portOf } from '../world.ts';

/**
 * Measures one Port at a time: from the create request until a watcher sees the Port Ready. The operator and the floor
 * alternate, so that variations of the machine affect both equally.
 */
export async function latency(environment: Environment): Promise<Report> {
  const { client, floorClient, options } = environment;
  const operator = await environment.startOperator();
  const template = await environment.learn(operator);
  const nb = await BareOvsdb.connect(await environment.freshFloorNb());
  const bare = new Floor(floorClient, nb, template, () => undefined);
  const watch = await PortWatch.open(client, operatorWorld);
  const floorWatch = await PortWatch.open(floorClient, floorWorld);
  try {
    const createOne = async (name: string): Promise<number> => {
      const since = performance.now();
      await client.send('POST', pathOf(operatorWorld, 'ports'), portOf(operatorWorld, name));
      await watch.until(() => watch.ready.has(name));
      return (watch.ready.get(name) ?? NaN) - since;
    };
    const createOneByFloor = async (name: string): Promise<number> => {
      const since = performance.now();
      const answer = await floorClient.send('POST', pathOf(floorWorld, 'ports'), portOf(floorWorld, name));
      await bare.writePort((JSON.parse(answer) as PortObject).metadata);
      await floorWatch.until(() => floorWatch.ready.has(name));
      return (floorWatch.ready.get(name) ?? NaN) - since;
    };
    // Warm up the compilers of both sides.
    const warmUp = Math.min(options.ports, 50);
    for (let i = 0; i < warmUp; i++) {
      await createOne(`warm-${i}`);
      await createOneByFloor(`warm-${i}`);
    }
    const count = await environment.countWrites();
    const cpu = operator.cpuMs();
    const times: number[] = [];
    const floorTimes: number[] = [];
    for (let i = 0; i < options.ports; i++) {
      times.push(await createOne(`port-${i}`));
      floorTimes.push(await createOneByFloor(`port-${i}`));
    }
    const cpuMs = operator.cpuMs() - cpu;
    const { nb: rows, api } = await count();
    const p99 = { operator: percentile(times, 0.99), floor: percentile(floorTimes, 0.99) };
    return {
      scenario: 'latency',
      ports: options.ports,
      api: options.api,
      ours_ms: median(times),
      floor_ms: median(floorTimes),
      ratio: median(times) / median(floorTimes),
      ours_p99_ms: p99.operator,
      floor_p99_ms: p99.floor,
      ratio_p99: p99.operator / p99.floor,
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
