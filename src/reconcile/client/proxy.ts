import { BlockList, isIP, isIPv6 } from 'node:net';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the proxy for a server from HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as the Go clients of Kubernetes do
 * (net/http, ProxyFromEnvironment). Undefined: connect directly. Names in lower case have the same meaning. The own
 * machine never needs a proxy.
 */
export function proxyFromEnvironment(server: string, env: Environment): string | undefined {
  const url = new URL(server);
  const scheme = url.protocol.replace(':', '');
  const proxy = read(env, `${scheme}_proxy`);
  if (proxy === undefined) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port === '' ? (scheme === 'https' ? '443' : '80') : url.port;
  const isLocal = host === 'localhost' || host === '::1' || /^127\./.test(host);
  const isExcluded = (read(env, 'no_proxy') ?? '')
    .split(',')
    .some((each) => excludes(each.trim(), host, port));
  return isLocal || isExcluded ? undefined : proxy;
}

/** An empty variable counts as not set. */
const read = (env: Environment, name: string): string | undefined =>
  env[name.toUpperCase()] || env[name] || undefined;

/** Whether an entry of NO_PROXY contains the host: `*`, a name with its subdomains, an address or a CIDR. */
function excludes(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return isInNetwork(entry, host);
  const [, name = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(isIPv6(entry) ? `[${entry}]` : entry) ?? [];
  const suffix = name
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/^\*?\./, '');
  if (suffix === '' || (wantedPort !== undefined && wantedPort !== port)) return false;
  return host === suffix ? !name.startsWith('.') : isIP(host) === 0 && host.endsWith(`.${suffix}`);
}

function isInNetwork(cidr: string, host: string): boolean {
  const [base = '', prefix = ''] = cidr.split('/');
  const family = isIP(host);
  if (
    family === 0 ||
    isIP(base) !== family ||
    !/^\d{1,3}$/.test(prefix) ||
    Number(prefix) > (family === 4 ? 32 : 128)
  )
    return false;
  const name = family === 4 ? 'ipv4' : 'ipv6';
  const networks = new BlockList();
  networks.addSubnet(base, Number(prefix), name);
  return networks.check(host, name);
}

/**
 * Checks the URL of a proxy.
 *
 * @throws Error for a malformed URL and for protocols without CONNECT
 */
export function checkProxy(proxy: string): string {
  const protocol = URL.canParse(proxy) ? new URL(proxy).protocol : '';
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new Error(
      `the proxy ${JSON.stringify(withoutPassword(proxy))} is not supported; use a proxy with CONNECT, such as http://proxy:3128`,
    );
  return proxy;
}

/** Returns the URL for messages. */
export const withoutPassword = (proxy: string): string => proxy.replace(/\/\/[^/@]*@/, '//');
