import type { HypervisorPlace } from './hypervisor.ts';
import { Namespace } from './netns.ts';
import { inject } from './plug.ts';

/** The temporary name of a VM's interface on the target hypervisor during a move. */
export const INCOMING_INTERFACE = 'incoming';

/**
 * Creates a veth pair between a VM's interface (its state is down) and a new device on a hypervisor (its state is up).
 * @throws CommandError when the interface or the device exists
 */
export async function connectVeth(
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
 * Switches a VM to the target of a move: deletes the interface at the source, and gives {@link INCOMING_INTERFACE} its
 * name, addresses and routes.
 */
export async function switchInterface(machine: Namespace): Promise<void> {
  const json = async <T>(...args: readonly string[]): Promise<T> =>
    JSON.parse(await machine.run(['ip', '-j', '-4', ...args])) as T;
  const [addresses, routes] = await Promise.all([
    json<readonly Address[]>('address', 'show', 'dev', 'eth0'),
    json<readonly Route[]>('route', 'show', 'dev', 'eth0'),
  ]);
  const [{ mtu, addr_info: infos } = { mtu: 1500, addr_info: [] }] = addresses;
  await machine.ip(
    'link del eth0',
    `link set ${INCOMING_INTERFACE} name eth0 mtu ${mtu}`,
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
 * Announces a VM's MAC address from the target of a move with a reverse ARP request (RFC 903), as QEMU does. On this
 * packet, OVN activates the target and deactivates the source.
 */
export function announceMac(target: HypervisorPlace, device: string, mac: string): Promise<void> {
  const source = mac.replaceAll(':', '');
  const header = `ffffffffffff${source}8035`;
  const request = `0001080006040003${source}00000000${source}00000000`;
  // Padded to the minimum length of an Ethernet frame: 60 bytes without the checksum.
  return inject(target, device, (header + request).padEnd(60 * 2, '0'));
}
