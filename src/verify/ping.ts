import type { Machine } from './machine.ts';

/** What came of pinging an address. */
export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Mean round trip in milliseconds; unset when nothing came back. */
  readonly latencyMs?: number;
}

/** Could not ping at all; the message says what the machine answered. */
export class PingError extends Error {
  readonly code = 'PING_FAILED';
}

/** Pings an address from a machine, five times a second. @throws PingError */
export async function ping(
  machine: Machine,
  address: string,
  { count, signal }: { readonly count: number; readonly signal: AbortSignal },
): Promise<PingResult> {
  const argv = ['ping', '-n', '-q', '-c', String(count), '-i', '0.2', '-W', '1', address];
  const { stdout, stderr, code } = await machine.run(argv, { signal, timeoutMs: 10_000 + count * 1_000 });
  const result = parsePing(stdout);
  if (result !== undefined) return result;
  // No route to there: not one packet left, and so none came back.
  if (/unreachable/i.test(stderr)) return { sent: count, received: 0 };
  throw new PingError(`${machine.name} cannot ping (${code}): ${stderr.trim() || stdout.trim()}`);
}

/** Reads the statistics at the end of the output of ping of iputils or busybox. */
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

/** How many pings a machine has received so far, on all its interfaces (RFC 2011, icmpInEchos). */
export async function echoesReceived(machine: Machine, signal: AbortSignal): Promise<number> {
  const { stdout } = await machine.run(['cat', '/proc/net/snmp'], { signal, timeoutMs: 10_000 });
  const [names = [], values = []] = stdout
    .split('\n')
    .filter((line) => line.startsWith('Icmp:'))
    .map((line) => line.split(' '));
  const count = Number(values[names.indexOf('InEchos')]);
  if (Number.isNaN(count)) throw new PingError(`${machine.name} does not say how many pings it received`);
  return count;
}
