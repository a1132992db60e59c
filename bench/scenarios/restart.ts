import { setTimeout as delay } from 'node:timers/promises';
import type { Environment, Writes } from '../environment.ts';
import { PortWatch } from '../port-watch.ts';
import { timeScript } from '../processes.ts';
import { compare, type Report } from '../report.ts';
import { createPorts, ours, plurals } from '../world.ts';
import { names } from './bulk.ts';

/** How long after it is ready a write still counts as one of the restart. */
const settleMs = 1000;

/** Every kind that the operator lists. */
const followed = [
  '/api/v1/namespaces',
  ...[...plurals, 'floatingips', 'vpcpeerings', 'externalnetworks'].map(
    (plural) => `/apis/${ours.group}/v1alpha1/${plural}`,
  ),
];

/** N Ports exist: from the start of the operator's process until it is ready, and what it writes by then and after. */
export async function restart(environment: Environment): Promise<Report> {
  const { options } = environment;
  await makePorts(environment);
  const input = {
    connection: environment.server.connection,
    northbound: environment.northbound.remote,
    paths: followed,
  };
  const times: number[] = [];
  const floorTimes: number[] = [];
  const writes: Writes[] = [];
  let rss = NaN;
  for (let i = 0; i < options.rounds; i++) {
    const count = await environment.countWrites();
    const operator = await environment.startOperator();
    times.push(operator.readyMs);
    await operator.idle();
    await delay(settleMs);
    writes.push(await count());
    rss = operator.rss();
    await operator.stop();
    floorTimes.push(await timeScript('restart-floor.ts', input));
  }
  const most = (value: (of: Writes) => number): number => Math.max(...writes.map(value));
  return {
    scenario: 'restart',
    ports: options.ports,
    api: options.api,
    ...compare(times, floorTimes),
    nb_transactions: most(({ nb }) => nb?.transactions ?? 0),
    nb_rows_written: most(({ nb }) => nb?.rows ?? 0),
    api_writes: most(({ api }) => api),
    rss_bytes: rss,
  };
}

/** Has the operator make N Ports, and stops it. */
async function makePorts(environment: Environment): Promise<void> {
  const operator = await environment.startOperator();
  const watch = await PortWatch.open(environment.client, ours);
  try {
    await createPorts(environment.client, ours, names(environment.options.ports));
    await watch.untilReady(environment.options.ports);
    await operator.idle();
  } finally {
    watch.close();
    await operator.stop();
  }
}
