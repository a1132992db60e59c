import { Namespace } from './netns.ts';
import { PHYSICAL_NETWORK } from './underlay.ts';
import type { Underlay } from './underlay.ts';

/** Addresses of the simulated internet. RFC 5737 reserves them for documentation, so no real network routes them. */
export const internet = {
  /** The CIDR of the physical network. */
  externalCidr: '203.0.113.0/24',
  /** The router's address in the physical network. */
  router: '203.0.113.1',
  /** A host on the far side of the router. */
  host: '198.51.100.10',
} as const;

/** The simulated internet: a router on the physical network, and a host behind the router. */
export interface Internet {
  readonly router: Namespace;
  readonly host: Namespace;
}

/** Creates the router and the host. Like a real router, it has no routes to tenants' networks. */
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
    // The sysctl applies to the network namespace of the process that writes it.
    router.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']),
  ]);
  return { router, host };
}
