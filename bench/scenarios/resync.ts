import { setTimeout as delay } from 'node:timers/promises';
import type { Environment, Writes } from '../environment.ts';
import { PortWatch } from '../port-watch.ts';
import type { Operator } from '../processes.ts';
import { median, type Report } from '../report.ts';
import { createPorts, operatorWorld, touchPorts } from '../world.ts';
import { names } from './bulk.ts';

/**
 * Makes the operator reconcile every Port again by setting an annotation without meaning. Counts the operator's writes
 * (there must be none), and measures the processor time per key, including its watch event.
 */
export async function resync(environment: Environment): Promise<Report> {
  const { client, options } = environment;
  const operator = await environment.startOperator();
  const watch = await PortWatch.open(client, operatorWorld);
  try {
    await operator.idle();
    const emptyRss = await operator.leanRss();
    await createPorts(client, operatorWorld, names(options.ports));
    await watch.untilReady(options.ports);
    await operator.idle();
    const cpu: number[] = [];
    const writes: Writes[] = [];
    for (let i = 0; i < options.rounds; i++) {
      const count = await environment.countWrites();
      const cpuBefore = operator.cpuMs();
      const before = await reconciles(operator);
      await touchPorts(client, operatorWorld, names(options.ports), i);
      // A long interval, because serving the metrics costs the operator processor time too.
      while ((await reconciles(operator)) < before + options.ports) await delay(20);
      await operator.idle();
      cpu.push((operator.cpuMs() - cpuBefore) / options.ports);
      writes.push(await count());
    }
    const max = (value: (of: Writes) => number): number => Math.max(...writes.map(value));
    const rss = operator.rss();
    return {
      scenario: 'resync',
      ports: options.ports,
      api: options.api,
      cpu_ms_per_port: median(cpu),
      nb_transactions: max(({ nb }) => nb?.transactions ?? 0),
      nb_rows_written: max(({ nb }) => nb?.rows ?? 0),
      api_writes: max(({ api }) => api),
      rss_bytes: rss,
      rss_bytes_per_port: ((await operator.leanRss()) - emptyRss) / options.ports,
    };
  } finally {
    watch.close();
    await operator.stop();
  }
}

/** The number of completed reconciles of Ports. */
async function reconciles(operator: Operator): Promise<number> {
  const metrics = await operator.page('/metrics');
  if (metrics === undefined) throw new Error('the operator does not serve /metrics');
  const ended = metrics.matchAll(/^controller_runtime_reconcile_total\{controller="Port".*\} (\d+)$/gm);
  return [...ended].reduce((sum, [, value]) => sum + Number(value), 0);
}
