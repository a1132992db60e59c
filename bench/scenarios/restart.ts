import { setTimeout as delay } from 'node:timers/promises';
import type { Environment, Writes } from '../environment.ts';
import { PortWatch } from '../port-watch.ts';
import { timeScript } from '../processes.ts';
import { compare, type Report } from '../report.ts';
import { createPorts, operatorWorld, pathOf, plurals } from '../world.ts';
import { names } from './bulk.ts';

/** Writes within this time after the operator is ready still count as writes of the restart. */
const SETTLE_MS = 1000;

/** The API paths that the operator lists. */
const listedPaths = [
  '/api/v1/namespaces',
  ...plurals.map((plural) => pathOf({ group: operatorWorld.group }, plural)),
];

/** Measures a restart with N Ports: from the start of the process until it is ready. Also counts the operator's writes. */
export async function restart(environment: Environment): Promise<Report> {
  const { options } = environment;
  await makePorts(environment);
  const input = {
    connection: environment.server.connection,
    northbound: environment.northbound.remote,
    paths: listedPaths,
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
    await delay(SETTLE_MS);
    writes.push(await count());
    rss = operator.rss();
    await operator.stop();
    floorTimes.push(await timeScript('restart-floor.ts', input));
  }
  const max = (value: (of: Writes) => number): number => Math.max(...writes.map(value));
  return {
    scenario: 'restart',
    ports: options.ports,
    api: options.api,
    ...compare(times, floorTimes),
    nb_transactions: max(({ nb }) => nb?.transactions ?? 0),
    nb_rows_written: max(({ nb }) => nb?.rows ?? 0),
    api_writes: max(({ api }) => api),
    rss_bytes: rss,
  };
}

/** Starts an operator, creates N Ports, waits until they are Ready, and stops the operator. */
async function makePorts(environment: Environment): Promise<void> {
  const operator = await environment.startOperator();
  const watch = await PortWatch.open(environment.client, operatorWorld);
  try {
    await createPorts(environment.client, operatorWorld, names(environment.options.ports));
    await watch.untilReady(environment.options.ports);
    await operator.idle();
  } finally {
    watch.close();
    await operator.stop();
  }
}
