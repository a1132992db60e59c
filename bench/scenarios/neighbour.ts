import { Child } from '../child.ts';
import type { Environment } from '../environment.ts';
import type { NoiseMessage } from '../noise-process.ts';
import { addGatewayHost, copyStatuses, prepareNoise, type Noise } from '../noise.ts';
import { PortWatch } from '../port-watch.ts';
import { median, percentile, type Report } from '../report.ts';
import { deletePorts, floorWorld, operatorWorld, pathOf, portOf, type World } from '../world.ts';

/** The pause between two Ports of the quiet tenant, in ms. */
const PAUSE_MS = 20;

/**
 * Measures one Port at a time of a quiet tenant, in three states that take turns: alone; while another tenant changes
 * objects; and while it makes the same changes in the floor's API group. The operator does not see the
 * last changes, so they show what the noise takes from the API server and the processors.
 */
export function besideNoise(noise: Noise): (environment: Environment) => Promise<Report> {
  return async (environment) => {
    const { client, options } = environment;
    const noisy = (world: World): World => ({ group: world.group, namespace: `noisy-${world.namespace}` });
    await addGatewayHost(environment.southbound.remote);
    const operator = await environment.startOperator();
    const child = new Child<NoiseMessage, number>('noise-process.ts');
    const watch = await PortWatch.open(client, operatorWorld);
    try {
      for (const world of [operatorWorld, floorWorld]) await prepareNoise(client, noisy(world));
      await operator.idle();
      await copyStatuses(client, noisy(operatorWorld), noisy(floorWorld));
      let created = 0;
      const createOne = async (): Promise<number> => {
        const name = `port-${created++}`;
        const since = performance.now();
        await client.send('POST', pathOf(operatorWorld, 'ports'), portOf(operatorWorld, name));
        await watch.until(() => watch.ready.has(name));
        return (watch.ready.get(name) ?? NaN) - since;
      };
      const measure = async (count: number, world?: World): Promise<readonly number[]> => {
        if (world !== undefined) {
          const { connection } = environment.server;
          await child.ask({ start: { connection, world: noisy(world), noise, rate: options.noise } });
        }
        const times: number[] = [];
        for (let i = 0; i < count; i++) {
          times.push(await Promise.race([createOne(), child.failure]));
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        }
        if (world !== undefined) await child.ask({});
        await operator.idle();
        await deletePorts(client, operatorWorld);
        await watch.until(() => watch.ready.size === 0);
        await operator.idle();
        return times;
      };
      await measure(Math.min(options.ports, 50));
      const alone: number[] = [];
      const unseen: number[] = [];
      const beside: number[] = [];
      for (let round = 0; round < options.rounds; round++) {
        alone.push(...(await measure(options.ports)));
        unseen.push(...(await measure(options.ports, floorWorld)));
        beside.push(...(await measure(options.ports, operatorWorld)));
      }
      const p99 = { beside: percentile(beside, 0.99), alone: percentile(alone, 0.99) };
      return {
        scenario: `beside-${noise}`,
        ports: options.ports,
        api: options.api,
        ours_ms: median(beside),
        floor_ms: median(alone),
        ratio: median(beside) / median(alone),
        ours_p99_ms: p99.beside,
        floor_p99_ms: p99.alone,
        ratio_p99: p99.beside / p99.alone,
        unseen_noise_ms: median(unseen),
        unseen_noise_p99_ms: percentile(unseen, 0.99),
        rss_bytes: operator.rss(),
      };
    } finally {
      watch.close();
      await child.stop();
      await operator.stop();
    }
  };
}
