import { announceMac, connectVeth, INCOMING_INTERFACE, switchInterface } from './machine.ts';
import { Namespace } from './netns.ts';
import { plug, unplug, waitUntilInstalled } from './plug.ts';
import { attach, untilBound } from './ports.ts';
import { readVm, writeVm } from './state.ts';
import type { VmState } from './state.ts';
import { hypervisorNamed, hypervisorOf } from './vm.ts';
import type { LabAccess } from './vm.ts';

/**
 * Moves a running VM to another hypervisor, as a VM manager does:
 * 1. The Port names the target in `migrationTargetHost`, and a device is plugged in at the target.
 * 2. The VM switches to the new device, and the target announces the VM's MAC address.
 * 3. The Port names the target as its only host.
 *
 * The VM keeps its addresses, routes and connections.
 * @throws LabError NO_SUCH_VM, NO_SUCH_HYPERVISOR or TIMED_OUT
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
    await connectVeth(machine, target, { device: vm.device, mac: vm.macAddress, name: INCOMING_INTERFACE });
    await plug(target, {
      device: vm.device,
      interfaceID: vm.interfaceID,
      mac: vm.macAddress,
      vm: name,
    });
    await waitUntilInstalled(target, vm.device);
  } catch (error) {
    await unplug(target, vm.device);
    await new Namespace(target.namespace).attempt(['ip', 'link', 'del', vm.device]);
    await attach(client, vm.port, attachment);
    throw error;
  }
  await switchInterface(machine);
  await announceMac(target, vm.device, vm.macAddress);
  const moved = { ...vm, hypervisor: target.name };
  writeVm(lab, moved);
  await attach(client, vm.port, { vmID: name, host: target.name });
  await untilBound(client, vm.port, target.name, signal === undefined ? {} : { signal });
  await unplug(source, vm.device);
  return moved;
}
