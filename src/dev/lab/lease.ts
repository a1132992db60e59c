/** A lease of a DHCP server (RFC 2131) with its options (RFC 2132). */
export interface Lease {
  readonly address: string;
  readonly prefixLength: number;
  /** The server's identifier (option 54). */
  readonly server?: string;
  /** Option 3. */
  readonly routers: readonly string[];
  /** Option 6. */
  readonly dnsServers: readonly string[];
  /** Option 42. */
  readonly ntpServers: readonly string[];
  /** Option 15. */
  readonly domainName?: string;
  /** Option 26, in bytes. */
  readonly mtu?: number;
  /** Option 51, in seconds. */
  readonly leaseSeconds?: number;
  /** Option 121 (RFC 3442). */
  readonly routes: readonly { readonly destination: string; readonly gateway: string }[];
}

/**
 * Parses the environment that busybox's udhcpc passes to its script: one `name=value` per line.
 * @throws Error when the environment contains no address
 */
export function parseLease(environment: string): Lease {
  const values = new Map(
    environment.split('\n').map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  const list = (name: string): readonly string[] => (values.get(name) ?? '').split(' ').filter(Boolean);
  const optional = <K extends string, T>(key: K, name: string, parse: (text: string) => T) => {
    const text = values.get(name);
    return (text === undefined || text === '' ? {} : { [key]: parse(text) }) as Partial<Record<K, T>>;
  };
  const address = values.get('ip');
  if (address === undefined) throw new Error(`the lease contains no address:\n${environment}`);
  const routes = list('staticroutes');
  return {
    address,
    prefixLength: Number(values.get('mask')),
    ...optional('server', 'serverid', String),
    routers: list('router'),
    dnsServers: list('dns'),
    ntpServers: list('ntpsrv'),
    ...optional('domainName', 'domain', String),
    ...optional('mtu', 'mtu', Number),
    ...optional('leaseSeconds', 'lease', Number),
    routes: routes.flatMap((destination, index) =>
      index % 2 === 0 ? [{ destination, gateway: routes[index + 1] ?? '' }] : [],
    ),
  };
}
