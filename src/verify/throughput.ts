import { setTimeout as delay } from 'node:timers/promises';
import { expectation } from './expectation.ts';
import type { Station } from './matrix.ts';
import type { World } from './world.ts';

/** How fast one machine sends to another. */
export interface Throughput {
  readonly fromHost: string;
  readonly toHost: string;
  /** The machines; unset when no two on these hosts may speak TCP to each other. */
  readonly from?: string;
  readonly to?: string;
  /** Megabits a second, as received. */
  readonly megabitsPerSecond?: number;
  /** Segments that were sent again. */
  readonly retransmits?: number;
  /** Why there is no figure. */
  readonly problem?: string;
  /** False when there should be a figure. */
  readonly agrees: boolean;
}

export interface ThroughputOptions {
  /** How long each two send. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

/** The port that iperf3 listens on. */
export const IPERF_PORT = 5201;

/** How long a server may take until it listens, in ms. */
const patienceMs = 10_000;

/** Measures with iperf3, one after another, between every two hosts: with two machines that may speak to each other. */
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
      const pair = choose(world, stations, fromHost, toHost);
      const measured =
        pair === undefined
          ? { problem: `no two machines there may use TCP port ${IPERF_PORT}`, agrees: true }
          : await measure(pair.from, pair.to, options);
      results.push({ fromHost, toHost, ...measured });
    }
  }
  return results;
}

function choose(
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
  // One test, then it ends; or nobody came, then too.
  const server = await to.run(['iperf3', '-s', '-1', '-D', '-p', listen, '--idle-timeout', '30'], {
    signal,
    timeoutMs: 10_000,
  });
  if (server.code !== 0) return { ...names, problem: said('the server', server), agrees: false };
  const argv = [
    ...['iperf3', '-c', port.status?.ipAddress ?? '', '-p', listen],
    ...['-t', String(seconds), '-J', '--connect-timeout', '2000'],
  ];
  const deadline = performance.now() + patienceMs;
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
      return { ...names, problem: error ?? said('the client', client), agrees: false };
    // The server says nothing when it listens: it is asked until it does.
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

const said = (
  who: string,
  { code, stderr, stdout }: { code: number | string; stderr: string; stdout: string },
): string => `${who} ended with ${code}: ${(stderr.trim() || stdout.trim()).slice(0, 200)}`;
