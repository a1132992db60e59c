import { announce, arriving, cable, goOver } from './machine.ts';
import { Namespace } from './netns.ts';
import { installed, plug, unplug } from './plug.ts';
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
    await cable(machine, target, { device: vm.device, mac: vm.macAddress, name: arriving });
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
  await announce(target, vm.device, vm.macAddress);
  const moved = { ...vm, hypervisor: target.name };
  writeVm(lab, moved);
  await attach(client, vm.port, { vmID: name, host: target.name });
  await untilBound(client, vm.port, target.name, signal === undefined ? {} : { signal });
  await unplug(source, vm.device);
  return moved;
}
