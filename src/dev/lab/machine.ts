import type { HypervisorPlace } from './hypervisor.ts';
import { Namespace } from './netns.ts';
import { inject } from './plug.ts';

/** The interface that a machine on the move has at its target until it is there. */
export const arriving = 'arriving';

/**
 * Lays a cable between a machine's interface, which is down yet, and a new device on a hypervisor, which is up.
 * @throws CommandError when either is there already
 */
export async function cable(
  machine: Namespace,
  hypervisor: HypervisorPlace,
  { device, mac, name = 'eth0' }: { readonly device: string; readonly mac: string; readonly name?: string },
): Promise<void> {
  await new Namespace(hypervisor.namespace).ip(
    `link add ${device} type veth peer name ${name} address ${mac} netns ${machine.name}`,
    `link set ${device} up`,
  );
  await machine.completeChecksums(name);
}

interface Address {
  readonly mtu: number;
  readonly addr_info: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
  }[];
}

interface Route {
  readonly dst: string;
  readonly gateway?: string;
  readonly protocol?: string;
}

/**
 * The moment of a move: the interface at the source goes, the one that is {@link arriving} becomes what it was, with
 * its addresses and routes.
 */
export async function goOver(machine: Namespace): Promise<void> {
  const json = async <T>(...args: readonly string[]): Promise<T> =>
    JSON.parse(await machine.run(['ip', '-j', '-4', ...args])) as T;
  const [addresses, routes] = await Promise.all([
    json<readonly Address[]>('address', 'show', 'dev', 'eth0'),
    json<readonly Route[]>('route', 'show', 'dev', 'eth0'),
  ]);
  const [{ mtu, addr_info: infos } = { mtu: 1500, addr_info: [] }] = addresses;
  await machine.ip(
    'link del eth0',
    `link set ${arriving} name eth0 mtu ${mtu}`,
    'link set eth0 up',
    ...infos.map(({ local, prefixlen }) => `addr add ${local}/${prefixlen} dev eth0`),
    ...routes
      .filter(({ protocol }) => protocol !== 'kernel')
      .map(
        ({ dst, gateway }) =>
          `route replace ${dst}${gateway === undefined ? '' : ` via ${gateway}`} dev eth0`,
      ),
  );
}

/**
 * Tells the network that a machine has arrived, with a reverse ARP request (RFC 903) as QEMU sends: it switches the
 * target on, and the source off.
 */
export function announce(target: HypervisorPlace, device: string, mac: string): Promise<void> {
  const source = mac.replaceAll(':', '');
  const header = `ffffffffffff${source}8035`;
  const request = `0001080006040003${source}00000000${source}00000000`;
  // Padded to the least frame length.
  return inject(target, device, (header + request).padEnd(60 * 2, '0'));
}
