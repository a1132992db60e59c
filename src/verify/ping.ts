import type { Machine } from './machine.ts';

/** The result of pings to an address. */
export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Mean round-trip time in ms; unset without replies. */
  readonly latencyMs?: number;
}

/** The machine cannot run ping. The message contains the output of the machine. */
export class PingError extends Error {
  readonly code = 'PING_FAILED';
}

/**
 * Pings an address from a machine, five times a second.
 *
 * @throws PingError when the machine cannot run ping
 */
export async function ping(
  machine: Machine,
  address: string,
  { count, signal }: { readonly count: number; readonly signal: AbortSignal },
): Promise<PingResult> {
  const argv = ['ping', '-n', '-q', '-c', String(count), '-i', '0.2', '-W', '1', address];
  const { stdout, stderr, code } = await machine.run(argv, { signal, timeoutMs: 10_000 + count * 1_000 });
  const result = parsePing(stdout);
  if (result !== undefined) return result;
  // Without a route, ping sends no packets and prints no statistics.
  if (/unreachable/i.test(stderr)) return { sent: count, received: 0 };
  throw new PingError(`${machine.name} cannot run ping (${code}): ${stderr.trim() || stdout.trim()}`);
}

/** Parses the statistics in the output of ping from iputils or busybox; undefined without statistics. */
export function parsePing(output: string): PingResult | undefined {
  const counts = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(output);
  if (counts === null) return undefined;
  const [, sent, received] = counts;
  const times = /(?:rtt|round-trip) min\/avg\/max(?:\/mdev)? = [\d.]+\/([\d.]+)\//.exec(output);
  return {
    sent: Number(sent),
    received: Number(received),
    ...(times?.[1] === undefined ? {} : { latencyMs: Number(times[1]) }),
  };
}

/**
 * Returns the number of echo requests that a machine has received on all interfaces (RFC 2011, icmpInEchos).
 *
 * @throws PingError when the machine does not report the number
 */
export async function echoesReceived(machine: Machine, signal: AbortSignal): Promise<number> {
  const { stdout } = await machine.run(['cat', '/proc/net/snmp'], { signal, timeoutMs: 10_000 });
  const [names = [], values = []] = stdout
    .split('\n')
    .filter((line) => line.startsWith('Icmp:'))
    .map((line) => line.split(' '));
  const count = Number(values[names.indexOf('InEchos')]);
  if (Number.isNaN(count))
    throw new PingError(`${machine.name} does not report the received echo requests in /proc/net/snmp`);
  return count;
}
