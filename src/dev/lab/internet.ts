import { Namespace } from './netns.ts';
import { PHYSICAL_NETWORK } from './underlay.ts';
import type { Underlay } from './underlay.ts';

/** Addresses of the world outside (RFC 5737: for documentation, routed nowhere). */
export const internet = {
  /** The physical network, and the router's address in it. */
  externalCidr: '203.0.113.0/24',
  router: '203.0.113.1',
  /** A host on the far side of the router. */
  host: '198.51.100.10',
} as const;

/** The world outside: a router on the physical network, and a host behind it. */
export interface Internet {
  readonly router: Namespace;
  readonly host: Namespace;
}

/** Makes the router and the host. The router knows no way to tenants' networks, as the real one would not. */
export async function createInternet(prefix: string, underlay: Underlay): Promise<Internet> {
  const [router, host] = await Promise.all([
    Namespace.create(`${prefix}router`),
    Namespace.create(`${prefix}internet`),
  ]);
  await underlay.connect(router, 'outside', PHYSICAL_NETWORK);
  await router.ip(
    `addr add ${internet.router}/24 dev outside`,
    `link add inside type veth peer name eth0 netns ${host.name}`,
    'addr add 198.51.100.1/24 dev inside',
    'link set inside up',
  );
  await host.ip(
    `addr add ${internet.host}/24 dev eth0`,
    'link set eth0 up',
    'route add default via 198.51.100.1',
  );
  await Promise.all([
    router.completeChecksums('inside'),
    host.completeChecksums('eth0'),
    // The sysctl of the namespace that the writer is in.
    router.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']),
  ]);
  return { router, host };
}
