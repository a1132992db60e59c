import { Namespace } from './netns.ts';
import { inject, installed, plug, unplug } from './plug.ts';
import { attach, untilBound } from './ports.ts';
import { readVm, writeVm } from './state.ts';
import type { VmState } from './state.ts';
import { hypervisorNamed, hypervisorOf } from './vm.ts';
import type { LabAccess } from './vm.ts';

/**
 * Moves a machine to another hypervisor while it runs, as a VM manager does: the Port names the target too, a device is
 * plugged in there and made ready; then the machine goes over, and the target announces it; then the Port is the
 * target's alone. The machine keeps its addresses, routes and connections.
 * @throws LabError
 */
export async function moveVm(
  { lab, client }: LabAccess,
  { name, hypervisor, signal }: { name: string; hypervisor: number; signal?: AbortSignal },
): Promise<VmState> {
  const vm = readVm(lab, name);
  const source = hypervisorNamed(lab, vm.hypervisor);
  const target = hypervisorOf(lab, hypervisor);
  if (source === target) return vm;
  const attachment = { vmID: name, host: source.name };
  const machine = new Namespace(vm.netns);
  await attach(client, vm.port, { ...attachment, migrationTargetHost: target.name });
  try {
    await new Namespace(target.namespace).ip(
      `link add ${vm.device} type veth peer name ${arriving} address ${vm.macAddress} netns ${vm.netns}`,
      `link set ${vm.device} up`,
    );
    await machine.completeChecksums(arriving);
    await plug(target, {
      device: vm.device,
      interfaceID: vm.interfaceID,
      mac: vm.macAddress,
      vm: name,
    });
    await installed(target, vm.device);
  } catch (error) {
    await unplug(target, vm.device);
    await new Namespace(target.namespace).attempt(['ip', 'link', 'del', vm.device]);
    await attach(client, vm.port, attachment);
    throw error;
  }
  await goOver(machine);
  await inject(target, vm.device, rarp(vm.macAddress));
  const moved = { ...vm, hypervisor: target.name };
  writeVm(lab, moved);
  await attach(client, vm.port, { vmID: name, host: target.name });
  await untilBound(client, vm.port, target.name, signal === undefined ? {} : { signal });
  await unplug(source, vm.device);
  return moved;
}

/** The interface at the target until the machine is there. */
const arriving = 'arriving';

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

/** The moment of the move: the interface at the source goes, the one at the target is what it was. */
async function goOver(machine: Namespace): Promise<void> {
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

/** A reverse ARP request (RFC 903) as QEMU sends for a machine that has arrived, padded to the least frame length. */
function rarp(mac: string): string {
  const source = mac.replaceAll(':', '');
  const header = `ffffffffffff${source}8035`;
  const request = `0001080006040003${source}00000000${source}00000000`;
  return (header + request).padEnd(60 * 2, '0');
}
