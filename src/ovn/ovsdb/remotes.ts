import { isIP } from 'node:net';
import { OvsdbError } from './errors.ts';

/** The address of a server. */
export type Remote =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp' | 'ssl'; readonly host: string; readonly port: number };

/** The IANA port of OVSDB, for remotes without a port. */
const DEFAULT_PORT = 6640;

/**
 * Parses a comma-separated list of remotes in the notation of OVS: `unix:/path`, `tcp:host:port`,
 * `ssl:host:port`. IPv6 addresses are in brackets.
 *
 * @throws OvsdbError CONFIGURATION when a remote is invalid
 */
export function parseRemotes(text: string): readonly Remote[] {
  const remotes = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseRemote);
  if (remotes.length === 0) throw new OvsdbError('CONFIGURATION', 'the list of OVSDB remotes is empty');
  return remotes;
}

function parseRemote(text: string): Remote {
  const unix = /^unix:(.+)$/.exec(text);
  if (unix?.[1] !== undefined) return { kind: 'unix', path: unix[1] };
  const inet = /^(tcp|ssl):(?:\[([^\]]+)\]|([^:\s[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = inet?.[2] ?? inet?.[3];
  const port = Number(inet?.[4] ?? DEFAULT_PORT);
  if (
    !inet ||
    host === undefined ||
    port < 1 ||
    port > 65535 ||
    (inet[2] !== undefined && isIP(inet[2]) !== 6)
  ) {
    throw new OvsdbError(
      'CONFIGURATION',
      `"${text}" is not an OVSDB remote; write unix:/path, tcp:host:port or ssl:host:port`,
    );
  }
  return { kind: inet[1] === 'ssl' ? 'ssl' : 'tcp', host, port };
}

/** Returns a remote in the notation of OVS. */
export function formatRemote(remote: Remote): string {
  if (remote.kind === 'unix') return `unix:${remote.path}`;
  const host = isIP(remote.host) === 6 ? `[${remote.host}]` : remote.host;
  return `${remote.kind}:${host}:${remote.port}`;
}

/**
 * Returns whether traffic to the host stays on this machine. Of all names, only `localhost` counts as
 * loopback.
 */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Returns a copy of `items` in random order. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}
