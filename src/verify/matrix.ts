import type { Port } from '../api/index.ts';
import { expectation } from './expectation.ts';
import type { Machine } from './machine.ts';
import { echoRequest } from './packet.ts';
import { echoesReceived, ping } from './ping.ts';
import type { PingResult } from './ping.ts';
import { keyIn, subnetOf, vpcKeyOf } from './world.ts';
import type { World } from './world.ts';

/** A machine and its Port. */
export interface Station {
  readonly machine: Machine;
  readonly port: Port;
}

/** One machine's attempt to reach another. */
export interface Pair {
  readonly from: string;
  readonly to: string;
  /** The address that was pinged. */
  readonly address: string;
  readonly expected: boolean;
  /** Why it was expected. */
  readonly because: string;
  readonly observed: boolean;
  readonly lossPercent: number;
  readonly latencyMs?: number;
  /** Whether it was as expected. */
  readonly agrees: boolean;
}

export interface MatrixOptions {
  /** Pings a pair. */
  readonly count: number;
  readonly signal: AbortSignal;
  /** Told after each pair. */
  readonly onProgress?: (done: number, all: number) => void;
  /** How often a pair that is not as expected is tried again, since OVN may still be at work. */
  readonly retries: number;
}

/** Pairs that are pinged at the same time: more would measure the machine that verifies. */
const parallel = 8;

/** Pings from every station to every other, and compares with what the objects say. */
export async function measureMatrix(
  world: World,
  stations: readonly Station[],
  options: MatrixOptions,
): Promise<readonly Pair[]> {
  const wanted = stations.flatMap((from) => stations.filter((to) => to !== from).map((to) => ({ from, to })));
  const results: Pair[] = [];
  const note = (index: number, pair: Pair): void => {
    results[index] = pair;
    options.onProgress?.(Object.keys(results).length, wanted.length);
  };
  const measure = async ({ from, to }: { from: Station; to: Station }): Promise<Pair> => {
    const { reachable, because } = expectation(world, from.port, to.port, echoRequest);
    const probe = isAmbiguous(world, from.port, to.port) ? pingKnowingly : pingStation;
    let result = await probe(from, to, options);
    for (let tries = 0; result.received > 0 !== reachable && tries < options.retries; tries++)
      result = await probe(from, to, options);
    return pairOf(from, to, { expected: reachable, because }, result);
  };
  const indexed = wanted.map((pair, index) => ({ pair, index }));
  const quiet = indexed.filter(({ pair: { from, to } }) => isAmbiguous(world, from.port, to.port));
  const rest = indexed.filter((each) => !quiet.includes(each)).values();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (const { pair, index } of rest) note(index, await measure(pair));
    }),
  );
  for (const { pair, index } of quiet) note(index, await measure(pair));
  return results;
}

function pairOf(
  from: Station,
  to: Station,
  { expected, because }: { expected: boolean; because: string },
  { sent, received, latencyMs }: PingResult,
): Pair {
  const observed = received > 0;
  return {
    from: from.machine.name,
    to: to.machine.name,
    address: addressOf(to),
    expected,
    because,
    observed,
    lossPercent: sent === 0 ? 100 : Math.round(((sent - received) / sent) * 100),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    agrees: observed === expected,
  };
}

const addressOf = ({ port }: Station): string => port.status?.ipAddress ?? '';

function pingStation(from: Station, to: Station, options: MatrixOptions): Promise<PingResult> {
  return ping(from.machine, addressOf(to), options);
}

/**
 * Pings an address that somebody else may have too, and believes only what the other machine received: an answer
 * proves nothing about it. Nobody else may ping it meanwhile.
 */
async function pingKnowingly(from: Station, to: Station, options: MatrixOptions): Promise<PingResult> {
  const before = await echoesReceived(to.machine, options.signal);
  const { sent, latencyMs } = await ping(from.machine, addressOf(to), options);
  const received = Math.min(sent, (await echoesReceived(to.machine, options.signal)) - before);
  return { sent, received, ...(received === 0 || latencyMs === undefined ? {} : { latencyMs }) };
}

/** Whether the address of `to` means somebody else where `from` is: networks with the same range are kept apart. */
function isAmbiguous(world: World, from: Port, to: Port): boolean {
  const vpc = vpcKeyOf(world, from);
  const address = to.status?.ipAddress;
  if (vpc === vpcKeyOf(world, to)) return false;
  return [...world.ports.values()].some(
    (port) =>
      vpcKeyOf(world, port) === vpc &&
      (port.status?.ipAddress === address || subnetOf(world, port)?.status?.gatewayIP === address),
  );
}

/** The machines whose Ports there are; the others' names are in `missing`. */
export function stationsOf(
  world: World,
  machines: readonly Machine[],
): { readonly stations: readonly Station[]; readonly missing: readonly string[] } {
  const stations: Station[] = [];
  const missing: string[] = [];
  for (const machine of machines) {
    const key = keyIn(machine.port.namespace, machine.port.name);
    const port = world.ports.get(key);
    if (port === undefined) missing.push(`${machine.name} (Port ${key})`);
    else stations.push({ machine, port });
  }
  return { stations, missing };
}
