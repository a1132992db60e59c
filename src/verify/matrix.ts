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
  /** The reason for the expectation. */
  readonly because: string;
  readonly observed: boolean;
  readonly lossPercent: number;
  readonly latencyMs?: number;
  /** Whether the observation matches the expectation. */
  readonly agrees: boolean;
}

interface MatrixOptions {
  /** Number of pings for each pair. */
  readonly count: number;
  readonly signal: AbortSignal;
  /** Receives the progress after each pair. */
  readonly onProgress?: (done: number, all: number) => void;
  /** Number of retries for a pair that differs from the expectation: OVN may still apply a change. */
  readonly retries: number;
}

/** Number of pairs that are pinged concurrently. A higher number would measure the load of this machine. */
const MAX_CONCURRENT_PAIRS = 8;

/** Pings from every station to every other station, and compares the results with the expectations. */
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
    const probe = isAmbiguous(world, from.port, to.port) ? pingCountingRequests : pingStation;
    let result = await probe(from, to, options);
    for (let tries = 0; result.received > 0 !== reachable && tries < options.retries; tries++)
      result = await probe(from, to, options);
    return pairOf(from, to, { expected: reachable, because }, result);
  };
  const indexed = wanted.map((pair, index) => ({ pair, index }));
  const ambiguous = indexed.filter(({ pair: { from, to } }) => isAmbiguous(world, from.port, to.port));
  const rest = indexed.filter((each) => !ambiguous.includes(each)).values();
  await Promise.all(
    Array.from({ length: MAX_CONCURRENT_PAIRS }, async () => {
      for (const { pair, index } of rest) note(index, await measure(pair));
    }),
  );
  for (const { pair, index } of ambiguous) note(index, await measure(pair));
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
 * Pings an ambiguous address and counts the echo requests that the target machine received, because another machine
 * with the same address can send the replies. No other station may ping the target at the same time.
 */
async function pingCountingRequests(from: Station, to: Station, options: MatrixOptions): Promise<PingResult> {
  const before = await echoesReceived(to.machine, options.signal);
  const { sent, latencyMs } = await ping(from.machine, addressOf(to), options);
  const received = Math.min(sent, (await echoesReceived(to.machine, options.signal)) - before);
  return { sent, received, ...(received === 0 || latencyMs === undefined ? {} : { latencyMs }) };
}

/** Whether the address of `to` also exists in the VPC of `from`. VPCs can have overlapping ranges. */
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

/** Pairs each machine with its Port. `missing` describes the machines without a Port. */
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
