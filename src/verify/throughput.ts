import { setTimeout as delay } from 'node:timers/promises';
import { expectation } from './expectation.ts';
import type { Station } from './matrix.ts';
import type { World } from './world.ts';

/** The throughput between two hosts. */
export interface Throughput {
  readonly fromHost: string;
  readonly toHost: string;
  /** The machines; unset when no two machines on these hosts may use TCP port 5201. */
  readonly from?: string;
  readonly to?: string;
  /** Received megabits per second. */
  readonly megabitsPerSecond?: number;
  /** Number of retransmitted segments. */
  readonly retransmits?: number;
  /** The reason for a missing measurement. */
  readonly problem?: string;
  /** False when the measurement is expected but missing. */
  readonly agrees: boolean;
}

interface ThroughputOptions {
  /** Duration of each measurement. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

/** The TCP port of the iperf3 server. */
const IPERF_PORT = 5201;

/** How long a measurement waits until the server listens, in ms. */
const SERVER_START_TIMEOUT_MS = 10_000;

/** Measures the throughput between each pair of hosts with iperf3, one pair after the other. */
export async function measureThroughput(
  world: World,
  stations: readonly Station[],
  options: ThroughputOptions,
): Promise<readonly Throughput[]> {
  const hosts = [...new Set(stations.map(({ machine }) => machine.host))].sort();
  const results: Throughput[] = [];
  for (const [index, fromHost] of hosts.entries()) {
    for (const toHost of hosts.slice(index + 1)) {
      options.onProgress?.(`${fromHost} to ${toHost}`);
      const pair = choosePair(world, stations, fromHost, toHost);
      const measured =
        pair === undefined
          ? { problem: `no two machines on these hosts may use TCP port ${IPERF_PORT}`, agrees: true }
          : await measure(pair.from, pair.to, options);
      results.push({ fromHost, toHost, ...measured });
    }
  }
  return results;
}

/** Returns two machines on these hosts that may use the port of iperf3. */
function choosePair(
  world: World,
  stations: readonly Station[],
  fromHost: string,
  toHost: string,
): { from: Station; to: Station } | undefined {
  const on = (host: string): readonly Station[] => stations.filter(({ machine }) => machine.host === host);
  for (const from of on(fromHost)) {
    for (const to of on(toHost)) {
      const { reachable } = expectation(world, from.port, to.port, { protocol: 'TCP', port: IPERF_PORT });
      if (reachable) return { from, to };
    }
  }
  return undefined;
}

interface Report {
  readonly error?: string;
  readonly end?: {
    readonly sum_received?: { readonly bits_per_second: number };
    readonly sum_sent?: { readonly retransmits?: number };
  };
}

async function measure(
  { machine: from }: Station,
  { machine: to, port }: Station,
  { seconds, signal }: ThroughputOptions,
): Promise<Omit<Throughput, 'fromHost' | 'toHost'>> {
  const names = { from: from.name, to: to.name };
  const listen = String(IPERF_PORT);
  // The server ends after one test, or after 30 s without a client.
  const server = await to.run(['iperf3', '-s', '-1', '-D', '-p', listen, '--idle-timeout', '30'], {
    signal,
    timeoutMs: 10_000,
  });
  if (server.code !== 0)
    return { ...names, problem: describeFailure('the iperf3 server', server), agrees: false };
  const argv = [
    ...['iperf3', '-c', port.status?.ipAddress ?? '', '-p', listen],
    ...['-t', String(seconds), '-J', '--connect-timeout', '2000'],
  ];
  const deadline = performance.now() + SERVER_START_TIMEOUT_MS;
  for (;;) {
    const client = await from.run(argv, { signal, timeoutMs: seconds * 1000 + 20_000 });
    const { error, end } = parseReport(client.stdout);
    const bits = end?.sum_received?.bits_per_second;
    if (error === undefined && bits !== undefined)
      return {
        ...names,
        megabitsPerSecond: Math.round(bits / 1e5) / 10,
        ...(end?.sum_sent?.retransmits === undefined ? {} : { retransmits: end.sum_sent.retransmits }),
        agrees: true,
      };
    if (performance.now() > deadline)
      return { ...names, problem: error ?? describeFailure('the iperf3 client', client), agrees: false };
    // The server does not report when it listens, so the client retries.
    await delay(100, undefined, { signal });
  }
}

function parseReport(text: string): Report {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return {};
  }
}

const describeFailure = (
  program: string,
  { code, stderr, stdout }: { code: number | string; stderr: string; stdout: string },
): string => `${program} ended with ${code}: ${(stderr.trim() || stdout.trim()).slice(0, 200)}`;
